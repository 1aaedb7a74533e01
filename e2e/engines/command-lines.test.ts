import { describe, expect, it } from '@jest/globals';
import { parseDeepSeekDeployment } from '../../operator/api/index.ts';
import { renderEngine } from '../../operator/engines/index.ts';
import { plan } from '../../operator/planner/index.ts';
import { personaOf } from '../simulator/engines/index.ts';
import type { NodeGpu } from '../simulator/engines/types.ts';
import { writtenFiles } from '../simulator/pods/files.ts';
import type { Container } from '../simulator/pods/types.ts';

const t4: NodeGpu = { name: 'Tesla T4', computeCapability: 7.5, memoryGiB: 15 };
const a100x40: NodeGpu = { name: 'NVIDIA A100-SXM4-40GB', computeCapability: 8, memoryGiB: 40 };
const a100: NodeGpu = { name: 'NVIDIA A100-SXM4-80GB', computeCapability: 8, memoryGiB: 80 };
const h100: NodeGpu = { name: 'NVIDIA H100 80GB HBM3', computeCapability: 9, memoryGiB: 79.6 };
const h200: NodeGpu = { name: 'NVIDIA H200', computeCapability: 9, memoryGiB: 140.4 };

const KEY = 'sk-1';

const model = (name: string, more: object = {}) => ({ model: { name, ...more } });

/** What we plan and render must be what the engine, which knows nothing of our plans, takes on that machine. */
describe('a command line of ours', () => {
  it.each<[string, object, NodeGpu | undefined]>([
    [
      'vLLM',
      {
        ...model('deepseek-r1-distill-qwen-7b', { maxModelLen: 8192 }),
        accelerator: { type: 'T4', count: 2 },
        quantization: { type: 'INT8' },
      },
      t4,
    ],
    ['vLLM', { ...model('deepseek-llm-67b-chat'), accelerator: { type: 'A100-80GB', count: 4 } }, a100],
    [
      'vLLM',
      { ...model('deepseek-llm-7b-chat'), accelerator: { type: 'A100-40GB' }, quantization: { type: 'FP16' } },
      a100x40,
    ],
    [
      'SGLang',
      { ...model('deepseek-r1-distill-qwen-7b'), accelerator: { type: 'A100-80GB' }, engine: { type: 'SGLang' } },
      a100,
    ],
    [
      'SGLang',
      { ...model('deepseek-v2-lite-chat'), accelerator: { type: 'A100-40GB' }, engine: { type: 'SGLang' } },
      a100x40,
    ],
    ['SGLang', { ...model('deepseek-r1'), accelerator: { type: 'H200', count: 8 }, engine: { type: 'SGLang' } }, h200],
    [
      'SGLang',
      {
        ...model('deepseek-v2-lite-chat'),
        accelerator: { type: 'A100-40GB' },
        engine: { type: 'SGLang', apiKeySecretRef: { name: 'keys', key: 'api' } },
      },
      a100x40,
    ],
    [
      'TensorRT-LLM',
      {
        ...model('deepseek-r1-distill-llama-8b'),
        accelerator: { type: 'H100' },
        engine: { type: 'TensorRT-LLM' },
        quantization: { type: 'FP8' },
      },
      h100,
    ],
    [
      'TensorRT-LLM',
      {
        ...model('deepseek-r1-distill-llama-8b'),
        accelerator: { type: 'A100-80GB' },
        engine: { type: 'TensorRT-LLM' },
        quantization: { type: 'FP16' },
      },
      a100,
    ],
    [
      'llama.cpp',
      {
        ...model('deepseek-llm-7b-chat'),
        accelerator: { type: 'CPU' },
        engine: { type: 'llama.cpp' },
        quantization: { type: 'GGUF' },
      },
      undefined,
    ],
  ])('for %s is taken: %j', async (name, spec, gpu) => {
    const parsed = parseDeepSeekDeployment({
      apiVersion: 'deepseek-operator.io/v1alpha1',
      kind: 'DeepSeekDeployment',
      metadata: { name: 'chat', namespace: 'ai' },
      spec,
    });
    if (!parsed.ok) throw new Error(parsed.message);
    const planned = plan(parsed.value.spec);
    if (!planned.accepted) throw new Error(planned.message);
    const rendered = renderEngine(planned.plan, parsed.value);
    const container = { ...rendered, name: 'engine' } as Container;
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'pod' },
      spec: { containers: [container], initContainers: rendered.initContainers as readonly Container[] },
    };
    const memory = planned.plan.host.memoryLimitGiB;
    const launch = {
      command: rendered.command,
      args: rendered.args,
      image: rendered.image,
      environment: new Map<string, string>(),
      files: await writtenFiles(pod, container, () => Promise.resolve(KEY)),
      gpuCount: gpu === undefined ? 0 : planned.plan.gpusPerReplica,
      ...(gpu && { gpu }),
      memoryGiB: memory,
    };
    const persona = personaOf(launch);
    expect(persona?.name).toBe(name);
    const started = persona?.start(launch);
    expect(started).toMatchObject({
      accepted: true,
      engine: { maxModelLen: planned.plan.maxModelLen, port: rendered.port, servedNames: ['chat'] },
    });
    expect([...launch.command, ...launch.args].join(' ')).not.toContain(KEY);
    const isKeyed = parsed.value.spec.engine?.apiKeySecretRef !== undefined;
    expect(started).toMatchObject({ engine: { apiKeys: isKeyed ? [KEY] : [] } });
    // vLLM shows its metrics in any case; the others were told to.
    if (name !== 'vLLM') expect(started).toMatchObject({ engine: { metrics: true } });
  });
});
