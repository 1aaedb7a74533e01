import type { DeepSeekDeploymentSpec, EngineType } from '../api/index.ts';
import { findEngine } from '../catalog/index.ts';
import type { AcceleratorEntry, Catalog, EngineVersion, FlagHistory, ModelEntry } from '../catalog/index.ts';
import { resolveQuantization } from './quantization.ts';
import type { ResolvedQuantization } from './quantization.ts';
import { isRefusal, refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';

/** An engine in one version, and the image to run. */
export interface ResolvedEngine {
  readonly type: EngineType;
  readonly version: EngineVersion;
  readonly image: string;
  readonly flagHistory: readonly FlagHistory[];
  readonly warnings: readonly string[];
}

/** An engine that serves the model on the accelerator, and the format of the weights that it would serve. */
export interface EngineChoice {
  readonly engine: ResolvedEngine;
  readonly quantization: ResolvedQuantization;
  /** Why this engine, beside the warnings of its parts. */
  readonly warnings: readonly string[];
}

/**
 * The engines to try, the best first: the one that the spec names, else every one that supports the combination. A
 * refusal if there is none.
 */
export function engineCandidates(
  spec: DeepSeekDeploymentSpec,
  model: ModelEntry,
  accelerator: AcceleratorEntry,
  catalog: Catalog,
): readonly EngineChoice[] | Refusal {
  const engine = resolveEngine(spec, catalog);
  if (isRefusal(engine)) return engine;
  const quantization = resolveQuantization(spec, model, accelerator, engine, catalog);
  return isRefusal(quantization) ? quantization : [{ engine, quantization, warnings: [] }];
}

/** The catalogue's entry of the wanted engine and version; the newest version of vLLM by default. */
function resolveEngine({ engine: spec }: DeepSeekDeploymentSpec, catalog: Catalog): ResolvedEngine | Refusal {
  const type = spec?.type ?? 'vLLM';
  const entry = findEngine(catalog, type);
  const latest = entry?.versions[0];
  if (entry === undefined || latest === undefined) {
    const known = catalog.engines.map((engine) => engine.type).join(', ');
    return refuse(
      'UnsupportedEngine',
      `${type} cannot be planned by this version, which has ${known}: set engine.type to one of them, or leave it out`,
    );
  }
  const wanted = spec?.version?.replace(/^v(?=[0-9])/, '');
  const version = wanted === undefined ? latest : entry.versions.find((candidate) => candidate.version === wanted);
  if (version === undefined) {
    const known = entry.versions.map((candidate) => candidate.version).join(', ');
    return refuse(
      'UnsupportedEngine',
      `${type} ${wanted ?? ''} is not in the catalogue, which knows the command line of ${known}: set engine.version to one of them, or leave it out and name your build in engine.image`,
    );
  }
  return {
    type,
    version,
    image: spec?.image ?? version.images.GPU ?? '',
    flagHistory: entry.flagHistory,
    warnings:
      spec?.image !== undefined && wanted === undefined
        ? [
            `the image ${spec.image} is taken to have the command line of ${type} ${version.version}; set engine.version to say so`,
          ]
        : [],
  };
}
