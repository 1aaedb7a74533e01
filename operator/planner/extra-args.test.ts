import { describe, expect, it, test } from '@jest/globals';
import type { EngineType } from '../api/index.ts';
import { CATALOG, findEngine } from '../catalog/index.ts';
import { checkExtraArgs, isSetBy } from './extra-args.ts';

const check = (
  type: EngineType,
  extraArgs: readonly string[],
  { newest = true, image }: { newest?: boolean; image?: string } = {},
) => {
  const entry = findEngine(CATALOG, type)!;
  const version = newest ? entry.versions[0]! : entry.versions.at(-1)!;
  return checkExtraArgs(extraArgs, {
    type,
    version,
    image: image ?? version.images.GPU!,
    flagHistory: entry.flagHistory,
    warnings: [],
  });
};

describe('a flag that the engine does not have', () => {
  test.each([
    [
      'vLLM',
      '--disable-log-requests',
      'vLLM 0.32.0 has no flag --disable-log-requests: it was removed in 0.12.0; use --no-enable-log-requests instead',
    ],
    [
      'vLLM',
      '--num-scheduler-steps',
      'vLLM 0.32.0 has no flag --num-scheduler-steps: it is gone; take it out of engine.extraArgs',
    ],
    ['vLLM', '--swap-space', 'vLLM 0.32.0 has no flag --swap-space: it is gone; use --kv-offloading-size instead'],
    [
      'vLLM',
      '--enable-prefix-cachin',
      'vLLM 0.32.0 has no flag --enable-prefix-cachin: take it out of engine.extraArgs, or did you mean --enable-prefix-caching?',
    ],
    [
      'SGLang',
      '--cuda-graph-max-bs',
      'SGLang 0.5.23 has no flag --cuda-graph-max-bs: it is gone; use --cuda-graph-max-bs-decode instead',
    ],
    [
      'SGLang',
      '--schedule_policy',
      'SGLang 0.5.23 has no flag --schedule_policy: take it out of engine.extraArgs, or did you mean --schedule-policy?',
    ],
    [
      'TensorRT-LLM',
      '--max-batch-size',
      'TensorRT-LLM 1.3.0rc23 has no flag --max-batch-size: take it out of engine.extraArgs, or did you mean --max_batch_size?',
    ],
    ['llama.cpp', '--mlock', 'llama.cpp b11669 has no flag --mlock: it is gone; use --load-mode mlock instead'],
  ] as const)('%s: %s', (type, flag, message) => {
    expect(check(type, [flag])).toEqual({ refused: true, reason: 'InvalidEngineArgument', message });
  });

  it('says when it came', () => {
    expect(check('TensorRT-LLM', ['--kv_cache_dtype', 'fp8'], { newest: false })).toMatchObject({
      message: 'TensorRT-LLM 1.2.1 has no flag --kv_cache_dtype: it came with 1.3.0; take it out of engine.extraArgs',
    });
  });

  it('is only warned of for an image of the user’s', () => {
    expect(check('vLLM', ['--mine'], { image: 'registry.example/vllm:mine' })).toEqual({
      warnings: ['vLLM 0.32.0 has no flag --mine; your image has to know it'],
    });
  });
});

describe('a flag that would break the plan is refused in every spelling', () => {
  test.each([
    ['vLLM', '--tensor-parallel-size', 'spec.accelerator.parallelism.tensor'],
    ['vLLM', '--tensor_parallel_size=3', 'spec.accelerator.parallelism.tensor'],
    ['vLLM', '-tp', 'spec.accelerator.parallelism.tensor'],
    ['vLLM', '--gpu-memory-utilization', 'the plan computes it'],
    ['vLLM', '--host', 'probes and Services rely on it'],
    ['vLLM', '--config', 'flags in a file would pass the plan by: write them into engine.extraArgs'],
    ['SGLang', '--config', 'flags in a file would pass the plan by: write them into engine.extraArgs'],
    ['SGLang', '--tp-size', 'spec.accelerator.parallelism.tensor'],
    ['SGLang', '--tensor-parallel-size', 'spec.accelerator.parallelism.tensor'],
    ['SGLang', '--mem-fraction-static', 'the plan computes it'],
    ['SGLang', '--api-key', 'spec.engine.apiKeySecretRef'],
    ['TensorRT-LLM', '--tp_size', 'spec.accelerator.parallelism.tensor'],
    ['TensorRT-LLM', '--free_gpu_memory_fraction', 'the plan computes it'],
    ['TensorRT-LLM', '--extra_llm_api_options', 'metrics and number formats are set in it'],
    ['vLLM', '-h', 'it serves nothing'],
    ['vLLM', '--load-format', 'spec.model.source'],
    [
      'vLLM',
      '--hf-overrides',
      'it changes the model that the memory is planned for: use spec.model.name custom for another shape',
    ],
    [
      'vLLM',
      '--distributed_executor_backend=ray',
      'the GPUs of a replica are in one pod, in which vLLM starts its processes by itself',
    ],
    ['vLLM', '-dcp', 'the plan computes it'],
    ['vLLM', '--data-parallel-hybrid-lb', 'spec.replicas'],
    ['vLLM', '--master-addr', 'spec.replicas'],
    ['vLLM', '--runner', 'only models that generate text are planned for'],
    ['vLLM', '--tokenizer', 'spec.model.source'],
    ['vLLM', '--tokenizer-revision', 'spec.model.revision'],
    ['vLLM', '--download-dir', 'spec.model.source.cache'],
    ['SGLang', '--admin-api-key', 'a key among the arguments can be read by everybody who may read pods'],
    [
      'SGLang',
      '--disaggregation-mode',
      'a replica serves whole requests: prefill and decode apart are not planned for',
    ],
    ['SGLang', '--attn-cp-size', 'the plan computes it'],
    ['SGLang', '--is-embedding', 'only models that generate text are planned for'],
    [
      'SGLang',
      '--json-model-override-args',
      'it changes the model that the memory is planned for: use spec.model.name custom for another shape',
    ],
    ['TensorRT-LLM', '--enable_visual_gen', 'only models that generate text are planned for'],
    ['llama.cpp', '--embedding', 'only models that generate text are planned for'],
    [
      'llama.cpp',
      '--override-kv',
      'it changes the model that the memory is planned for: use spec.model.name custom for another shape',
    ],
    ['llama.cpp', '--gpt-oss-20b-default', 'spec.model.source'],
    ['llama.cpp', '-mmu', 'it downloads a second model, which the plan does not count'],
    ['llama.cpp', '--tools', 'it lets everybody who reaches the model run commands in the pod'],
    ['llama.cpp', '-c', 'spec.model.maxModelLen'],
    ['llama.cpp', '--ctx_size', 'spec.model.maxModelLen'],
    ['llama.cpp', '-ngl', 'spec.accelerator.type'],
    ['llama.cpp', '--no-kv-unified', 'the plan computes it'],
    [
      'llama.cpp',
      '-np',
      'the slots share the context, and as many are planned as spec.model.maxModelLen and the memory allow',
    ],
  ] as const)('%s: %s', (type, flag, why) => {
    const decided = why.startsWith('spec.') ? `it is decided by ${why}` : why;
    expect(check(type, [flag, '3'])).toEqual({
      refused: true,
      reason: 'InvalidEngineArgument',
      message: `engine.extraArgs sets ${/^-[^=]*/.exec(flag)?.[0] ?? ''}, which belongs to the plan: take it out; ${decided}`,
    });
  });
});

describe('what the plan does not count is warned of', () => {
  test.each([
    ['vLLM', ['--max-num-seqs', '8']],
    ['vLLM', ['--enable-expert-parallel']],
    ['vLLM', ['--speculative-config.model', 'm']],
    ['SGLang', ['--max-running-requests', '8']],
    ['TensorRT-LLM', ['--max_batch_size', '8']],
    ['llama.cpp', ['-ub', '256']],
  ] as const)('%s: %j', (type, extraArgs) => {
    expect(check(type, extraArgs)).toEqual({ warnings: [expect.stringContaining('which this plan does not count')] });
  });
});

describe('a value where the engine takes none, or none where it takes one, is refused', () => {
  test.each([
    ['vLLM', ['--enable-prefix-caching', 'other-model'], '"other-model" follows --enable-prefix-caching'],
    ['vLLM', ['--enable_prefix_caching=true'], '"true" follows --enable_prefix_caching, which takes no value'],
    ['vLLM', ['--no-enable-prefix-caching', 'x', '--seed', '1'], '"x" follows --no-enable-prefix-caching'],
    ['vLLM', ['-O3', 'x'], '"x" follows -O3, which takes no value'],
    ['vLLM', ['--seed', '1', '2'], '"1" "2" follow --seed, which takes one value'],
    ['vLLM', ['--seed=1', '2'], '"1" "2" follow --seed, which takes one value'],
    ['vLLM', ['--seed', '--enable-prefix-caching'], 'no value follows --seed, which takes one'],
    ['vLLM', ['--seed 1'], 'no value follows --seed, which takes one'],
    ['SGLang', ['--enable-mixed-chunk', 'x'], '"x" follows --enable-mixed-chunk, which takes no value'],
    ['SGLang', ['--schedule-policy'], 'no value follows --schedule-policy, which takes one'],
    ['TensorRT-LLM', ['--enable_chunked_prefill', 'true'], '"true" follows --enable_chunked_prefill'],
    ['llama.cpp', ['--swa_full', 'x'], '"x" follows --swa_full, which takes no value'],
    ['llama.cpp', ['--temp', '1', '2'], '"1" "2" follow --temp, which takes one value'],
  ] as const)('%s: %j', (type, extraArgs, message) => {
    expect(check(type, extraArgs)).toMatchObject({
      reason: 'InvalidEngineArgument',
      message: expect.stringContaining(`engine.extraArgs: ${message}`),
    });
  });

  test.each([
    ['vLLM', ['--seed', '-1', '--allowed-media-domains', 'a', 'b', '--allowed-media-domains']],
    ['vLLM', ['--speculative-config={"num": 3}']],
    ['SGLang', ['--log-requests-target', 'stdout', '/logs']],
    ['llama.cpp', ['--control-vector-layer-range', '1', '4']],
  ] as const)('%s takes %j', (type, extraArgs) => {
    expect(check(type, extraArgs)).not.toHaveProperty('refused');
  });

  it('is not looked at where nobody wrote down what the flags take', () => {
    expect(check('TensorRT-LLM', ['--enable_chunked_prefill', 'x'], { newest: false })).toEqual({ warnings: [] });
  });

  it('is warned of for an image of the user’s', () => {
    const image = 'registry.example/vllm:mine';
    expect(check('vLLM', ['--mine', 'x', '--enable-prefix-caching', 'x'], { image })).toEqual({
      warnings: [
        'vLLM 0.32.0 has no flag --mine; your image has to know it',
        'engine.extraArgs: "x" follows --enable-prefix-caching, which takes no value in vLLM 0.32.0; your image has to take it',
      ],
    });
  });
});

test.each([
  ['vLLM', ['--enable-prefix-caching', '-O3', '--compilation-config.mode', '3']],
  ['SGLang', ['--schedule-policy', 'lpm']],
  ['TensorRT-LLM', ['--reasoning_parser', 'deepseek-r1']],
  ['llama.cpp', ['--temp', '0.6', '-lv', '1']],
] as const)('%s takes %j without a word', (type, extraArgs) => {
  expect(check(type, extraArgs)).toEqual({ warnings: [] });
});

test.each([
  ['--top-k=40', '"--top-k" and "40"'],
  ['--temp=', '"--temp" and ""'],
  ['--chat-template-kwargs={"a":"b=c"}', '"--chat-template-kwargs" and "{\\"a\\":\\"b=c\\"}"'],
])('llama.cpp ends at %s, which is refused with two list items to write instead', (argument, instead) => {
  expect(check('llama.cpp', [argument])).toMatchObject({
    reason: 'InvalidEngineArgument',
    message: expect.stringMatching(/write two list items/),
  });
  expect(check('llama.cpp', [argument])).toHaveProperty('message', expect.stringContaining(instead));
});

test.each([
  [['--no-metrics'], ['--metrics'], true],
  [['--ctx_size', '1'], ['--ctx-size'], true],
  [['-c', '1'], ['--ctx-size', '-c'], true],
  [['--ctx-size-draft', '1'], ['--ctx-size'], false],
  [['ctx-size'], ['--ctx-size'], false],
])('%j sets %j: %s', (extraArgs, flags, expected) => {
  expect(isSetBy(extraArgs, flags)).toBe(expected);
});
