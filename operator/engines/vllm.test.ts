import { describe, expect, it, test } from '@jest/globals';
import { renderEngine } from './index.ts';
import { deploymentOf, planned, render, valueOf } from './test-support.ts';

const model = { name: 'deepseek-r1-distill-qwen-7b' };
const onA100 = { model, accelerator: { type: 'A100-80GB' } };

describe('the command line', () => {
  test('FP16 on an A100', () => {
    const { command, args } = render({ ...onA100, quantization: { type: 'FP16' } });
    expect([...command, ...args].join(' ')).toBe(
      'vllm serve deepseek-ai/DeepSeek-R1-Distill-Qwen-7B --host 0.0.0.0 --port 8000 --served-model-name chat ' +
        '--dtype half --tensor-parallel-size 1 --max-model-len 131072 --gpu-memory-utilization 0.90 --max-num-seqs 256 ' +
        '--max-num-batched-tokens 2048 --shutdown-timeout 330 --disable-access-log-for-endpoints /health,/metrics',
    );
  });

  test('INT8 on two T4s', () => {
    const spec = {
      model: { ...model, maxModelLen: 8192 },
      accelerator: { type: 'T4', count: 2 },
      quantization: { type: 'INT8' },
    };
    const { command, args } = render(spec);
    expect([...command, ...args].join(' ')).toBe(
      'vllm serve RedHatAI/DeepSeek-R1-Distill-Qwen-7B-quantized.w8a8 --host 0.0.0.0 --port 8000 --served-model-name chat ' +
        '--dtype half --tensor-parallel-size 2 --max-model-len 8192 --gpu-memory-utilization 0.90 --max-num-seqs 119 ' +
        '--max-num-batched-tokens 2048 --shutdown-timeout 330 --disable-access-log-for-endpoints /health,/metrics',
    );
  });

  it('names what the spec names, and pins weights and tokenizer together', () => {
    const { args } = render({
      ...onA100,
      model: { ...model, revision: '0123abc', servedNames: ['chat', 'r1'], trustRemoteCode: true },
    });
    const at = args.indexOf('--served-model-name');
    expect(args.slice(at, at + 4)).toEqual(['--served-model-name', 'chat', 'r1', '--revision']);
    expect(valueOf({ args }, '--revision')).toBe('0123abc');
    expect(valueOf({ args }, '--tokenizer-revision')).toBe('0123abc');
    expect(args).toContain('--trust-remote-code');
  });

  it('trusts no remote code by default, and has no flag for the default', () => {
    const { args } = render(onA100);
    expect(args).not.toContain('--trust-remote-code');
    expect(args).not.toContain('--pipeline-parallel-size');
    expect(args).not.toContain('--quantization');
    expect(args).not.toContain('--kv-cache-dtype');
  });

  it('quantizes on loading only what is not quantized yet', () => {
    const fp8 = { accelerator: { type: 'H100' }, quantization: { type: 'FP8' } };
    expect(render({ ...fp8, model }).args).not.toContain('--quantization');
    const online = render({ ...fp8, model: { name: 'deepseek-r1-0528-qwen3-8b' } });
    expect(valueOf(online, '--quantization')).toBe('fp8');
    expect(online.args[0]).toBe('deepseek-ai/DeepSeek-R1-0528-Qwen3-8B');
  });

  it('keeps the KV cache in FP8 when asked, and splits into stages when asked', () => {
    const { args } = render({
      model,
      accelerator: { type: 'H100', parallelism: { tensor: 2, pipeline: 2 } },
      quantization: { kvCache: 'FP8' },
    });
    expect(valueOf({ args }, '--kv-cache-dtype')).toBe('fp8');
    expect(valueOf({ args }, '--tensor-parallel-size')).toBe('2');
    expect(valueOf({ args }, '--pipeline-parallel-size')).toBe('2');
  });

  it.each([
    ['FP32', 'float'],
    ['FP16', 'half'],
    ['BF16', 'bfloat16'],
    ['INT8', 'bfloat16'],
    ['GPTQ', 'bfloat16'],
  ])('computes %s in %s on an A100', (type, dtype) => {
    expect(valueOf(render({ ...onA100, quantization: { type } }), '--dtype')).toBe(dtype);
  });

  it('lets extraArgs win, and gives no flag twice', () => {
    const extraArgs = ['--max-num-seqs', '8', '--no-enable-prefix-caching'];
    const { args } = render({ ...onA100, engine: { extraArgs } });
    expect(args.filter((argument) => argument === '--max-num-seqs')).toHaveLength(1);
    expect(args.slice(-3)).toEqual(extraArgs);
  });
});

describe('weights', () => {
  it('come from the hub, a mirror, and with a token', () => {
    const huggingFace = { endpoint: 'https://mirror.example', tokenSecretRef: { name: 'hf', key: 'token' } };
    const { args, env, volumes } = render({ ...onA100, model: { ...model, source: { huggingFace } } });
    expect(args[0]).toBe('deepseek-ai/DeepSeek-R1-Distill-Qwen-7B');
    expect(env).toEqual(
      expect.arrayContaining([
        { name: 'HF_ENDPOINT', value: 'https://mirror.example' },
        { name: 'HF_TOKEN', valueFrom: { secretKeyRef: { name: 'hf', key: 'token' } } },
      ]),
    );
    expect(volumes).toEqual([]);
  });

  const offline = [
    { name: 'HF_HUB_OFFLINE', value: '1' },
    { name: 'TRANSFORMERS_OFFLINE', value: '1' },
  ];

  test.each([
    [undefined, '/models'],
    ['r1-7b', '/models/r1-7b'],
    ['./a/b/', '/models/a/b'],
  ])('come from a volume, read-only and offline: path %s is %s', (path, folder) => {
    const persistentVolumeClaim = { claimName: 'weights', ...(path !== undefined && { path }) };
    const container = render({ ...onA100, model: { ...model, source: { persistentVolumeClaim } } });
    expect(container.args[0]).toBe(folder);
    expect(container.volumes).toEqual([
      { name: 'weights', persistentVolumeClaim: { claimName: 'weights', readOnly: true } },
    ]);
    expect(container.volumeMounts).toEqual([{ name: 'weights', mountPath: '/models', readOnly: true }]);
    expect(container.env).toEqual(expect.arrayContaining(offline));
  });

  it('come from an image volume', () => {
    const image = { reference: 'registry.example/models/r1-7b:1', pullPolicy: 'IfNotPresent' };
    const container = render({ ...onA100, model: { ...model, source: { image } } });
    expect(container.args[0]).toBe('/models');
    expect(container.volumes).toEqual([{ name: 'weights', image }]);
    expect(container.env).toEqual(expect.arrayContaining(offline));
  });
});

describe('the container', () => {
  it('takes the API key from the Secret, and shows it in no argument', () => {
    const { args, env } = render({ ...onA100, engine: { apiKeySecretRef: { name: 'keys', key: 'chat' } } });
    expect(env).toContainEqual({ name: 'VLLM_API_KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'chat' } } });
    expect(args).not.toContain('--api-key');
  });

  it('runs the image of the catalogue, or the user’s', () => {
    expect(render(onA100).image).toBe('vllm/vllm-openai:v0.32.0');
    expect(render({ ...onA100, engine: { image: 'registry.example/vllm:mine' } }).image).toBe(
      'registry.example/vllm:mine',
    );
  });

  describe('probes', () => {
    const container = render({ ...onA100, model: { name: 'deepseek-llm-67b-chat' } });
    const { startupProbe, livenessProbe, readinessProbe } = container;

    it('ask the engine’s own health endpoint', () => {
      for (const probe of [startupProbe, livenessProbe, readinessProbe]) {
        expect(probe.httpGet).toEqual({ path: '/health', port: container.port });
      }
    });
    it('wait for the whole start-up budget', () => {
      const { startupBudgetSeconds } = planned({ ...onA100, model: { name: 'deepseek-llm-67b-chat' } });
      expect(startupProbe.periodSeconds! * startupProbe.failureThreshold!).toBeGreaterThanOrEqual(startupBudgetSeconds);
    });
    it('take a hung engine out of the Service within 15 seconds', () => {
      // Hung right after a good answer: the last of the failing probes has to run into its timeout.
      const { periodSeconds, timeoutSeconds, failureThreshold } = readinessProbe;
      expect(periodSeconds! * failureThreshold! + timeoutSeconds!).toBeLessThanOrEqual(15);
    });
    it('restart only what has been silent for minutes', () => {
      expect(livenessProbe.periodSeconds! * livenessProbe.failureThreshold!).toBeGreaterThanOrEqual(120);
      expect(livenessProbe.timeoutSeconds!).toBeLessThan(livenessProbe.periodSeconds!);
    });
  });

  describe('termination', () => {
    test.each([
      [undefined, 10, 330],
      [{ preStopDelay: '5s', drainDeadline: '2m' }, 5, 120],
      [{ preStopDelay: '1500ms', drainDeadline: '500ms' }, 2, 1],
      [{ preStopDelay: '0s', drainDeadline: '1h30m' }, 0, 5400],
    ])('%j: sleeps %d s, then drains %d s, and the kubelet waits for both', (termination, preStop, drain) => {
      const container = render({ ...onA100, ...(termination !== undefined && { termination }) });
      expect(container.preStopSeconds).toBe(preStop);
      expect(valueOf(container, '--shutdown-timeout')).toBe(String(drain));
      expect(container.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(preStop + drain + 5);
    });
  });
});

test('on a CPU the KV cache has a size, and the memory no share', () => {
  const container = render({ model, accelerator: { type: 'CPU' }, engine: { type: 'vLLM' } });
  expect(container.image).toBe('vllm/vllm-openai-cpu:v0.32.0');
  expect(container.args).not.toContain('--gpu-memory-utilization');
  expect(container.env).toContainEqual({ name: 'VLLM_CPU_KVCACHE_SPACE', value: expect.stringMatching(/^[1-9]/) });
});

describe('the KV cache on a CPU, in whole GiB', () => {
  const onCPU = (maxModelLen: number, resources?: object) => ({
    model: { ...model, maxModelLen },
    accelerator: { type: 'CPU' },
    quantization: { type: 'BF16' },
    engine: { type: 'vLLM' },
    ...(resources && { resources }),
  });

  test.each([
    [32_768, undefined],
    [32_768, { memory: '64Gi' }],
    [1000, undefined],
    [131_072, undefined],
  ])('holds a sequence of %d tokens, and counts as host memory (%j)', (maxModelLen, resources) => {
    const spec = onCPU(maxModelLen, resources);
    const plan = planned(spec);
    const { memory, host } = plan;
    const space = Number(render(spec).env.find(({ name }) => name === 'VLLM_CPU_KVCACHE_SPACE')?.value);
    expect(space * 2 ** 30).toBeGreaterThanOrEqual(maxModelLen * memory.kvBytesPerTokenPerGPU);
    expect(space).toBe(memory.kvCacheGiBPerGPU);
    expect(host.memoryRequestGiB).toBeGreaterThanOrEqual(memory.weightsGiBPerGPU + memory.overheadGiBPerGPU + space);
  });

  it('lies beside the server itself, which has its libraries in the same memory', () => {
    const { overheadGiBPerGPU } = planned(onCPU(32_768)).memory;
    expect(overheadGiBPerGPU).toBeGreaterThanOrEqual(3);
    const llama = { ...onCPU(32_768), engine: { type: 'llama.cpp' }, quantization: { type: 'GGUF' } };
    expect(planned(llama).memory.overheadGiBPerGPU).toBeLessThan(3);
  });

  it('is refused where whole GiB do not hold it, and taken with one GiB more', () => {
    const { memory } = planned(onCPU(32_768));
    const given = memory.weightsGiBPerGPU + memory.overheadGiBPerGPU + memory.kvCacheGiBPerGPU;
    const mebibytes = (gib: number): object => ({ memory: `${Math.ceil(gib * 1024)}Mi` });
    expect(() => planned(onCPU(32_768, mebibytes(given - 0.1)))).toThrow(/which leaves 1(\.0+)? GiB for the KV cache/);
    expect(planned(onCPU(32_768, mebibytes(given + 0.1))).memory.kvCacheGiBPerGPU).toBe(2);
  });
});

test('a plan of an engine that the catalogue does not have is a bug', () => {
  const plan = planned(onA100);
  const other = { ...plan, engine: { ...plan.engine, type: 'SGLang' as const } };
  expect(() => renderEngine(other, deploymentOf(onA100))).toThrow(RangeError);
});
