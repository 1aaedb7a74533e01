import { describe, expect, it, test } from '@jest/globals';
import type { DeepSeekDeploymentSpec, EngineType, QuantizationType } from '../api/index.ts';
import { CATALOG, findAccelerator, findEngine, findQuantizationSupport } from '../catalog/index.ts';
import type { Catalog } from '../catalog/index.ts';
import { decide } from './decide.ts';
import { isRefusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import type { ServingPlan } from './types.ts';

const QWEN_7B = 'deepseek-r1-distill-qwen-7b';

const spec = (name: string, type: string, rest: object = {}): DeepSeekDeploymentSpec => ({
  model: { name },
  accelerator: { type },
  ...rest,
});

function accepted(wanted: DeepSeekDeploymentSpec, catalog: Catalog = CATALOG): ServingPlan {
  const plan = decide(wanted, catalog);
  if (isRefusal(plan)) throw new Error(`${plan.reason}: ${plan.message}`);
  return plan;
}

function refused(wanted: DeepSeekDeploymentSpec, catalog: Catalog = CATALOG): Refusal {
  const plan = decide(wanted, catalog);
  if (!isRefusal(plan)) throw new Error(`accepted with ${plan.engine.type}`);
  return plan;
}

/**
 * Format x compute capability of each engine's newest version: `yes`, `warns` or `no`, on T4, A100, A10G, L4, H100 and
 * B200. From the engines' own tables; each row of the catalogue has its source.
 */
const MATRIX: readonly (readonly [EngineType, QuantizationType, string])[] = [
  ['vLLM', 'FP32', 'yes yes yes yes yes yes'],
  ['vLLM', 'FP16', 'yes yes yes yes yes yes'],
  ['vLLM', 'BF16', 'no yes yes yes yes yes'],
  ['vLLM', 'FP8', 'warns warns warns yes yes yes'],
  ['vLLM', 'INT8', 'yes yes yes yes yes no'],
  ['vLLM', 'W8A16', 'yes yes yes yes yes yes'],
  ['vLLM', 'AWQ', 'warns yes yes yes yes yes'],
  ['vLLM', 'GPTQ', 'yes yes yes yes yes yes'],
  ['vLLM', 'GGUF', 'no no no no no no'],
  ['SGLang', 'FP32', 'warns yes yes yes yes yes'],
  ['SGLang', 'FP16', 'warns yes yes yes yes yes'],
  ['SGLang', 'BF16', 'no yes yes yes yes yes'],
  ['SGLang', 'FP8', 'no warns warns yes yes yes'],
  ['SGLang', 'INT8', 'no yes yes yes yes no'],
  ['SGLang', 'W8A16', 'no yes yes yes yes yes'],
  ['SGLang', 'AWQ', 'warns yes yes yes yes yes'],
  ['SGLang', 'GPTQ', 'warns yes yes yes yes yes'],
  ['SGLang', 'GGUF', 'no no no no no no'],
  ['TensorRT-LLM', 'FP32', 'no yes yes yes yes yes'],
  ['TensorRT-LLM', 'FP16', 'no yes yes yes yes yes'],
  ['TensorRT-LLM', 'BF16', 'no yes yes yes yes yes'],
  ['TensorRT-LLM', 'FP8', 'no no no yes yes yes'],
  ['TensorRT-LLM', 'INT8', 'no no no no no no'],
  ['TensorRT-LLM', 'W8A16', 'no no no no no no'],
  ['TensorRT-LLM', 'AWQ', 'no yes yes yes yes yes'],
  ['TensorRT-LLM', 'GPTQ', 'no yes yes yes yes yes'],
  ['TensorRT-LLM', 'GGUF', 'no no no no no no'],
  ['llama.cpp', 'FP16', 'no no no no no no'],
  ['llama.cpp', 'FP8', 'no no no no no no'],
  ['llama.cpp', 'AWQ', 'no no no no no no'],
  ['llama.cpp', 'GGUF', 'yes yes yes yes yes yes'],
];

test.each(MATRIX)('%s runs %s: %s', (type, quantization, expected) => {
  const { versions } = findEngine(CATALOG, type)!;
  const found = ['T4', 'A100-80GB', 'A10G', 'L4', 'H100', 'B200'].map((name) => {
    const support = findQuantizationSupport(versions[0]!, quantization, findAccelerator(CATALOG, name)!);
    return support === undefined ? 'no' : support.warning === undefined ? 'yes' : 'warns';
  });
  expect(found.join(' ')).toBe(expected);
});

describe('an engine that the spec leaves out', () => {
  test.each([
    [QWEN_7B, 'A100-80GB', undefined, 'vLLM', 'BF16'],
    [QWEN_7B, 'T4', undefined, 'vLLM', 'FP16'],
    [QWEN_7B, 'A100-80GB', 'GGUF', 'llama.cpp', 'GGUF'],
    [QWEN_7B, 'CPU', undefined, 'llama.cpp', 'GGUF'],
    [QWEN_7B, 'CPU', 'BF16', 'vLLM', 'BF16'],
    [QWEN_7B, 'CPU', 'FP32', 'vLLM', 'FP32'],
    ['deepseek-r1-distill-qwen-1.5b', 'Orin', undefined, 'llama.cpp', 'GGUF'],
    ['deepseek-v2-lite-chat', 'A100-40GB', undefined, 'vLLM', 'BF16'],
    ['deepseek-r1', 'H200', undefined, 'vLLM', 'FP8'],
    ['deepseek-r1', 'B200', undefined, 'vLLM', 'FP8'],
  ])('%s on %s in %s is %s with %s', (name, type, quantization, engine, served) => {
    const plan = accepted(spec(name, type, quantization === undefined ? {} : { quantization: { type: quantization } }));
    expect([plan.engine.type, plan.quantization]).toEqual([engine, served]);
  });

  it('is the plain default without a word, and explained otherwise', () => {
    const explained = (wanted: DeepSeekDeploymentSpec): string[] =>
      accepted(wanted).warnings.filter((warning) => warning.startsWith('engine.type defaults to'));
    expect(explained(spec(QWEN_7B, 'A100-80GB'))).toEqual([]);
    expect(explained(spec(QWEN_7B, 'CPU'))).toEqual(['engine.type defaults to llama.cpp, which is made for CPUs']);
    expect(explained(spec(QWEN_7B, 'L4', { quantization: { type: 'GGUF' } }))).toEqual([
      'engine.type defaults to llama.cpp: vLLM 0.32.0 does not load GGUF files: it supports FP32, BF16, FP16, FP8, INT8, W8A16, AWQ, GPTQ on L4',
    ]);
    expect(explained(spec(QWEN_7B, 'CPU', { quantization: { type: 'BF16' } }))).toEqual([
      'engine.type defaults to vLLM: llama.cpp b11669 reads GGUF files alone, not BF16: set quantization to type GGUF with ggufType BF16',
    ]);
  });

  it('never makes a model smaller on a GPU by itself', () => {
    const plan = refused(spec(QWEN_7B, 'T4', { accelerator: { type: 'T4', count: 1 } }));
    expect(plan.reason).toBe('InsufficientGPUMemory');
  });

  it('is that whose version is named', () => {
    expect(accepted(spec(QWEN_7B, 'H100', { engine: { version: '0.5.23' } })).engine.type).toBe('SGLang');
    expect(accepted(spec(QWEN_7B, 'H100', { engine: { version: 'v1.2.1' } })).engine).toMatchObject({
      type: 'TensorRT-LLM',
      image: 'nvcr.io/nvidia/tensorrt-llm/release:1.2.1',
    });
  });
});

const on = (engine: EngineType, rest: object = {}): object => ({ engine: { type: engine }, ...rest });

describe('refusals', () => {
  test.each([
    [
      'TensorRT-LLM on T4',
      spec(QWEN_7B, 'T4', on('TensorRT-LLM')),
      'UnsupportedEngine',
      'TensorRT-LLM 1.3.0rc23 serves deepseek-r1-distill-qwen-7b (Qwen2ForCausalLM) from compute capability 8.0 on, and T4 has 7.5: use a newer GPU; vLLM and SGLang would: set engine.type, or leave it out',
    ],
    [
      'V2 on TensorRT-LLM',
      spec('deepseek-v2-lite-chat', 'H100', on('TensorRT-LLM')),
      'UnsupportedEngine',
      'TensorRT-LLM 1.3.0rc23 does not serve deepseek-v2-lite-chat (DeepseekV2ForCausalLM); vLLM and SGLang would: set engine.type, or leave it out',
    ],
    [
      'R1 on TensorRT-LLM before Hopper',
      spec('deepseek-r1', 'A100-80GB', on('TensorRT-LLM')),
      'UnsupportedEngine',
      'TensorRT-LLM 1.3.0rc23 serves deepseek-r1 (DeepseekV3ForCausalLM) from compute capability 9.0 on, and A100-80GB has 8.0: use a newer GPU; vLLM and SGLang would: set engine.type, or leave it out',
    ],
    [
      'latent attention on T4',
      spec('deepseek-v2-lite-chat', 'T4'),
      'UnsupportedEngine',
      'vLLM 0.32.0 serves deepseek-v2-lite-chat (DeepseekV2ForCausalLM) from compute capability 8.0 on, and T4 has 7.5: use a newer GPU',
    ],
    [
      'V3.2 before Hopper',
      spec('deepseek-v3.2', 'A100-80GB'),
      'UnsupportedEngine',
      'vLLM 0.32.0 serves deepseek-v3.2 (DeepseekV32ForCausalLM) from compute capability 9.0 on, and A100-80GB has 8.0: use a newer GPU',
    ],
    [
      'SGLang on a CPU',
      spec(QWEN_7B, 'CPU', on('SGLang')),
      'UnsupportedEngine',
      'SGLang 0.5.23 does not serve on a CPU (CPUs): there is an image of it for GPUs; llama.cpp and vLLM would: set engine.type, or leave it out',
    ],
    [
      'BF16 on T4',
      spec(QWEN_7B, 'T4', { quantization: { type: 'BF16' } }),
      'UnsupportedQuantization',
      'vLLM 0.32.0 needs compute capability 8.0 for BF16, and T4 has compute capability 7.5: it supports FP32, FP16, FP8, INT8, W8A16, AWQ, GPTQ there',
    ],
    [
      'AWQ on llama.cpp',
      spec(QWEN_7B, 'L4', on('llama.cpp', { quantization: { type: 'INT8' } })),
      'UnsupportedQuantization',
      'llama.cpp b11669 reads GGUF files alone, not INT8: set quantization to type GGUF with ggufType Q8_0; vLLM and SGLang would: set engine.type, or leave it out',
    ],
    [
      'an AWQ checkpoint that TensorRT-LLM does not read',
      spec('deepseek-llm-7b-chat', 'H100', on('TensorRT-LLM', { quantization: { type: 'AWQ' } })),
      'UnsupportedQuantization',
      'TensorRT-LLM loads INT4 (AWQ) only from a repository that was quantized beforehand by NVIDIA ModelOpt, and TensorRT-LLM does not read TheBloke/deepseek-llm-7B-chat-AWQ, which is stored as awq: name yours in model.source.huggingFace.repository, or use BF16, for which it knows one; vLLM and SGLang would: set engine.type, or leave it out',
    ],
    [
      'an API key that nobody would ask for',
      spec(QWEN_7B, 'H100', { engine: { type: 'TensorRT-LLM', apiKeySecretRef: { name: 'k', key: 'k' } } }),
      'UnsupportedEngine',
      'TensorRT-LLM 1.3.0rc23 cannot ask for an API key: take engine.apiKeySecretRef out and let the gateway ask for it, or use another engine; vLLM and SGLang would: set engine.type, or leave it out',
    ],
    [
      'two names for an engine that answers to one',
      { ...spec(QWEN_7B, 'H100', on('SGLang')), model: { name: QWEN_7B, servedNames: ['a', 'b'] } },
      'UnsupportedEngine',
      'SGLang 0.5.23 answers to one name, and model.servedNames has 2: leave one, or use an engine that answers to several (vLLM, llama.cpp); vLLM would: set engine.type, or leave it out',
    ],
    [
      'a revision that llama.cpp cannot keep',
      { ...spec(QWEN_7B, 'CPU'), model: { name: QWEN_7B, revision: 'abc' }, engine: { type: 'llama.cpp' } },
      'UnsupportedSource',
      'llama.cpp takes the newest files of a repository and cannot keep model.revision: take it out, or put the file into a volume or an image (a digest pins it)',
    ],
    [
      'a KV cache that llama.cpp does not keep',
      spec(QWEN_7B, 'CPU', on('llama.cpp', { quantization: { type: 'GGUF', kvCache: 'FP8' } })),
      'UnsupportedQuantization',
      'llama.cpp b11669 keeps no FP8 KV cache: set quantization.kvCache to Auto',
    ],
    [
      'a GGUF type of unknown size',
      spec(QWEN_7B, 'CPU', { quantization: { type: 'GGUF', ggufType: 'IQ1_S' } }),
      'UnsupportedQuantization',
      /^the size of GGUF files of type IQ1_S is not in the catalogue: set quantization.ggufType to one of Q2_K, /,
    ],
  ] as [string, DeepSeekDeploymentSpec, string, string | RegExp][])('%s', (_, wanted, reason, message) => {
    const refusal = refused(wanted);
    expect(refusal.reason).toBe(reason);
    if (typeof message === 'string') expect(refusal.message).toBe(message);
    else expect(refusal.message).toMatch(message);
  });
});

describe('what a model needs of an engine', () => {
  const needing = (requirement: object): Catalog => ({
    ...CATALOG,
    models: CATALOG.models.map((model) =>
      model.name === QWEN_7B
        ? { ...model, requirements: [{ engine: 'vLLM' as const, source: 'test', ...requirement }] }
        : model,
    ),
  });
  const vllm = spec(QWEN_7B, 'H100', on('vLLM'));

  it('is a version', () => {
    expect(refused(vllm, needing({ minVersion: '0.33.0' }))).toMatchObject({
      reason: 'UnsupportedEngine',
      message: expect.stringContaining('needs vLLM 0.33.0 or later, and this is 0.32.0'),
    });
    expect(accepted(vllm, needing({ minVersion: '0.32.0' })).engine.type).toBe('vLLM');
    expect(accepted(spec(QWEN_7B, 'H100'), needing({ minVersion: '0.33.0' })).engine.type).toBe('SGLang');
  });

  it('is its remote code, which the user has to trust', () => {
    const catalog = needing({ trustRemoteCode: true });
    expect(refused(vllm, catalog)).toMatchObject({
      reason: 'TrustRemoteCodeRequired',
      message: `vLLM 0.32.0 loads ${QWEN_7B} only with the Python code that comes with its weights: review it, then set model.trustRemoteCode to true and pin model.revision`,
    });
    const trusting = { ...vllm, model: { name: QWEN_7B, trustRemoteCode: true } };
    expect(accepted(trusting, catalog).model.trustRemoteCode).toBe(true);
  });
});

test('an engine version more is an entry more', () => {
  const [vllm] = CATALOG.engines;
  const newer = { ...vllm!.versions[0]!, version: '0.33.0', images: { GPU: 'vllm/vllm-openai:v0.33.0' } };
  const engines = CATALOG.engines.map((entry) =>
    entry.type === 'vLLM' ? { ...entry, versions: [newer, ...entry.versions] } : entry,
  );
  const catalog = { ...CATALOG, engines };
  expect(accepted(spec(QWEN_7B, 'H100'), catalog).engine).toMatchObject({ version: '0.33.0', image: newer.images.GPU });
  expect(accepted(spec(QWEN_7B, 'H100', { engine: { version: '0.32.0' } }), catalog).engine.version).toBe('0.32.0');
});

describe('warnings', () => {
  test.each([
    ['FP8 weights without FP8 arithmetic', spec(QWEN_7B, 'A100-80GB', { quantization: { type: 'FP8' } }), /Marlin/],
    ['vLLM on a CPU', spec(QWEN_7B, 'CPU', { engine: { type: 'vLLM' } }), /for small models/],
    [
      'names that an old version does not take',
      spec(QWEN_7B, 'H100', { engine: { version: '1.2.1' } }),
      /calls the model by its repository/,
    ],
    [
      'a key for the metrics',
      spec(QWEN_7B, 'CPU', { engine: { apiKeySecretRef: { name: 'k', key: 'k' } } }),
      /bearerTokenSecretRef/,
    ],
  ])('%s', (_, wanted, warning) => {
    expect(accepted(wanted).warnings).toContainEqual(expect.stringMatching(warning));
  });

  test.each(['vLLM', 'SGLang'])('none for a key of %s', (type) => {
    const wanted = spec(QWEN_7B, 'H100', { engine: { type, apiKeySecretRef: { name: 'k', key: 'k' } } });
    expect(accepted(wanted).warnings).toEqual(accepted(spec(QWEN_7B, 'H100', { engine: { type } })).warnings);
  });
});

test('INT8 with a scale per channel is for SGLang, which alone can be told of it', () => {
  const chosen = accepted(spec('deepseek-r1', 'H200', { quantization: { type: 'INT8' } }));
  expect(chosen.engine.type).toBe('SGLang');
  expect(chosen.model.checkpointFormat).toBe('channel-int8');
  expect(chosen.warnings.join()).toContain(
    'vLLM does not read meituan/DeepSeek-R1-Channel-INT8, which is stored as channel-int8',
  );
});

test.each(['vLLM', 'llama.cpp'] as const)('%s is told nothing of a memory share on a CPU', (type) => {
  const { memory } = accepted(spec('deepseek-r1-distill-qwen-1.5b', 'CPU', { engine: { type } }));
  expect(memory).not.toHaveProperty('engineSetting');
});
