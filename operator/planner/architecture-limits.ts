import { findArchitectureSupport } from '../catalog/index.ts';
import type { AcceleratorEntry, ModelEntry } from '../catalog/index.ts';
import type { ResolvedEngine } from './engine-choice.ts';
import { classOf } from './engine-support.ts';
import type { ResolvedQuantization } from './quantization.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';

/** The quantization as an engine's kernels for this class of models take it, or why they do not. */
export function limitToArchitecture(
  model: ModelEntry,
  accelerator: AcceleratorEntry,
  engine: ResolvedEngine,
  quantization: ResolvedQuantization,
): ResolvedQuantization | Refusal {
  const support = findArchitectureSupport(engine.version, classOf(model.architecture), accelerator);
  const { compute, fp8KVCacheOnly = false } = support ?? {};
  const name = `${engine.type} ${engine.version.version}`;
  const { entry, warnings } = quantization;
  // Its kernels multiply in either (Marlin).
  const other = entry.type === 'AWQ' ? 'bfloat16' : quantization.computeDtype;
  const computeDtype = [quantization.computeDtype, other].find((dtype) => compute?.includes(dtype) ?? true);
  if (computeDtype === undefined) {
    return refuse(
      'UnsupportedQuantization',
      `${name} computes the attention of ${model.name} in ${compute?.join(' or ') ?? 'nothing'} alone, and ${entry.type} is computed in ${quantization.computeDtype}: set quantization.type to BF16, or leave it out`,
    );
  }
  if (!fp8KVCacheOnly || quantization.kvCacheDtype === 'fp8') return { ...quantization, computeDtype };
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
