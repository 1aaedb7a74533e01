import { describe, expect, it, test } from '@jest/globals';
import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import { CATALOG } from '../catalog/index.ts';
import type { Catalog } from '../catalog/index.ts';
import { plan } from './plan.ts';
import { accepted, planOf } from './test-support.ts';
import type { Case } from './test-support.ts';
import { PUBLISHED } from './testdata/published-requirements.ts';
import type { PublishedRequirement } from './testdata/published-requirements.ts';

/** The published command or table row, as a spec. */
function specOf(row: PublishedRequirement): DeepSeekDeploymentSpec {
  const { tensorParallel: tensor, pipelineParallel: pipeline } = row;
  return {
    model: {
      name: row.model,
      trustRemoteCode: true,
      ...(row.context !== undefined && { maxModelLen: row.context }),
      ...(row.repository !== undefined && { source: { huggingFace: { repository: row.repository } } }),
    },
    accelerator: {
      type: row.accelerator,
      ...(row.gpus > 0 && { count: row.gpus }),
      ...(tensor !== undefined && { parallelism: { tensor, ...(pipeline !== undefined && { pipeline }) } }),
    },
    quantization: {
      type: row.quantization,
      ...(row.ggufType !== undefined && { ggufType: row.ggufType }),
      ...(row.kvCacheDtype === 'fp8' && { kvCache: 'FP8' as const }),
    },
    ...(row.engine !== undefined && { engine: { type: row.engine } }),
  };
}

/** The catalogue under the row's conditions: its share of the memory, and nodes that hold all GPUs of a replica. */
function conditions({ accelerator, gpus, utilization }: PublishedRequirement): Catalog {
  return {
    ...CATALOG,
    accelerators: CATALOG.accelerators.map((entry) =>
      entry.name === accelerator ? { ...entry, maxPerNode: Math.max(entry.maxPerNode, gpus) } : entry,
    ),
    engines:
      utilization === undefined
        ? CATALOG.engines
        : CATALOG.engines.map((engine) => ({
            ...engine,
            versions: engine.versions.map((version) => ({ ...version, memory: { ...version.memory, utilization } })),
          })),
  };
}

/** What the planner is held to; every exclusion says why. */
const COMPARED = PUBLISHED.filter(({ excluded }) => excluded === undefined);

const title = (row: PublishedRequirement): string =>
  `${row.model} in ${row.quantization} ${row.runs ? 'runs' : 'does not run'} on ${row.gpus} x ${row.accelerator}` +
  `${row.engine === undefined ? '' : ` with ${row.engine}`}${row.context === undefined ? '' : ` at ${row.context} tokens`} (${row.source})`;

describe('what others published', () => {
  it('are at least 40 requirements, each with its source', () => {
    expect(COMPARED.length).toBeGreaterThanOrEqual(40);
    expect(COMPARED.filter(({ source }) => source === '')).toEqual([]);
    expect(PUBLISHED.length - COMPARED.length).toBeLessThanOrEqual(4);
  });

  test.each(COMPARED.map((row) => [title(row), row] as const))('%s', (_, row) => {
    const result = plan(specOf(row), conditions(row));
    expect(result.accepted ? 'runs' : `does not run: ${result.message}`).toMatch(
      row.runs ? /^runs$/ : /^does not run: /,
    );
  });

  test.each(COMPARED.filter(({ nodes, runs }) => nodes > 1 && runs).map((row) => [title(row), row] as const))(
    'and needs more than one node: %s',
    (_, row) => {
      expect(plan(specOf(row))).toMatchObject({ accepted: false, reason: 'NeedsMultipleNodes' });
    },
  );
});
/** Worked examples at a utilization of 0.90: verdicts of an independent calculation with a flat overhead. */
describe('worked examples', () => {
  const QWEN_7B = 'deepseek-r1-distill-qwen-7b';
  const QWEN_14B = 'deepseek-r1-distill-qwen-14b';
  const QWEN_32B = 'deepseek-r1-distill-qwen-32b';
  const LLAMA_8B = 'deepseek-r1-distill-llama-8b';
  const LLAMA_70B = 'deepseek-r1-distill-llama-70b';
  const LLM_67B = 'deepseek-llm-67b-chat';
  const repository = 'example/quantized';
  test.each([
    [{ model: QWEN_7B, on: 'T4', gpus: 1, quantization: 'FP16', context: 8192 }, false],
    [{ model: QWEN_7B, on: 'T4', gpus: 2, quantization: 'FP16', context: 8192 }, true],
    [{ model: QWEN_7B, on: 'T4', gpus: 1, quantization: 'INT8', context: 8192 }, true],
    [{ model: QWEN_7B, on: 'T4', gpus: 1, quantization: 'GPTQ', context: 16_384 }, true],
    [{ model: QWEN_7B, on: 'A10G', gpus: 1, quantization: 'FP32', context: 8192 }, false],
    [{ model: QWEN_7B, on: 'A10G', gpus: 1, quantization: 'BF16', context: 32_768 }, true],
    [{ model: QWEN_7B, on: 'L4', gpus: 1, quantization: 'BF16', context: 32_768 }, true],
    [{ model: LLAMA_8B, on: 'T4', gpus: 1, quantization: 'FP16', context: 8192 }, false],
    [{ model: 'deepseek-llm-7b-chat', on: 'T4', gpus: 1, quantization: 'FP16', context: 4096 }, false],
    [{ model: 'deepseek-llm-7b-chat', on: 'T4', gpus: 1, quantization: 'INT8', context: 4096, repository }, true],
    [{ model: 'deepseek-llm-7b-chat', on: 'T4', gpus: 1, quantization: 'AWQ', context: 4096 }, true],
    [{ model: LLM_67B, on: 'A100-80GB', gpus: 1, quantization: 'FP16', context: 4096 }, false],
    [{ model: LLM_67B, on: 'A100-80GB', gpus: 2, quantization: 'FP16', context: 4096 }, true],
    [{ model: LLM_67B, on: 'A100-40GB', gpus: 4, quantization: 'FP16', context: 4096 }, true],
    [{ model: LLM_67B, on: 'A100-40GB', gpus: 8, quantization: 'FP16', context: 4096 }, true],
    [{ model: LLM_67B, on: 'A100-40GB', gpus: 1, quantization: 'INT8', context: 4096, repository }, false],
    [{ model: LLM_67B, on: 'A100-40GB', gpus: 2, quantization: 'INT8', context: 4096, repository }, false],
    [{ model: LLM_67B, on: 'A100-80GB', gpus: 1, quantization: 'INT8', context: 4096, repository }, true],
    [{ model: LLM_67B, on: 'A100-40GB', gpus: 1, quantization: 'AWQ', context: 4096 }, false],
    [{ model: LLM_67B, on: 'A100-80GB', gpus: 1, quantization: 'AWQ', context: 4096 }, true],
    [{ model: LLM_67B, on: 'A100-80GB', gpus: 4, quantization: 'FP32', context: 4096 }, true],
    [{ model: QWEN_14B, on: 'A100-40GB', gpus: 1, quantization: 'BF16', context: 32_768 }, false],
    [{ model: QWEN_14B, on: 'A100-40GB', gpus: 1, quantization: 'BF16', context: 16_384 }, true],
    [{ model: QWEN_32B, on: 'A100-80GB', gpus: 1, quantization: 'BF16', context: 32_768 }, false],
    [{ model: QWEN_32B, on: 'A100-80GB', gpus: 1, quantization: 'BF16', context: 16_384 }, true],
    [{ model: QWEN_32B, on: 'A100-40GB', gpus: 1, quantization: 'GPTQ', context: 32_768 }, true],
    [{ model: LLAMA_70B, on: 'H100', gpus: 1, quantization: 'FP8', context: 8192 }, false],
    [{ model: LLAMA_70B, on: 'H100', gpus: 2, quantization: 'FP8', context: 8192 }, true],
    [{ model: 'deepseek-v2-lite', on: 'A100-40GB', gpus: 1, quantization: 'BF16', context: 32_768 }, true],
    [{ model: 'deepseek-v2-lite', on: 'A100-40GB', gpus: 1, quantization: 'BF16', context: 163_840 }, false],
    [{ model: 'deepseek-r1', on: 'H100', gpus: 8, quantization: 'FP8' }, false],
    [{ model: 'deepseek-r1', on: 'H200', gpus: 8, quantization: 'FP8', context: 163_840 }, true],
    [{ model: 'deepseek-v3', on: 'B200', gpus: 4, quantization: 'FP8' }, false],
    [{ model: 'deepseek-v3', on: 'B200', gpus: 8, quantization: 'FP8' }, true],
  ] as readonly [Case, boolean][])('%j: %s', (one, fits) => {
    expect(planOf(one).accepted).toBe(fits);
  });

  it('leaves room for at least 8 sequences of 4,096 tokens: 7B in FP16 on one A100-40GB', () => {
    const one = {
      model: 'deepseek-llm-7b-chat',
      on: 'A100-40GB',
      gpus: 1,
      quantization: 'FP16',
      context: 4096,
    } as const;
    expect(accepted(planOf(one)).maxConcurrency).toBeGreaterThanOrEqual(8);
  });
});
