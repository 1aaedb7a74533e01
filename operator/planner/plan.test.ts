import { describe, expect, it, test } from '@jest/globals';
import { parseDeepSeekDeployment } from '../api/index.ts';
import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import { CATALOG, findModel } from '../catalog/index.ts';
import type { Catalog } from '../catalog/index.ts';
import { plan } from './plan.ts';
import { accepted, planOf, specOf } from './test-support.ts';
import { GIB } from './units.ts';
import { countParameters } from './weights.ts';

const QWEN_7B = 'deepseek-r1-distill-qwen-7b';

describe('FP16 on an A100', () => {
  const fp16 = accepted(planOf({ model: QWEN_7B, on: 'A100-80GB', quantization: 'FP16' }));
  it('is planned in full', () => {
    expect(fp16).toMatchObject({
      model: {
        name: QWEN_7B,
        repository: 'deepseek-ai/DeepSeek-R1-Distill-Qwen-7B',
        trustRemoteCode: false,
        quantizedOnLoad: false,
      },
      engine: { type: 'vLLM', version: '0.32.0', image: 'vllm/vllm-openai:v0.32.0' },
      quantization: 'FP16',
      computeDtype: 'float16',
      kvCacheDtype: 'auto',
      accelerator: { type: 'A100-80GB', resourceName: 'nvidia.com/gpu', computeCapability: '8.0' },
      tensorParallel: 1,
      pipelineParallel: 1,
      gpusPerReplica: 1,
      maxModelLen: 131_072,
      memory: {
        gpuTotalGiB: 79.1,
        engineSetting: { kind: 'FractionOfTotal', fraction: 0.9 },
        usableGiBPerGPU: 71.19,
        weightsGiBPerGPU: 14.19,
      },
      warnings: [],
    });
  });
  it('accounts for all usable memory', () => {
    const { usableGiBPerGPU, weightsGiBPerGPU, overheadGiBPerGPU, kvCacheGiBPerGPU } = fp16.memory;
    expect(weightsGiBPerGPU + overheadGiBPerGPU + kvCacheGiBPerGPU).toBeCloseTo(usableGiBPerGPU, 1);
    expect(fp16.kvCacheTokens * fp16.memory.kvBytesPerTokenPerGPU).toBeCloseTo(kvCacheGiBPerGPU * GIB, -8);
    expect(fp16.maxConcurrency).toBe(Math.floor((fp16.kvCacheTokens / fp16.maxModelLen) * 10) / 10);
  });
});

describe('INT8 on a T4', () => {
  it('takes the published W8A8 checkpoint and computes in FP16', () => {
    expect(accepted(planOf({ model: QWEN_7B, on: 'T4', gpus: 1, quantization: 'INT8' }))).toMatchObject({
      model: { repository: 'RedHatAI/DeepSeek-R1-Distill-Qwen-7B-quantized.w8a8', quantizedOnLoad: false },
      quantization: 'INT8',
      computeDtype: 'float16',
      gpusPerReplica: 1,
    });
  });
});

describe('what the spec leaves out', () => {
  it('takes the dtype of the checkpoint', () => {
    expect(accepted(planOf({ model: QWEN_7B, on: 'A100-80GB' }))).toMatchObject({
      quantization: 'BF16',
      computeDtype: 'bfloat16',
      warnings: [],
    });
  });

  it('takes FP16 where the GPU has no BF16, and says so', () => {
    const onT4 = accepted(planOf({ model: QWEN_7B, on: 'T4' }));
    expect(onT4).toMatchObject({ quantization: 'FP16', computeDtype: 'float16' });
    expect(onT4.warnings).toContain(
      'the weights are in BF16, which T4 (compute capability 7.5) does not have: they run in FP16',
    );
  });

  test.each([
    ['deepseek-llm-67b-chat', 'A100-80GB', 2],
    ['deepseek-llm-67b-chat', 'A100-40GB', 4],
    ['deepseek-r1-distill-llama-70b', 'H100', 4],
    [QWEN_7B, 'T4', 2],
    ['deepseek-r1-distill-qwen-1.5b', 'T4', 1],
  ])('takes the fewest legal GPUs: %s on %s takes %d', (model, on, gpus) => {
    expect(accepted(planOf({ model, on })).gpusPerReplica).toBe(gpus);
    if (gpus > 1) expect(planOf({ model, on, gpus: gpus / 2 }).accepted).toBe(false);
  });

  it('takes the context of the card if two sequences fit, else the longest of which two do', () => {
    expect(accepted(planOf({ model: QWEN_7B, on: 'A100-80GB' })).maxModelLen).toBe(131_072);
    const onL4 = accepted(planOf({ model: QWEN_7B, on: 'L4', gpus: 1 }));
    expect(onL4.maxModelLen % 1024).toBe(0);
    expect(onL4.kvCacheTokens).toBeGreaterThanOrEqual(2 * onL4.maxModelLen);
    expect(onL4.kvCacheTokens).toBeLessThan(2 * (onL4.maxModelLen + 1024));
    expect(onL4.warnings).toContainEqual(expect.stringMatching(/^model.maxModelLen defaults to /));
  });

  it('means the chat model by the short name', () => {
    expect(accepted(planOf({ model: 'deepseek-llm-7b', on: 'A100-40GB' })).model.repository).toBe(
      'deepseek-ai/deepseek-llm-7b-chat',
    );
  });
});

describe('host and start-up', () => {
  const hub = accepted(planOf({ model: QWEN_7B, on: 'A100-80GB' }));
  const cached = (cache: object) =>
    accepted(
      plan({ model: { name: QWEN_7B, source: { huggingFace: {}, cache } }, accelerator: { type: 'A100-80GB' } }),
    );

  it('asks for disk only where weights are downloaded to it', () => {
    expect(hub.host.ephemeralStorageGiB).toBeGreaterThan(14.2);
    expect(cached({ persistentVolumeClaim: { claimName: 'c' } }).host.ephemeralStorageGiB).toBe(0);
    expect(cached({ hostPath: { path: '/models' } }).host.ephemeralStorageGiB).toBe(0);
    expect(cached({ emptyDir: {} }).host.ephemeralStorageGiB).toBe(hub.host.ephemeralStorageGiB);
  });

  it('limits memory to 1.25 x the request, and shared memory grows with the GPUs', () => {
    const four = accepted(planOf({ model: 'deepseek-llm-67b-chat', on: 'A100-80GB', gpus: 4 }));
    expect(four.host.memoryLimitGiB).toBe(Math.ceil(four.host.memoryRequestGiB * 1.25));
    expect(four.host.sharedMemoryGiB).toBeGreaterThan(hub.host.sharedMemoryGiB);
    expect(four.host.memoryRequestGiB).toBeGreaterThan(four.host.sharedMemoryGiB);
  });

  it('takes what the spec says, and warns about too little memory', () => {
    const spec = {
      ...specOf({ model: QWEN_7B, on: 'A100-80GB' }),
      resources: { cpu: 8, memory: '4Gi', sharedMemory: '512Mi' },
    };
    const result = accepted(plan(spec));
    expect(result.host).toMatchObject({ cpu: '8', memoryRequestGiB: 4, memoryLimitGiB: 4, sharedMemoryGiB: 0.5 });
    expect(result.warnings).toContainEqual(expect.stringMatching(/^resources.memory is 4 GiB, and the engine /));
  });

  it('gives a download more time than a volume, and a volume more than an image', () => {
    const from = (source: NonNullable<DeepSeekDeploymentSpec['model']['source']>): number =>
      accepted(plan({ model: { name: 'deepseek-llm-67b-chat', source }, accelerator: { type: 'A100-80GB' } }))
        .startupBudgetSeconds;
    const volume = from({ persistentVolumeClaim: { claimName: 'w' } });
    const image = from({ image: { reference: 'registry.example/m:1' } });
    const download = from({ huggingFace: {} });
    expect(download).toBeGreaterThan(volume);
    expect(volume).toBeGreaterThan(image);
    expect(hub.startupBudgetSeconds).toBe(540);
  });

  it('warns when each start downloads much', () => {
    expect(accepted(planOf({ model: 'deepseek-llm-67b-chat', on: 'A100-80GB' })).warnings).toEqual([
      'each start of a pod downloads 135 GB: set model.source.cache to keep them',
    ]);
  });
});

/** Words that users read. */
describe('refusals', () => {
  const spec = (change: Partial<DeepSeekDeploymentSpec>): DeepSeekDeploymentSpec => ({
    model: { name: QWEN_7B },
    accelerator: { type: 'A100-80GB' },
    ...change,
  });
  test.each([
    [
      'weights alone',
      specOf({ model: QWEN_7B, on: 'T4', gpus: 1, quantization: 'FP16' }),
      'InsufficientGPUMemory',
      'deepseek-r1-distill-qwen-7b in FP16 needs 14.2 GiB of weights per GPU; a T4 gives 13.1 GiB',
    ],
    [
      'weights and overhead',
      specOf({ model: 'deepseek-llm-67b-chat', on: 'A100-40GB', gpus: 1, quantization: 'AWQ' }),
      'InsufficientGPUMemory',
      'deepseek-llm-67b-chat in AWQ needs 34.9 GiB of weights per GPU and 2.4 GiB of overhead; an A100-40GB gives 35.5 GiB, which leaves no room for the KV cache',
    ],
    [
      'the KV cache of one sequence',
      specOf({ model: 'deepseek-r1-distill-qwen-32b', on: 'A100-80GB', gpus: 1, context: 32_768 }),
      'InsufficientGPUMemory',
      'deepseek-r1-distill-qwen-32b in BF16 needs 61 GiB of weights per GPU and 2.9 GiB of overhead; an A100-80GB gives 71.2 GiB, which leaves 7.3 GiB for the KV cache: 29,898 tokens, and one sequence of 32,768 tokens needs 8 GiB',
    ],
    [
      '16-bit weights while they are quantized',
      specOf({ model: 'deepseek-r1-0528-qwen3-8b', on: 'T4', gpus: 1, quantization: 'FP8' }),
      'InsufficientGPUMemory',
      'deepseek-r1-0528-qwen3-8b in FP8 is quantized while it loads, and its 16-bit weights need 15.3 GiB per GPU; a T4 gives 13.1 GiB',
    ],
    [
      'BF16 on a T4',
      specOf({ model: QWEN_7B, on: 'T4', quantization: 'BF16' }),
      'UnsupportedQuantization',
      'vLLM 0.32.0 needs compute capability 8.0 for BF16, and T4 has compute capability 7.5: it supports FP32, FP16, FP8, INT8, W8A16, AWQ, GPTQ there',
    ],
    [
      'GGUF',
      spec({ quantization: { type: 'GGUF' }, engine: { type: 'vLLM' } }),
      'UnsupportedQuantization',
      'vLLM 0.32.0 does not load GGUF files: it supports FP32, BF16, FP16, FP8, INT8, W8A16, AWQ, GPTQ on A100-80GB; llama.cpp would: set engine.type, or leave it out',
    ],
    [
      'INT8 without a published checkpoint',
      specOf({ model: 'deepseek-llm-7b-chat', on: 'T4', quantization: 'INT8' }),
      'UnsupportedQuantization',
      'vLLM loads INT8 (W8A8) only from a repository that was quantized beforehand, and the catalogue knows none for deepseek-llm-7b-chat: name yours in model.source.huggingFace.repository, or use AWQ, for which it knows one',
    ],
    [
      'a 16-bit copy of an FP8 model',
      specOf({ model: 'deepseek-r1', on: 'H200', quantization: 'FP16' }),
      'UnsupportedQuantization',
      'vLLM loads FP16 only from a repository that was converted beforehand, and the catalogue knows none for deepseek-r1: name yours in model.source.huggingFace.repository, or use FP8 or AWQ, for which it knows one',
    ],
    [
      'the same on GPUs whose node holds none of the larger formats',
      specOf({ model: 'deepseek-r1', on: 'H100', quantization: 'FP16' }),
      'UnsupportedQuantization',
      'vLLM loads FP16 only from a repository that was converted beforehand, and the catalogue knows none for deepseek-r1: name yours in model.source.huggingFace.repository, or use AWQ, for which it knows one',
    ],
    [
      'an FP8 KV cache on Ampere',
      spec({ quantization: { kvCache: 'FP8' } }),
      'UnsupportedQuantization',
      'an FP8 KV cache needs compute capability 8.9, and A100-80GB has 8.0: set quantization.kvCache to Auto',
    ],
    [
      'three GPUs',
      specOf({ model: QWEN_7B, on: 'A100-80GB', gpus: 3 }),
      'IllegalParallelism',
      'deepseek-r1-distill-qwen-7b cannot be split like that: 3 does not divide the 28 attention heads. Legal tensor-parallel sizes: 1, 2, 4',
    ],
    [
      'a count that is not tensor x pipeline',
      spec({ accelerator: { type: 'A100-80GB', count: 3, parallelism: { tensor: 2 } } }),
      'IllegalParallelism',
      'deepseek-r1-distill-qwen-7b cannot be split like that: 3 GPUs are not a multiple of tensor-parallel size 2. Legal tensor-parallel sizes: 1, 2, 4',
    ],
    [
      'more GPUs than a node has',
      specOf({ model: 'deepseek-r1-distill-llama-70b', on: 'A100-80GB', gpus: 16 }),
      'NeedsMultipleNodes',
      '16 GPUs of type A100-80GB are 2 nodes of 8, and one replica has to fit into one node',
    ],
    [
      'a model that no node holds',
      specOf({ model: 'deepseek-r1-distill-llama-70b', on: 'T4', quantization: 'FP16' }),
      'NeedsMultipleNodes',
      'deepseek-r1-distill-llama-70b in FP16 needs 2 nodes with 8 x T4 each, and one replica has to fit into one node',
    ],
    [
      'a context that the model was not made for',
      specOf({ model: 'deepseek-llm-7b-chat', on: 'A100-80GB', context: 8192 }),
      'ContextTooLong',
      'deepseek-llm-7b-chat was made for sequences of at most 4,096 tokens, and model.maxModelLen is 8,192',
    ],
    [
      'a misspelt model',
      specOf({ model: 'deepseek-r1-distil-llama-8b', on: 'L4' }),
      'ModelNotFound',
      'no model deepseek-r1-distil-llama-8b in the catalogue: did you mean deepseek-r1-distill-llama-8b, deepseek-r1-distill-llama-70b, deepseek-r1-distill-qwen-7b? For any other, use name custom with model.architecture and model.source',
    ],
    [
      'an unknown GPU',
      specOf({ model: QWEN_7B, on: 'A100' }),
      'AcceleratorUnknown',
      'no accelerator A100 in the catalogue: did you mean A100-40GB or A100-80GB? It has CPU, Orin, T4, L4, A10G, L40S, A100-40GB, A100-80GB, H100, H200, B200; for any other, use type custom with accelerator.custom',
    ],
    [
      'two MIG slices',
      spec({ accelerator: { type: 'A100-80GB', resourceName: 'nvidia.com/mig-3g.40gb', count: 2 } }),
      'IllegalParallelism',
      'nvidia.com/mig-3g.40gb is a slice of a GPU, and slices cannot share a model: leave accelerator.count and accelerator.parallelism out',
    ],
    [
      'a MIG slice of another GPU',
      spec({ accelerator: { type: 'A100-80GB', resourceName: 'nvidia.com/mig-3g.71gb' } }),
      'AcceleratorUnknown',
      'nvidia.com/mig-3g.71gb is not a slice of an A100-80GB, which has nvidia.com/mig-1g.10gb, nvidia.com/mig-1g.20gb, nvidia.com/mig-2g.20gb, nvidia.com/mig-3g.40gb, nvidia.com/mig-4g.40gb, nvidia.com/mig-7g.80gb',
    ],
    [
      'a GPU shared in turns',
      spec({ accelerator: { type: 'T4', resourceName: 'nvidia.com/gpu.shared' } }),
      'AcceleratorUnknown',
      "nvidia.com/gpu.shared is a GPU that several pods share in turns, and nothing keeps them from using each other's memory: ask for whole GPUs, or for a MIG slice",
    ],
    [
      'a model whose memory nobody can compute',
      specOf({ model: 'deepseek-v4-flash', on: 'H200' }),
      'NoMemoryModel',
      'the memory of deepseek-v4-flash cannot be computed: its compressed sparse attention keeps a different number of tokens in each layer, and no public fact gives the bytes of one. Set model.measured to what an engine reported when it started with it (weights, kvCacheBytesPerToken)',
    ],
    [
      'another version',
      spec({ engine: { version: 'v0.9.1' } }),
      'UnsupportedEngine',
      'vLLM 0.9.1 is not in the catalogue, which knows the command line of 0.32.0: set engine.version to one of them, or leave it out and name your build in engine.image',
    ],
    [
      'a bucket of nowhere',
      spec({ model: { name: QWEN_7B, source: { objectStorage: { uri: 'oss://bucket/m' } } } }),
      'UnsupportedSource',
      'model.source.objectStorage has an oss:// address, whose region the address does not tell: set endpoint, such as https://oss-cn-hangzhou.aliyuncs.com',
    ],
    [
      'an argument of ours',
      spec({ engine: { extraArgs: ['--tensor-parallel-size', '3'] } }),
      'InvalidEngineArgument',
      'engine.extraArgs sets --tensor-parallel-size, which belongs to the plan: take it out; it is decided by spec.accelerator.parallelism.tensor',
    ],
  ] as const)('%s', (_, refused, reason, message) => {
    const result = plan(refused);
    expect(result).toMatchObject({ accepted: false, reason, message });
  });

  it('come with alternatives that take neither a pin nor an image along where they do not belong', () => {
    const spec = {
      model: { name: QWEN_7B, revision: '916b56a' },
      accelerator: { type: 'T4', count: 1 },
      quantization: { type: 'FP16' },
    } as const;
    const other = plan(spec).alternatives.find(({ summary }) => summary.includes('INT8 on 1 x T4'));
    expect(other?.change).toEqual({ model: { revision: null }, quantization: { type: 'INT8' } });
    const image = plan({
      model: { name: 'deepseek-v2-lite' },
      accelerator: { type: 'A100-80GB' },
      engine: { type: 'TensorRT-LLM', image: 'example/trtllm:1' },
    }).alternatives;
    expect(image.map(({ change }) => change)).toContainEqual({ engine: { type: null, image: null } });
  });

  it.each([
    ['FP32', 'A100-80GB', 14.19],
    ['BF16', 'A100-80GB', 14.19],
  ] as const)('%s on %s downloads the checkpoint as it is published: %d GiB', (quantization, on, gib) => {
    expect(accepted(planOf({ model: QWEN_7B, on, quantization })).model.checkpointGiB).toBeCloseTo(gib, 2);
  });

  it('take weights of the user in the published format of the model for what they are', () => {
    const spec = {
      model: { name: 'deepseek-r1', source: { image: { reference: 'registry.example/r1@sha256:0' } } },
      accelerator: { type: 'H200' },
      engine: { type: 'SGLang' },
    } as const;
    const { model, startup, warnings } = accepted(plan(spec));
    expect(model.checkpointFormat).toBe('fp8-block');
    expect(startup.compileSeconds).toBeGreaterThanOrEqual(600);
    expect(warnings).not.toContainEqual(expect.stringContaining('are taken to be'));
  });

  it('warn of a pin that another repository has to know', () => {
    const spec = {
      model: { name: QWEN_7B, revision: '916b56a' },
      accelerator: { type: 'T4' },
      quantization: { type: 'INT8' },
    } as const;
    expect(accepted(plan(spec)).warnings).toContainEqual(
      expect.stringMatching(/^model.revision is looked up in RedHatAI\//),
    );
    const native = { ...spec, quantization: { type: 'FP16' } } as const;
    expect(accepted(plan(native)).warnings).not.toContainEqual(expect.stringMatching(/^model.revision/));
  });

  it('come with alternatives on the same GPU, with more of them, and on another', () => {
    const { alternatives } = planOf({ model: QWEN_7B, on: 'T4', gpus: 1, quantization: 'FP16' });
    expect(alternatives.map(({ change }) => change)).toEqual([
      { quantization: { type: 'INT8' } },
      { quantization: { type: 'GPTQ' } },
      { accelerator: { count: 1, type: 'L4' } },
      { accelerator: { count: 2 } },
      { accelerator: { count: 1, type: 'A10G' } },
    ]);
    expect(alternatives[0]?.summary).toMatch(
      /^deepseek-r1-distill-qwen-7b in INT8 on 1 x T4 \([0-9,]+ tokens of context, /,
    );
  });

  it('offer a shorter context', () => {
    const { alternatives } = planOf({
      model: 'deepseek-r1-distill-qwen-32b',
      on: 'A100-80GB',
      gpus: 1,
      context: 32_768,
    });
    expect(alternatives.map(({ change }) => change)).toContainEqual({ model: { maxModelLen: null } });
  });

  it('offer the name that was meant', () => {
    const { alternatives } = planOf({ model: 'deepseek-r1-distil-llama-8b', on: 'L4' });
    expect(alternatives.map(({ change }) => change)).toContainEqual({
      model: { name: 'deepseek-r1-distill-llama-8b' },
    });
  });
});

describe('extraArgs', () => {
  const withArgs = (extraArgs: string[], image?: string) =>
    plan({
      model: { name: QWEN_7B },
      accelerator: { type: 'A100-80GB' },
      engine: { extraArgs, ...(image !== undefined && { image, version: '0.32.0' }) },
    });
  test.each([
    [['--tensor_parallel_size=3'], '--tensor_parallel_size'],
    [['-tp', '3'], '-tp'],
    [['--gpu-memory-utilization=0.99'], '--gpu-memory-utilization'],
    [['--api-key', 'secret'], '--api-key'],
    [['--no-such-flag'], '--no-such-flag'],
    [['--max-model-length', '8'], '--max-model-length'],
    [['stray'], '"stray"'],
  ])('%j is refused', (extraArgs, named) => {
    const result = withArgs(extraArgs);
    expect(result).toMatchObject({ accepted: false, reason: 'InvalidEngineArgument' });
    expect(result).toHaveProperty('message', expect.stringContaining(named));
  });
  test.each([
    [['--enable-prefix-caching']],
    [['--no-enable-prefix-caching']],
    [['--override-generation-config', '{"temperature": 0.6}']],
    [['--compilation-config.mode', '3']],
    [['-O3']],
    [['--seed', '-1']],
  ])('%j is accepted', (extraArgs) => {
    expect(accepted(withArgs(extraArgs)).warnings).toEqual([]);
  });
  it('warns about what takes memory that it does not count', () => {
    expect(accepted(withArgs(['--enable-lora'])).warnings).toEqual([
      '--enable-lora in engine.extraArgs changes how much memory is used, which this plan does not count',
    ]);
  });
  it('leaves unknown flags to an image of the user’s own', () => {
    expect(accepted(withArgs(['--no-such-flag'], 'registry.example/vllm:mine')).warnings).toEqual([
      'vLLM 0.32.0 has no flag --no-such-flag; your image has to know it',
    ]);
  });
});

describe('custom', () => {
  const architecture = {
    parameters: 7_615_616_512,
    layers: 28,
    hiddenSize: 3584,
    intermediateSize: 18944,
    attentionHeads: 28,
    kvHeads: 4,
    vocabSize: 152_064,
    maxContext: 131_072,
  };
  const custom = (change: object = {}): DeepSeekDeploymentSpec => ({
    model: {
      name: 'custom',
      architecture: { ...architecture, ...change },
      source: { huggingFace: { repository: 'example/mine' } },
    },
    accelerator: { type: 'L4' },
  });
  it('models plan like the catalogue’s of the same shape', () => {
    const mine = accepted(plan(custom()));
    const theirs = accepted(planOf({ model: QWEN_7B, on: 'L4' }));
    expect(mine.memory).toEqual(theirs.memory);
    expect(mine).toMatchObject({
      model: { name: 'custom', repository: 'example/mine' },
      maxModelLen: theirs.maxModelLen,
    });
  });
  it('models whose numbers contradict each other are refused', () => {
    expect(plan(custom({ parameters: 70_000_000_000 }))).toMatchObject({ accepted: false, reason: 'NoMemoryModel' });
  });
  it('models with latent attention and experts plan like the catalogue’s of the same shape', () => {
    const lite = findModel(CATALOG, 'deepseek-v2-lite')!.architecture;
    const { layers, hiddenSize, intermediateSize, attentionHeads, kvHeads, vocabSize, mla, moe } = lite;
    const mine = accepted(
      plan({
        ...custom({
          layers, hiddenSize, intermediateSize, attentionHeads, kvHeads, vocabSize, mla, moe,
          parameters: countParameters(lite).total, maxContext: 32_768,
        }), // prettier-ignore
        accelerator: { type: 'A100-40GB' },
      }),
    );
    const theirs = accepted(planOf({ model: 'deepseek-v2-lite', on: 'A100-40GB' }));
    expect(mine.memory).toEqual(theirs.memory);
    expect(mine.kvCacheTokens).toBe(theirs.kvCacheTokens);
  });
  it('accelerators plan with less than their nominal memory', () => {
    const spec = {
      ...specOf({ model: QWEN_7B, on: 'custom' }),
      accelerator: { type: 'custom', custom: { memory: '48Gi', computeCapability: '8.9' } },
    };
    const result = accepted(plan(spec));
    expect(result.memory.gpuTotalGiB).toBe(43.68);
    expect(result.warnings[0]).toMatch(/^of the 48 GiB of the custom accelerator, 43.7 GiB are planned with/);
  });
});

/** The promise of CONTRIBUTING: one entry in one file. */
describe('adding to the catalogue is one entry', () => {
  const [model] = CATALOG.models;
  const [accelerator] = CATALOG.accelerators;
  it('of a model', () => {
    const catalog: Catalog = {
      ...CATALOG,
      models: [...CATALOG.models, { ...model!, name: 'deepseek-next', aliases: [] }],
    };
    expect(plan(specOf({ model: 'deepseek-next', on: 'A100-80GB' }), catalog).accepted).toBe(true);
  });
  it('of a GPU', () => {
    const next = {
      ...accelerator!,
      name: 'X1',
      computeCapability: '12.0',
      memory: { deviceMiB: 300_000, visibleGiB: 290 },
    };
    const catalog: Catalog = { ...CATALOG, accelerators: [...CATALOG.accelerators, next] };
    expect(accepted(plan(specOf({ model: QWEN_7B, on: 'X1' }), catalog)).accelerator.type).toBe('X1');
  });
  it('of an engine’s version', () => {
    const [vllm] = CATALOG.engines;
    const newer = { ...vllm!.versions[0]!, version: '0.33.0', image: 'vllm/vllm-openai:v0.33.0' };
    const catalog: Catalog = { ...CATALOG, engines: [{ ...vllm!, versions: [newer, ...vllm!.versions] }] };
    const spec = specOf({ model: QWEN_7B, on: 'A100-80GB' });
    expect(accepted(plan(spec, catalog)).engine.version).toBe('0.33.0');
    expect(accepted(plan({ ...spec, engine: { version: '0.32.0' } }, catalog)).engine.version).toBe('0.32.0');
  });
});

test('every spec of these tests is one that the API accepts', () => {
  const object = {
    apiVersion: 'deepseek-operator.io/v1alpha1',
    kind: 'DeepSeekDeployment',
    metadata: { name: 'chat' },
    spec: specOf({ model: QWEN_7B, on: 'T4', gpus: 1, quantization: 'INT8', context: 8192, repository: 'a/b' }),
  };
  expect(parseDeepSeekDeployment(object, { unknownFields: 'refuse' })).toMatchObject({ ok: true });
});
