import { findArchitectureSupport } from '../catalog/index.ts';
import type { AcceleratorEntry, ModelEntry } from '../catalog/index.ts';
import type { ResolvedEngine } from './engine-choice.ts';
import { classOf } from './engine-support.ts';
import type { ResolvedQuantization } from './quantization.ts';
import { kvBytesPerTokenPerRank } from './kv-cache.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { formatCount } from './units.ts';

/** The quantization as an engine's kernels for this class of models take it, or why they do not. */
export function limitToArchitecture(
  model: ModelEntry,
  accelerator: AcceleratorEntry,
  engine: ResolvedEngine,
  quantization: ResolvedQuantization,
): ResolvedQuantization | Refusal {
  const support = findArchitectureSupport(engine.version, classOf(model.architecture), accelerator);
  const { compute, fp8KVCacheOnly = false } = support ?? {};
  const expanded = expandedWarnings(model, engine, support?.expandsFilesBefore);
  const name = `${engine.type} ${engine.version.version}`;
  const { entry } = quantization;
  const warnings = [...quantization.warnings, ...expanded];
  // Its kernels multiply in either (Marlin).
  const other = entry.type === 'AWQ' ? 'bfloat16' : quantization.computeDtype;
  const computeDtype = [quantization.computeDtype, other].find((dtype) => compute?.includes(dtype) ?? true);
  if (computeDtype === undefined) {
    return refuse(
      'UnsupportedQuantization',
      `${name} computes the attention of ${model.name} in ${compute?.join(' or ') ?? 'nothing'} alone, and ${entry.type} is computed in ${quantization.computeDtype}: set quantization.type to BF16, or leave it out`,
    );
  }
  if (!fp8KVCacheOnly || quantization.kvCacheDtype === 'fp8') return { ...quantization, computeDtype, warnings };
  return {
    ...quantization,
    computeDtype,
    kvCacheDtype: 'fp8',
    warnings: [
      ...warnings,
      `${name} keeps the KV cache of ${model.name} in FP8 alone: it is told so, as quantization.kvCache FP8 would; model.measured has to be of such a cache`,
    ],
  };
}

/** Bytes of a number in the KV cache of an engine that reads such files. */
const KV_BYTES = 2;

/** Older files have keys and values in full: nobody can tell by the name of a repository. */
function expandedWarnings(
  { architecture, name }: ModelEntry,
  { type }: ResolvedEngine,
  before: string | undefined,
): string[] {
  const { mla, layers, attentionHeads } = architecture;
  if (before === undefined || mla === undefined) return [];
  const latent = kvBytesPerTokenPerRank(architecture, { tensor: 1, pipeline: 1 }, KV_BYTES);
  const full = layers * attentionHeads * (mla.qkNopeHeadDim + mla.qkRopeHeadDim + mla.vHeadDim) * KV_BYTES;
  return [
    `${type} keeps ${formatCount(full)} bytes per token of ${name} instead of the planned ${formatCount(latent)} if its GGUF file was made before ${before} (llama.cpp PR #12801): use a newer file`,
  ];
}
