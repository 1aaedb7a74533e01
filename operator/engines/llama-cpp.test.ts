import { describe, expect, it, test } from '@jest/globals';
import { commandLine, planned, render, valueOf } from './test-support.ts';

const onCPU = { model: { name: 'deepseek-llm-7b-chat' }, accelerator: { type: 'CPU' } };
const onOrin = { model: { name: 'deepseek-r1-distill-qwen-1.5b' }, accelerator: { type: 'Orin' } };

test('7B on a CPU: the whole command line', () => {
  expect(commandLine(render(onCPU))).toBe(
    '/app/llama-server --hf-repo TheBloke/deepseek-llm-7B-chat-GGUF:Q4_K_M --no-mmproj --host 0.0.0.0 --port 8080 ' +
      '--alias chat --ctx-size 16384 --parallel 4 --ubatch-size 512 --cache-type-k f16 --cache-type-v f16 --fit off ' +
      `--threads ${planned(onCPU).host.cpu} --cache-ram 0 --metrics`,
  );
});

test('1.5B on Jetson Orin: all layers on its GPU', () => {
  const container = render(onOrin);
  expect(valueOf(container, '--gpu-layers')).toBe('999');
  expect(valueOf(container, '--split-mode')).toBe('none');
  expect(render(onCPU).args).not.toContain('--gpu-layers');
});

test('layers are divided over several GPUs', () => {
  const quantization = { type: 'GGUF', ggufType: 'Q8_0' };
  const model = { name: 'deepseek-r1-distill-llama-70b' };
  const container = render({ model, accelerator: { type: 'A100-40GB', count: 4 }, quantization });
  expect(valueOf(container, '--split-mode')).toBe('layer');
});

describe('the context', () => {
  it.each([onCPU, onOrin, { ...onCPU, model: { ...onCPU.model, maxModelLen: 1000 } }])(
    'is that of all slots, each of the planned length: %#',
    (spec) => {
      const container = render(spec);
      const { maxModelLen, kvCacheTokens } = planned(spec);
      const total = Number(valueOf(container, '--ctx-size'));
      expect(total).toBe(maxModelLen * Number(valueOf(container, '--parallel')));
      expect(total).toBeLessThanOrEqual(kvCacheTokens);
    },
  );
});

describe('weights', () => {
  const from = (source: object) => render({ ...onCPU, model: { ...onCPU.model, source } });

  it('come from a file of a volume', () => {
    const container = from({ persistentVolumeClaim: { claimName: 'w', path: 'llm/model-Q4_K_M.gguf' } });
    expect(valueOf(container, '--model')).toBe('/models/llm/model-Q4_K_M.gguf');
    expect(container.args).not.toContain('--hf-repo');
  });
  it('come from model.gguf of an image', () => {
    expect(valueOf(from({ image: { reference: 'registry.example/m:1' } }), '--model')).toBe('/models/model.gguf');
  });
});

test('answers to every served name', () => {
  const model = { ...onCPU.model, servedNames: ['chat', 'r1'] };
  expect(valueOf(render({ ...onCPU, model }), '--alias')).toBe('chat,r1');
});

test('takes the API key from the Secret, and shows it in no argument', () => {
  const container = render({ ...onCPU, engine: { apiKeySecretRef: { name: 'keys', key: 'chat' } } });
  expect(container.env).toContainEqual({
    name: 'LLAMA_API_KEY',
    valueFrom: { secretKeyRef: { name: 'keys', key: 'chat' } },
  });
  expect(container.args).not.toContain('--api-key');
});

test.each([
  [['-t', '3'], '--threads'],
  [['-ub', '256'], '--ubatch-size'],
])('extraArgs %j stand for %s', (extraArgs, ours) => {
  const { args } = render({ ...onCPU, engine: { extraArgs } });
  expect(args).not.toContain(ours);
  expect(args.slice(-2)).toEqual(extraArgs);
});

describe('termination', () => {
  it.each([
    [undefined, 10, 330],
    [{ preStopDelay: '5s', drainDeadline: '2m' }, 5, 120],
    [{ preStopDelay: '5s', drainDeadline: '10s' }, 5, 10],
  ])('%j: requests have their time before SIGTERM, which stops them', (termination, delay, drain) => {
    const container = render({ ...onCPU, ...(termination !== undefined && { termination }) });
    const [shell, option, script] = container.preStopCommand ?? [];
    expect([shell, option]).toEqual(['/bin/sh', '-c']);
    expect(script?.split('\n').slice(0, 2)).toEqual([`sleep ${delay}`, `end=$(($(date +%s) + ${drain}))`]);
    expect(container.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(delay + drain + 5);
  });
});
