import { describe, expect, it, test } from '@jest/globals';
import { parse } from 'yaml';
import type { DeepSeekDeploymentSpec } from '../../operator/api/index.ts';
import { plan, type ServingPlan } from '../../operator/planner/index.ts';
import { CommandError } from '../support/exit-status.ts';
import { kubectl } from '../testing.ts';
import { importConfig } from './read-config.ts';
import {
  DEEPSEEK_LLM_7B,
  DEEPSEEK_V2_LITE,
  DEEPSEEK_V3,
  DEEPSEEK_V32,
  LLAMA_70B,
  MIXTRAL_8X7B,
  QWEN2_7B,
  QWEN3_8B,
} from './testdata.ts';

const imported = (config: object) => importConfig(JSON.stringify(config), 'config.json');

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

function planned(spec: DeepSeekDeploymentSpec): ServingPlan {
  const result = plan(spec);
  if (!result.accepted) throw new Error(result.message);
  return result.plan;
}

describe('the shape', () => {
  test.each([
    ['dense, grouped-query attention', QWEN2_7B, 7_615_616_512, { kvHeads: 4, layers: 28, maxContext: 131_072 }],
    ['a head size of its own', LLAMA_70B, 70_553_706_496, { headDim: 128, maxContext: 131_072 }],
    ['multi-head attention, heads not said', DEEPSEEK_LLM_7B, 6_910_365_696, { kvHeads: 32, maxContext: 4096 }],
    ['YaRN', QWEN3_8B, 8_190_735_360, { maxContext: 131_072 }],
    [
      'latent attention and experts',
      DEEPSEEK_V2_LITE,
      15_706_485_888,
      {
        mla: { kvLoraRank: 512, qkNopeHeadDim: 128, qkRopeHeadDim: 64, vHeadDim: 128 },
        moe: { experts: 64, activeExperts: 6, sharedExperts: 2, intermediateSize: 1408, denseLayers: 1 },
        maxContext: 163_840,
      },
    ],
    [
      'experts under the names of Mixtral',
      MIXTRAL_8X7B,
      46_702_792_704,
      { moe: { experts: 8, activeExperts: 2, sharedExperts: 0, intermediateSize: 14_336, denseLayers: 0 } },
    ],
  ])('is read: %s', (_, config, parameters, expected) => {
    const { architecture } = imported(config);
    expect(architecture).toMatchObject(expected);
    // Published or counted from the files; biases and norms of a layer are all that may be missed.
    expect(Math.abs(architecture.parameters / parameters - 1)).toBeLessThan(0.0001);
  });

  it('has the published size of the large ones', () => {
    expect(Math.abs(imported(DEEPSEEK_V3).architecture.parameters / 671.0e9 - 1)).toBeLessThan(0.001);
  });

  it('counts a shared embedding once', () => {
    const tied = imported({ ...QWEN2_7B, tie_word_embeddings: true }).architecture.parameters;
    expect(imported(QWEN2_7B).architecture.parameters - tied).toBe(152_064 * 3584);
  });

  it('is that of the language model where there are others', () => {
    const { architectures, ...text } = QWEN2_7B;
    const both = {
      architectures: ['Qwen2VLForConditionalGeneration'],
      text_config: text,
      vision_config: { depth: 32 },
    };
    const { architecture, notes } = imported(both);
    expect(architectures).toHaveLength(1);
    expect(architecture).toMatchObject({ hiddenSize: 3584 });
    expect(notes).toContainEqual(expect.stringContaining('vision or audio part is not in parameters'));
  });
});

describe('a custom model that was imported', () => {
  test.each([
    ['deepseek-r1-distill-qwen-7b', QWEN2_7B, 'A100-80GB'],
    ['deepseek-r1-distill-llama-70b', LLAMA_70B, 'H100'],
    ['deepseek-llm-7b-chat', DEEPSEEK_LLM_7B, 'L4'],
    ['deepseek-r1-0528-qwen3-8b', QWEN3_8B, 'L40S'],
    ['deepseek-v2-lite', DEEPSEEK_V2_LITE, 'A100-80GB'],
    ['deepseek-r1', DEEPSEEK_V3, 'H200'],
  ])('plans as %s of the catalogue does', (name, config, type) => {
    const { architecture, quantization } = imported(config);
    const rest = { accelerator: { type }, engine: { type: 'vLLM' as const } };
    const maxModelLen = 4096;
    const custom = planned({
      ...rest,
      ...(quantization && { quantization }),
      model: { name: 'custom', maxModelLen, architecture, source: { huggingFace: { repository: 'o/n' } } },
    });
    const known = planned({ ...rest, model: { name, maxModelLen } });
    expect(custom.quantization).toBe(known.quantization);
    expect(custom.gpusPerReplica).toBe(known.gpusPerReplica);
    expect(custom.memory.kvBytesPerTokenPerGPU).toBe(known.memory.kvBytesPerTokenPerGPU);
    expect(custom.memory.weightsGiBPerGPU / known.memory.weightsGiBPerGPU).toBeCloseTo(1, 2);
    expect(custom.kvCacheTokens / known.kvCacheTokens).toBeCloseTo(1, 1);
  });
});

describe('what the weights are stored in', () => {
  const compressed = (weights: object, rest: object = {}) => ({
    quant_method: 'compressed-tensors',
    config_groups: { group_0: { weights, ...rest } },
  });
  test.each([
    ['FP8 in blocks', { quant_method: 'fp8', weight_block_size: [128, 128] }, { type: 'FP8' }],
    ['AWQ', { quant_method: 'awq', bits: 4, group_size: 128 }, { type: 'AWQ' }],
    ['GPTQ', { quant_method: 'gptq', bits: 4, group_size: 128 }, { type: 'GPTQ' }],
    ['GPTQ of 8 bits', { quant_method: 'gptq', bits: 8 }, { type: 'W8A16' }],
    ['W8A8', compressed({ num_bits: 8, type: 'int' }, { input_activations: { num_bits: 8 } }), { type: 'INT8' }],
    ['W8A16', compressed({ num_bits: 8, type: 'int' }), { type: 'W8A16' }],
    ['W4A16', compressed({ num_bits: 4, type: 'int' }), { type: 'GPTQ' }],
    ['FP8 per channel', compressed({ num_bits: 8, type: 'float' }), { type: 'FP8' }],
  ])('%s', (_, quantization_config, spec) => {
    expect(imported({ ...QWEN2_7B, quantization_config }).quantization).toEqual(spec);
  });

  it('float16, which is not the default', () => {
    expect(imported({ ...QWEN2_7B, torch_dtype: 'float16' }).quantization).toEqual({ type: 'FP16' });
    expect(imported(QWEN2_7B)).not.toHaveProperty('quantization');
  });

  test.each([
    ['GPTQ of 3 bits', { quant_method: 'gptq', bits: 3 }, 'gptq, 3 bits'],
    ['AWQ of 8 bits', { quant_method: 'awq', w_bit: 8 }, 'awq, 8 bits'],
    ['bitsandbytes', { quant_method: 'bitsandbytes', load_in_4bit: true }, 'bitsandbytes'],
    ['MXFP4', { quant_method: 'mxfp4' }, 'mxfp4'],
    ['no method', { bits: 4 }, 'of an unknown method, 4 bits'],
    ['FP4', compressed({ num_bits: 4, type: 'float' }), 'compressed-tensors'],
  ])('is refused where no type says it: %s', (_, quantization_config, found) => {
    expect(errorOf(() => imported({ ...QWEN2_7B, quantization_config }))).toMatchObject({
      exitStatus: 1,
      message: expect.stringContaining(`quantization_config: ${found}: no quantization.type says that`),
    });
  });

  test.each([
    ['FP8', { quant_method: 'fp8' }],
    ['GPTQ', { quant_method: 'gptq', bits: 4 }],
    ['W8A16', { quant_method: 'gptq', bits: 8 }],
    ['AWQ', { quant_method: 'awq', bits: 4 }],
    ['INT8', compressed({ num_bits: 8, type: 'int' }, { input_activations: { num_bits: 8 } })],
  ])('plans as %s', (type, quantization_config) => {
    const { architecture, quantization } = imported({ ...QWEN2_7B, quantization_config });
    const model = { name: 'custom', architecture, source: { huggingFace: { repository: 'o/n' } } };
    const spec = { model, ...(quantization && { quantization }), accelerator: { type: 'H100' } };
    expect(planned(spec).quantization).toBe(type);
  });

  test.each([
    [{ quantization_config: 'fp8' }, 'quantization_config should be an object and is "fp8"'],
    [
      { quantization_config: { quant_method: 'gptq', bits: '4' } },
      'quantization_config.bits should be a number and is "4"',
    ],
    [{ rope_scaling: 'yarn' }, 'rope_scaling should be an object and is "yarn"'],
    [{ rope_scaling: { type: 'yarn', factor: '4' } }, 'rope_scaling.factor should be a number and is "4"'],
    [{ rope_scaling: { type: 7, factor: 4 } }, 'rope_scaling.type should be a text and is 7'],
  ])('says what it cannot read: %j', (change, note) => {
    const { notes } = imported({ ...QWEN2_7B, ...change });
    expect(notes.filter((each) => each === `${note}: left out`)).toHaveLength(1);
  });
});

describe('what it could not know', () => {
  test.each([
    ['a sliding window', { sliding_window: 4096, use_sliding_window: true }, 'sliding_window 4096 is not described'],
    ['the dtype', { torch_dtype: undefined }, 'does not say the dtype'],
    ['the class', { architectures: undefined }, 'names no class'],
    ['a class that no engine lists', { architectures: ['FooForCausalLM'] }, 'no engine of the catalogue is known'],
    ['a shared output head', { architectures: ['FooForCausalLM'], tie_word_embeddings: undefined }, 'counted as two'],
    ['a stretched context', { rope_scaling: { type: 'linear', factor: 2 } }, 'linear, factor 2 over 131,072'],
    ['layers without experts', { num_experts: 8, num_experts_per_tok: 2, decoder_sparse_step: 2 }, 'not every layer'],
  ])('%s', (_, change, note) => {
    expect(imported({ ...QWEN2_7B, ...change }).notes).toContainEqual(expect.stringContaining(note));
  });

  it('nothing about a window that is switched off', () => {
    expect(imported(QWEN2_7B).notes.join('\n')).not.toContain('sliding_window');
  });

  it('the predicted tokens of V3', () => {
    expect(imported(DEEPSEEK_V3).notes.join('\n')).toContain('multi-token prediction (1)');
  });
});

describe('a file that is refused', () => {
  const { hidden_size, num_hidden_layers, ...without } = QWEN2_7B;
  test.each([
    ['not JSON', '{', 2, 'config.json: not JSON'],
    ['a list', '[]', 2, 'not a config.json: it holds no object'],
    ['the index of the weights', '{"weight_map": {}}', 2, 'this is the index of the weights'],
    ['without its fields', JSON.stringify(without), 2, 'hidden_size, num_hidden_layers are missing'],
    ['of another kind of file', '{"name": "x"}', 2, 'not the config of a decoder-only transformer'],
    [
      'with words for numbers',
      JSON.stringify({ ...QWEN2_7B, vocab_size: 'many' }),
      2,
      'vocab_size should be a whole number and is "many"',
    ],
    [
      'an encoder',
      JSON.stringify({ ...QWEN2_7B, architectures: ['BertForMaskedLM'] }),
      1,
      'not a model that generates text',
    ],
    ['an encoder-decoder', JSON.stringify({ ...QWEN2_7B, is_encoder_decoder: true }), 1, 'encoder-decoder'],
    ['with layers that keep a state', JSON.stringify({ ...QWEN2_7B, mamba_d_state: 16 }), 1, 'mamba_d_state'],
    ['with an indexer', JSON.stringify(DEEPSEEK_V32), 1, 'or deepseek-v3.2 or'],
    ['with compressed keys', JSON.stringify({ ...QWEN2_7B, compress_ratios: [4, 128] }), 1, 'only be measured'],
  ])('%s', (_, text, status, message) => {
    expect(hidden_size + num_hidden_layers).toBeGreaterThan(0);
    const error = errorOf(() => importConfig(text, 'config.json'));
    expect(error).toBeInstanceOf(CommandError);
    expect(error).toMatchObject({ exitStatus: status, message: expect.stringContaining(message) });
  });
});

describe('a config from somebody who means harm', () => {
  const escape = String.fromCharCode(27);
  const documents = '\n---\napiVersion: v1\nkind: Secret';
  const steering = new RegExp(`[${escape}\\u0085\\u2028\\u202e]`);
  const printed = (config: object, file = '-') =>
    kubectl(['model', 'import', file], { input: JSON.stringify({ ...QWEN2_7B, ...config }) });

  test.each([
    ['another document as its class', { architectures: [`X${documents}`] }],
    ['colours as its class', { architectures: [`${escape}[31mFooForCausalLM`] }],
    ['colours as the method of quantization', { quantization_config: { quant_method: `${escape}[2Jx${documents}` } }],
    ['colours as a number', { vocab_size: `${escape}[31m\u202e\u0085` }],
  ])('is refused and not printed: %s', async (_, config) => {
    const { status, stdout, stderr } = await printed(config);
    expect(status).toBeGreaterThan(0);
    expect(stdout).toBe('');
    expect(stderr).not.toMatch(steering);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test.each([
    ['its window', { sliding_window: `4096${documents}`, use_sliding_window: true }],
    ['its dtype', { torch_dtype: `${escape}[31m${documents}` }],
    ['its scaling', { rope_scaling: { type: `yarn${documents}\u2028${escape}[31m`, factor: 2 } }],
  ])('is one document, with its texts on one line each: %s', async (_, config) => {
    const { status, stdout } = await printed(config);
    expect(status).toBe(0);
    expect(stdout).not.toMatch(steering);
    expect(stdout).not.toMatch(/^(---|apiVersion)/m);
    expect(parse(stdout)).toMatchObject({ model: { name: 'custom' } });
  });

  it('cannot do it by what is no JSON, nor by the name of its file', async () => {
    const { status, stderr } = await kubectl(['model', 'import', '-'], { input: `${escape}[31m\n---` });
    expect(status).toBe(2);
    expect(stderr).not.toMatch(steering);
    const missing = await printed({}, `a${escape}[31m.json`);
    expect(missing.status).toBe(2);
    expect(missing.stderr).not.toMatch(steering);
  });
});

describe('kubectl deepseek model import', () => {
  const shell = (config: object, ...args: string[]) =>
    kubectl(['model', 'import', '-', ...args], { input: JSON.stringify(config) });

  it('prints the block, with what it could not know as comments', async () => {
    const { status, stdout, stderr } = await shell(QWEN2_7B, '--repository', 'Qwen/Qwen2.5-7B');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(`# Qwen2ForCausalLM, imported from standard input, to be pasted below spec.
# - Qwen2ForCausalLM is served by vLLM, SGLang, TensorRT-LLM, llama.cpp
# - not in a config: the licence, whether the repository is gated, and the size of the files, which are planned from the shape
model:
  name: custom
  source:
    huggingFace:
      repository: Qwen/Qwen2.5-7B
  architecture:
    parameters: 7615616512
    layers: 28
    hiddenSize: 3584
    intermediateSize: 18944
    attentionHeads: 28
    kvHeads: 4
    vocabSize: 152064
    maxContext: 131072
`);
  });

  it('says what is for the user to fill in', async () => {
    expect((await shell(QWEN2_7B)).stdout).toContain('repository: organisation/name # put yours here');
  });

  it('prints a whole object that plans', async () => {
    const { stdout } = await shell(DEEPSEEK_V3, '--name', 'r1', '--accelerator', 'H200', '--repository', 'o/n');
    expect(parse(stdout)).toMatchObject({
      metadata: { name: 'r1' },
      spec: { quantization: { type: 'FP8' }, accelerator: { type: 'H200' } },
    });
    expect(await kubectl(['plan', '-f', '-', '-o', 'name'], { input: stdout })).toMatchObject({ status: 2 });
    expect(await kubectl(['plan', '-f', '-'], { input: stdout })).toMatchObject({ status: 0, stderr: '' });
  });

  it('prints JSON with the notes in it', async () => {
    const { stdout } = await shell(QWEN2_7B, '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      className: 'Qwen2ForCausalLM',
      model: { name: 'custom', architecture: { layers: 28 } },
      notes: expect.arrayContaining([expect.stringContaining('served by vLLM')]),
    });
  });

  it('refuses what the API would refuse', async () => {
    const { status, stdout, stderr } = await shell({ ...QWEN2_7B, num_key_value_heads: 3 });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('attentionHeads must be a multiple of kvHeads');
  });

  it('takes --no-color as the other commands do', async () => {
    expect(await shell(QWEN2_7B, '--no-color')).toEqual(await shell(QWEN2_7B));
    expect((await shell(QWEN2_7B, '--no-color')).status).toBe(0);
  });

  it('ends with 2 where there is no such file', async () => {
    const { status, stderr } = await kubectl(['model', 'import', 'missing.json']);
    expect(status).toBe(2);
    expect(stderr).toContain('cannot read missing.json');
  });
});
