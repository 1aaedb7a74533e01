import { describe, expect, test } from '@jest/globals';
import { CATALOG, findAccelerator, findEngine, findModel, findQuantization } from '../catalog/index.ts';
import type { AcceleratorEntry, ModelArchitecture } from '../catalog/index.ts';
import { kvBytesPerTokenPerRank } from './kv-cache.ts';
import { overheadGiB } from './memory.ts';
import { GIB } from './units.ts';
import { weightBytesPerRank } from './weights.ts';

/** Qwen3-14B, from its config.json: not in the catalogue, but the subject of published logs. */
const QWEN3_14B: ModelArchitecture = {
  ...findModel(CATALOG, 'deepseek-r1-0528-qwen3-8b')!.architecture,
  layers: 40,
  hiddenSize: 5120,
  intermediateSize: 17408,
  attentionHeads: 40,
  kvHeads: 8,
};
/** Llama-3.1 has the shape of the distills that were made from it. */
const LLAMA_8B = findModel(CATALOG, 'deepseek-r1-distill-llama-8b')!.architecture;
const LLAMA_70B = findModel(CATALOG, 'deepseek-r1-distill-llama-70b')!.architecture;
const QWEN_1_5B = findModel(CATALOG, 'deepseek-r1-distill-qwen-1.5b')!.architecture;
const QWEN_32B = findModel(CATALOG, 'deepseek-r1-distill-qwen-32b')!.architecture;

/** As vLLM sees it: 49,140 MiB of device memory, of which the same share as an L40S's is visible. */
const RTX_6000_ADA: AcceleratorEntry = {
  ...findAccelerator(CATALOG, 'L40S')!,
  name: 'RTX 6000 Ada',
  memory: { deviceMiB: 49_140, visibleGiB: 47.3 },
};
const gpu = (name: string): AcceleratorEntry => findAccelerator(CATALOG, name)!;
const vllm = findEngine(CATALOG, 'vLLM')!.versions[0]!;

/**
 * "GPU KV cache size: N tokens" in start-up logs of vLLM, all at utilization 0.90. `batched` and `sequences` are vLLM's
 * defaults on that GPU. The constants of the formula are fitted to the first six; the last two were not used for that.
 */
const LOGS = [
  {
    what: 'Llama-3.1-8B BF16, 1 x H100, vLLM 0.11.0',
    source: 'llm-d-benchmark config_explorer/empirical-vllm-memory-results.md@2593348',
    architecture: LLAMA_8B, quantization: 'BF16', on: gpu('H100'), tensor: 1, batched: 8192, sequences: 1024, tokens: 420_905,
  },
  {
    what: 'Llama-3.1-70B BF16, 4 x H100',
    source: 'LMCache docs/source/getting_started/faq.rst@df95ae5',
    architecture: LLAMA_70B, quantization: 'BF16', on: gpu('H100'), tensor: 4, batched: 8192, sequences: 1024, tokens: 420_208,
  },
  {
    what: 'Qwen3-14B BF16, 1 x L40S',
    source: 'unverified: quoted without the place of its publication',
    architecture: QWEN3_14B, quantization: 'BF16', on: gpu('L40S'), tensor: 1, batched: 2048, sequences: 256, tokens: 72_064,
  },
  {
    what: 'Qwen3-14B BF16, 1 x L40S, vLLM 0.28.0',
    source: 'unverified: quoted without the place of its publication',
    architecture: QWEN3_14B, quantization: 'BF16', on: gpu('L40S'), tensor: 1, batched: 2048, sequences: 256, tokens: 75_824,
  },
  {
    what: 'Qwen3-14B AWQ, 1 x L40S',
    source: 'unverified: quoted without the place of its publication',
    architecture: QWEN3_14B, quantization: 'AWQ', on: gpu('L40S'), tensor: 1, batched: 2048, sequences: 256, tokens: 194_192,
  },
  {
    what: 'DeepSeek-R1-Distill-Qwen-1.5B BF16, 1 x A100-40GB, vLLM 0.9.0.1',
    source: 'unverified: quoted without the place of its publication',
    architecture: QWEN_1_5B, quantization: 'BF16', on: gpu('A100-40GB'), tensor: 1, batched: 2048, sequences: 256, tokens: 1_131_008,
  },
  {
    what: 'DeepSeek-R1-Distill-Llama-70B W4A16, 1 x A100-80GB (longest context that vLLM fits)',
    source: 'verathos-ai/verathos verallm/registry/models.py@b2dce41',
    architecture: LLAMA_70B, quantization: 'GPTQ', on: gpu('A100-80GB'), tensor: 1, batched: 2048, sequences: 256, tokens: 107_296,
  },
  {
    what: 'QwQ-32B AWQ (the shape of DeepSeek-R1-Distill-Qwen-32B), 1 x RTX 6000 Ada',
    source: 'verathos-ai/verathos verallm/registry/models.py@b2dce41',
    architecture: QWEN_32B, quantization: 'AWQ', on: RTX_6000_ADA, tensor: 1, batched: 2048, sequences: 256, tokens: 93_696,
  },
] as const; // prettier-ignore

describe('KV cache tokens are within 10 % of what vLLM logged', () => {
  test.each(LOGS)('$what', ({ architecture, quantization, on, tensor, batched, sequences, tokens }) => {
    const parallelism = { tensor, pipeline: 1 };
    const entry = findQuantization(CATALOG, quantization)!;
    const weights = { entry, ...(entry.groupSize !== undefined && { groupSize: entry.groupSize }) };
    const weightsGiB = weightBytesPerRank(architecture, weights, parallelism) / GIB;
    const overhead = overheadGiB(architecture, vllm, on.computeCapability, parallelism, {
      weightsGiB,
      computeBytes: 2,
      batchedTokens: batched,
      sequences,
    });
    const room = on.memory!.visibleGiB * 0.9 - weightsGiB - overhead;
    const planned = (room * GIB) / kvBytesPerTokenPerRank(architecture, parallelism, 2);
    expect(Math.abs(planned / tokens - 1)).toBeLessThan(0.1);
  });
});
