import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from '@jest/globals';
import { parse } from 'yaml';
import type { EngineContainer } from './index.ts';
import { commandLine, render, valueOf } from './test-support.ts';

const distill = {
  model: { name: 'deepseek-r1-distill-llama-8b' },
  accelerator: { type: 'H100' },
  quantization: { type: 'FP8' },
  engine: { type: 'TensorRT-LLM' },
};

test('distill 8B in FP8 on an H100: the whole command line', () => {
  expect(commandLine(render(distill))).toMatch(
    /^trtllm-serve serve RedHatAI\/DeepSeek-R1-Distill-Llama-8B-FP8-dynamic --host 0\.0\.0\.0 --port 8000 --served_model_name chat --tp_size 1 --max_seq_len 131072 --max_batch_size [0-9]+ --max_num_tokens 8192 --enable_chunked_prefill --kv_cache_free_gpu_memory_fraction 0\.90 --config \/etc\/trtllm\/config\.yaml$/,
  );
});

test('version 1.2 is told only what it knows', () => {
  const container = render({
    ...distill,
    quantization: { type: 'FP16' },
    engine: { ...distill.engine, version: '1.2.1' },
  });
  expect(container.args).not.toContain('--served_model_name');
  expect(container.image).toBe('nvcr.io/nvidia/tensorrt-llm/release:1.2.1');
});

/** What the init container's own shell writes. */
function configFile({ initContainers }: EngineContainer): unknown {
  const writer = initContainers.find(({ name }) => name === 'engine-config')!;
  const [shell = '', flag = '', script = '', ...rest] = writer.command ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'trtllm-'));
  try {
    execFileSync(shell, [flag, script.replaceAll('/etc/trtllm', folder), ...rest, ...(writer.args ?? [])]);
    return parse(readFileSync(join(folder, 'config.yaml'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the configuration file', () => {
  const container = render(distill);

  it('turns the metrics on, and sets the number format of the activations', () => {
    expect(configFile(container)).toEqual({
      dtype: 'bfloat16',
      return_perf_metrics: true,
      enable_iter_perf_stats: true,
    });
  });

  it('repeats the memory fraction beside an FP8 KV cache, because it replaces the whole section', () => {
    const fp8 = render({ ...distill, quantization: { type: 'FP8', kvCache: 'FP8' } });
    expect(configFile(fp8)).toMatchObject({ kv_cache_config: { dtype: 'fp8', free_gpu_memory_fraction: 0.9 } });
  });

  it('is written by the engine’s own image to a volume that the engine reads', () => {
    const [writer] = container.initContainers;
    expect(writer?.image).toBe(container.image);
    expect(container.volumes).toContainEqual({ name: 'engine-config', emptyDir: { sizeLimit: '1Mi' } });
    expect(container.volumeMounts).toContainEqual({ name: 'engine-config', mountPath: '/etc/trtllm', readOnly: true });
    expect(valueOf(container, '--config')).toBe('/etc/trtllm/config.yaml');
  });

  it('may run where only restricted pods may', () => {
    expect(container.initContainers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
  });
});

test('metrics are where Prometheus finds them', () => {
  expect(render(distill).metricsPath).toBe('/prometheus/metrics');
});

test('a hung engine is out of the Service within 15 seconds', () => {
  const { periodSeconds, timeoutSeconds, failureThreshold } = render(distill).readinessProbe;
  expect(periodSeconds! * failureThreshold! + timeoutSeconds!).toBeLessThanOrEqual(15);
});
