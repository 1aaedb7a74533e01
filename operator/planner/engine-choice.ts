import { ENGINE_TYPES } from '../api/index.ts';
import type { DeepSeekDeploymentSpec, EngineType } from '../api/index.ts';
import { findEngine } from '../catalog/index.ts';
import type {
  AcceleratorEntry,
  Catalog,
  DeviceKind,
  EngineVersion,
  FlagHistory,
  ModelEntry,
} from '../catalog/index.ts';
import { limitToArchitecture } from './architecture-limits.ts';
import { checkEngine } from './engine-support.ts';
import { resolveQuantization } from './quantization.ts';
import type { ResolvedQuantization } from './quantization.ts';
import { isRefusal, refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';

/** An engine in one version, and the image to run. */
export interface ResolvedEngine {
  readonly type: EngineType;
  readonly version: EngineVersion;
  /** Empty when there is none for the accelerator. */
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

/** Engines in the order in which they are tried when the spec names none. */
const PREFERENCE: Readonly<Record<DeviceKind, readonly EngineType[]>> = {
  GPU: ['vLLM', 'SGLang', 'TensorRT-LLM', 'llama.cpp'],
  UnifiedMemory: ['llama.cpp', 'vLLM', 'SGLang', 'TensorRT-LLM'],
  CPU: ['llama.cpp', 'vLLM', 'SGLang', 'TensorRT-LLM'],
};

/**
 * The engines to try, the best first: the one that the spec names, else the best one that supports the combination, so
 * that a plan that does not fit is refused with the numbers of one engine. A refusal if there is none.
 */
export function engineCandidates(
  spec: DeepSeekDeploymentSpec,
  model: ModelEntry,
  accelerator: AcceleratorEntry,
  catalog: Catalog,
): readonly EngineChoice[] | Refusal {
  const evaluate = (type: EngineType): EngineChoice | Refusal => choose(type, spec, model, accelerator, catalog);
  const wanted = spec.engine?.type;
  if (wanted !== undefined) {
    const choice = evaluate(wanted);
    return isRefusal(choice) ? withOthers(choice, wanted, spec, accelerator, evaluate) : [choice];
  }
  // An image or a version without a type: of the engine that is meant when nothing is said.
  const named = spec.engine?.image !== undefined || spec.engine?.version !== undefined;
  let first: Refusal | undefined;
  for (const type of named ? ofVersion(spec, catalog) : PREFERENCE[accelerator.device]) {
    // On a GPU another number format is the user's decision.
    if (accelerator.device === 'GPU' && type === 'llama.cpp' && spec.quantization?.type === undefined) continue;
    const choice = evaluate(type);
    if (!isRefusal(choice)) return [{ ...choice, warnings: [...choice.warnings, ...why(type, accelerator, first)] }];
    first ??= choice;
  }
  return first ?? refuse('UnsupportedEngine', `no engine of the catalogue serves on ${accelerator.name}`);
}

/** Engines that have the version of the spec; vLLM if none has. */
function ofVersion({ engine }: DeepSeekDeploymentSpec, catalog: Catalog): readonly EngineType[] {
  const wanted = plainVersion(engine?.version);
  const having = PREFERENCE.GPU.filter((type) =>
    findEngine(catalog, type)?.versions.some(({ version }) => version === wanted),
  );
  return having.length > 0 ? having : ['vLLM'];
}

/** Why an engine was chosen that is not the first that one would think of. */
function why(type: EngineType, { device }: AcceleratorEntry, refused: Refusal | undefined): string[] {
  if (refused !== undefined) return [`engine.type defaults to ${type}: ${refused.message}`];
  if (device === 'GPU') return [];
  const madeFor = device === 'CPU' ? 'CPUs' : 'memory that a GPU shares with its host';
  return [`engine.type defaults to ${type}, which is made for ${madeFor}`];
}

/** The refusal of an engine that the spec names, with those that would serve the same. */
function withOthers(
  refusal: Refusal,
  refused: EngineType,
  { quantization }: DeepSeekDeploymentSpec,
  { device }: AcceleratorEntry,
  evaluate: (type: EngineType) => EngineChoice | Refusal,
): Refusal {
  if (refusal.reason !== 'UnsupportedEngine' && refusal.reason !== 'UnsupportedQuantization') return refusal;
  const others = PREFERENCE[device].filter(
    (type) =>
      type !== refused &&
      (type !== 'llama.cpp' || device !== 'GPU' || quantization?.type !== undefined) &&
      !isRefusal(evaluate(type)),
  );
  return others.length === 0
    ? refusal
    : refuse(refusal.reason, `${refusal.message}; ${others.join(' and ')} would: set engine.type, or leave it out`);
}

function choose(
  type: EngineType,
  spec: DeepSeekDeploymentSpec,
  model: ModelEntry,
  accelerator: AcceleratorEntry,
  catalog: Catalog,
): EngineChoice | Refusal {
  const engine = resolveEngine(type, spec, accelerator, catalog);
  if (isRefusal(engine)) return engine;
  const warnings = checkEngine(spec, model, accelerator, engine);
  if (isRefusal(warnings)) return warnings;
  const quantization = resolveQuantization(spec, model, accelerator, engine, catalog);
  if (isRefusal(quantization)) return quantization;
  const limited = limitToArchitecture(model, accelerator, engine, quantization);
  return isRefusal(limited) ? limited : { engine, quantization: limited, warnings };
}

const plainVersion = (version: string | undefined): string | undefined => version?.replace(/^v(?=[0-9])/, '');

/** The catalogue's entry of an engine in the wanted version, or its newest. */
function resolveEngine(
  type: EngineType,
  { engine: spec }: DeepSeekDeploymentSpec,
  { device }: AcceleratorEntry,
  catalog: Catalog,
): ResolvedEngine | Refusal {
  const entry = findEngine(catalog, type);
  const latest = entry?.versions[0];
  if (entry === undefined || latest === undefined) {
    const known = ENGINE_TYPES.filter((name) => findEngine(catalog, name) !== undefined).join(', ');
    return refuse(
      'UnsupportedEngine',
      `${type} cannot be planned by this version, which has ${known}: set engine.type to one of them, or leave it out`,
    );
  }
  const wanted = plainVersion(spec?.version);
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
    image: spec?.image ?? version.images[device] ?? '',
    flagHistory: entry.flagHistory,
    warnings:
      spec?.image !== undefined && wanted === undefined
        ? [
            `the image ${spec.image} is taken to have the command line of ${type} ${version.version}; set engine.version to say so`,
          ]
        : [],
  };
}
