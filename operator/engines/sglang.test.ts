import { describe, expect, it, test } from '@jest/globals';
import type { EngineContainer } from './types.ts';
import { commandLine, planned, render, valueOf } from './test-support.ts';

const lite = {
  model: { name: 'deepseek-v2-lite-chat' },
  accelerator: { type: 'A100-40GB' },
  engine: { type: 'SGLang' },
};

const withKey = (extraArgs: readonly string[] = []) =>
  render({ ...lite, engine: { ...lite.engine, apiKeySecretRef: { name: 'keys', key: 'chat' }, extraArgs } });

test('V2-Lite on an A100: the whole command line', () => {
  const plan = planned(lite);
  expect(commandLine(render(lite))).toBe(
    'python3 -m sglang.launch_server --model-path deepseek-ai/DeepSeek-V2-Lite-Chat --host 0.0.0.0 --port 30000 ' +
      '--served-model-name chat --dtype bfloat16 --tp-size 1 --context-length 32768 ' +
      `--mem-fraction-static ${plan.memory.engineSetting?.fraction.toFixed(3) ?? ''} --max-running-requests ${plan.maxNumSeqs} ` +
      '--chunked-prefill-size 2048 --enable-metrics --uvicorn-access-log-exclude-prefixes /health /metrics',
  );
});

describe('the static fraction', () => {
  it.each([
    ['deepseek-v2-lite-chat', 'A100-40GB'],
    ['deepseek-r1', 'H200'],
    ['deepseek-r1-distill-llama-70b', 'H100'],
    ['deepseek-r1-distill-qwen-7b', 'L4'],
  ])('holds the weights and the KV cache of %s on %s', (name, type) => {
    const { memory, tensorParallel } = planned({ model: { name }, accelerator: { type }, engine: { type: 'SGLang' } });
    expect(memory.engineSetting?.kind).toBe('StaticFraction');
    // SGLang takes the fraction of what is free when it starts: contexts and communication buffers are there already.
    const atStart = memory.gpuTotalGiB - (tensorParallel > 1 ? 1.5 : 0.5);
    const fraction = memory.engineSetting?.fraction ?? Number.NaN;
    expect(fraction * atStart).toBeCloseTo(memory.weightsGiBPerGPU + memory.kvCacheGiBPerGPU, 1);
    expect(memory.weightsGiBPerGPU + memory.overheadGiBPerGPU + memory.kvCacheGiBPerGPU).toBeCloseTo(
      memory.gpuTotalGiB,
      1,
    );
  });
});

describe('arguments', () => {
  it('has the API key in a file in memory, written from the Secret before it starts, and in no argument', () => {
    const container = withKey();
    expect(valueOf(container, '--config')).toBe('/etc/sglang/settings.yaml');
    expect(container.args).not.toContain('--api-key');
    const [writer] = container.initContainers;
    expect(writer).toMatchObject({
      name: 'engine-config',
      env: [{ name: 'ENGINE_API_KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'chat' } } }],
      volumeMounts: [{ name: 'engine-config', mountPath: '/etc/sglang' }],
    });
    expect(writer?.command?.[2]).toContain(
      `printf 'api-key: |2-\\n  %s\\n' "$ENGINE_API_KEY" > /etc/sglang/settings.yaml`,
    );
    expect(container.volumes).toContainEqual({
      name: 'engine-config',
      emptyDir: { medium: 'Memory', sizeLimit: '1Mi' },
    });
    // Who serves does not need the Secret any more.
    expect(JSON.stringify({ ...container, initContainers: [] })).not.toMatch(/secretKeyRef|ENGINE_API_KEY/);
  });

  it('keeps the key out of the log, in which SGLang shows its settings', () => {
    const loggingOf = (container: EngineContainer): unknown =>
      JSON.parse(container.initContainers.find(({ name }) => name === 'engine-config')?.args?.[0] ?? 'null');
    const container = withKey();
    expect(loggingOf(container)).toMatchObject({
      disable_existing_loggers: false,
      root: { level: 'INFO' },
      loggers: { 'sglang.srt.entrypoints.engine': { level: 'WARNING' } },
    });
    const path = '/etc/sglang/logging.json';
    expect(container.env).toContainEqual({ name: 'SGLANG_LOGGING_CONFIG_PATH', value: path });
    expect(container.initContainers[0]?.command?.[2]).toContain(`printf '%s\\n' "$@" > ${path}`);
    expect(container.volumeMounts).toContainEqual({ name: 'engine-config', mountPath: '/etc/sglang', readOnly: true });
    expect(loggingOf(withKey(['--log-level', 'debug']))).toMatchObject({ root: { level: 'DEBUG' } });
    expect(loggingOf(withKey(['--log-level=error']))).toMatchObject({ root: { level: 'ERROR' } });
    expect(render(lite)).toMatchObject({ initContainers: [], volumes: [], volumeMounts: [] });
  });

  it('quantizes on loading only what is not quantized yet', () => {
    const fp8 = { accelerator: { type: 'H100' }, quantization: { type: 'FP8' }, engine: { type: 'SGLang' } };
    expect(valueOf(render({ ...fp8, model: { name: 'deepseek-r1-0528-qwen3-8b' } }), '--quantization')).toBe('fp8');
    expect(render({ ...fp8, model: { name: 'deepseek-r1-distill-qwen-7b' } }).args).not.toContain('--quantization');
    const native = render({
      model: { name: 'deepseek-r1' },
      accelerator: { type: 'H200' },
      engine: { type: 'SGLang' },
    });
    expect(native.args).not.toContain('--quantization');
  });

  it('lets extraArgs win, whatever the spelling', () => {
    const { args } = render({ ...lite, engine: { ...lite.engine, extraArgs: ['--max-running-requests', '8'] } });
    expect(args.filter((argument) => argument === '--max-running-requests')).toHaveLength(1);
    expect(args.slice(-2)).toEqual(['--max-running-requests', '8']);
  });
});

describe('probes', () => {
  const { readinessProbe, livenessProbe, startupProbe, port } = render(lite);

  it('wait longer than the second that a good answer takes', () => {
    for (const probe of [readinessProbe, livenessProbe, startupProbe]) {
      expect(probe.timeoutSeconds).toBeGreaterThanOrEqual(3);
      expect(probe.httpGet).toEqual({ path: '/health', port });
    }
  });
  it('take a hung engine out of the Service within 15 seconds', () => {
    const { periodSeconds, timeoutSeconds, failureThreshold } = readinessProbe;
    expect(periodSeconds! * failureThreshold! + timeoutSeconds!).toBeLessThanOrEqual(15);
  });
  it('restart only what has been silent for minutes', () => {
    expect(livenessProbe.periodSeconds! * livenessProbe.failureThreshold!).toBeGreaterThanOrEqual(120);
    expect(livenessProbe.timeoutSeconds!).toBeLessThan(livenessProbe.periodSeconds!);
  });
});

test('the pod bounds a drain that SGLang does not: what it has left after it is for the schedulers', () => {
  const container = render({ ...lite, termination: { preStopDelay: '5s', drainDeadline: '2m' } });
  expect(container.preStopSeconds).toBe(5);
  expect(container.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(5 + 120 + 15);
});

test.each([
  ['deepseek-r1', 'INT8', 'H200', 'w8a8_int8'],
  ['deepseek-v3.1-terminus', 'INT8', 'H200', 'w8a8_int8'],
  ['deepseek-r1-distill-llama-8b', 'INT8', 'A100-80GB', undefined],
  ['deepseek-r1', 'FP8', 'H200', undefined],
  ['deepseek-r1-0528-qwen3-8b', 'FP8', 'H100', 'fp8'],
] as const)('%s in %s on %s: --quantization %s', (name, type, accelerator, expected) => {
  const container = render({
    model: { name },
    accelerator: { type: accelerator },
    quantization: { type },
    engine: { type: 'SGLang' },
  });
  expect(valueOf(container, '--quantization')).toBe(expected);
});
