import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import { compareComputeCapability, compareVersions, findArchitectureSupport } from '../catalog/index.ts';
import type { AcceleratorEntry, ModelArchitecture, ModelEntry } from '../catalog/index.ts';
import type { ResolvedEngine } from './engine-choice.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { isStreamed } from './startup.ts';
import { withArticle } from './units.ts';

/**
 * Whether an engine can do what the spec asks for, formats of the weights apart: a refusal, or what is worth knowing
 * although it can.
 */
export function checkEngine(
  spec: DeepSeekDeploymentSpec,
  model: ModelEntry,
  accelerator: AcceleratorEntry,
  engine: ResolvedEngine,
): readonly string[] | Refusal {
  return (
    noImage(accelerator, engine) ??
    notServed(model, accelerator, engine) ??
    tooOld(model, engine) ??
    untrusted(spec, model, engine) ??
    unnamed(spec, engine) ??
    unguarded(spec, engine) ??
    notPinned(spec, engine) ?? [
      ...architectureWarnings(model, accelerator, engine),
      ...nameWarnings(engine),
      ...keyWarnings(spec, engine),
      ...fileWarnings(spec, engine),
      ...sourceWarnings(spec, engine),
    ]
  );
}

const nameOf = ({ type, version }: ResolvedEngine): string => `${type} ${version.version}`;

function noImage({ device, name }: AcceleratorEntry, engine: ResolvedEngine): Refusal | undefined {
  if (engine.image !== '') return undefined;
  const devices = { GPU: 'GPUs', UnifiedMemory: 'GPUs that share the host’s memory', CPU: 'CPUs' } as const;
  const has = Object.keys(engine.version.images).map((known) => devices[known as keyof typeof devices]);
  return refuse(
    'UnsupportedEngine',
    `${nameOf(engine)} does not serve on ${withArticle(name)} (${devices[device]}): there is an image of it for ${has.join(', ')}`,
  );
}

/** The class that decides which kernels a model needs; custom models are taken to be of the common ones. */
export function classOf({ className, mla }: ModelArchitecture): string {
  if (className !== 'custom') return className;
  return mla === undefined ? 'LlamaForCausalLM' : 'DeepseekV2ForCausalLM';
}

function notServed(
  { architecture, name }: ModelEntry,
  accelerator: AcceleratorEntry,
  engine: ResolvedEngine,
): Refusal | undefined {
  const className = classOf(architecture);
  if (findArchitectureSupport(engine.version, className, accelerator) !== undefined) return undefined;
  const rows = engine.version.architectures.filter(({ classes }) => classes.includes(className));
  const what = `${name} (${className})`;
  const oldest = rows.flatMap(({ from }) => from ?? []).sort(compareComputeCapability)[0];
  const { computeCapability = 'none', device } = accelerator;
  if (rows.length === 0) return refuse('UnsupportedEngine', `${nameOf(engine)} does not serve ${what}`);
  if (device !== 'GPU' || oldest === undefined) {
    return refuse('UnsupportedEngine', `${nameOf(engine)} does not serve ${what} on ${withArticle(accelerator.name)}`);
  }
  if (computeCapability !== 'none' && compareComputeCapability(computeCapability, oldest) >= 0) {
    const newest =
      rows
        .flatMap(({ before }) => before ?? [])
        .sort(compareComputeCapability)
        .at(-1) ?? '';
    return refuse(
      'UnsupportedEngine',
      `${nameOf(engine)} serves ${what} on compute capabilities from ${oldest} on and before ${newest}, and ${accelerator.name} has ${computeCapability}: use another GPU`,
    );
  }
  return refuse(
    'UnsupportedEngine',
    `${nameOf(engine)} serves ${what} from compute capability ${oldest} on, and ${accelerator.name} has ${computeCapability}: use a newer GPU`,
  );
}

function tooOld({ name, requirements = [] }: ModelEntry, engine: ResolvedEngine): Refusal | undefined {
  const { minVersion } = requirements.find((requirement) => requirement.engine === engine.type) ?? {};
  if (minVersion === undefined || compareVersions(engine.version.version, minVersion) >= 0) return undefined;
  return refuse(
    'UnsupportedEngine',
    `${name} needs ${engine.type} ${minVersion} or later, and this is ${engine.version.version}: set engine.version, or leave it out`,
  );
}

function untrusted(
  { model: spec }: DeepSeekDeploymentSpec,
  { name, requirements = [] }: ModelEntry,
  engine: ResolvedEngine,
): Refusal | undefined {
  const needed = requirements.some(({ engine: type, trustRemoteCode }) => type === engine.type && trustRemoteCode);
  if (!needed || spec.trustRemoteCode === true) return undefined;
  return refuse(
    'TrustRemoteCodeRequired',
    `${nameOf(engine)} loads ${name} only with the Python code that comes with its weights: review it, then set model.trustRemoteCode to true and pin model.revision`,
  );
}

/** Names that an engine cannot be given. */
function unnamed({ model: { servedNames } }: DeepSeekDeploymentSpec, engine: ResolvedEngine): Refusal | undefined {
  if (servedNames === undefined || engine.version.servedNames === 'Several') return undefined;
  if (engine.version.servedNames === 'None') {
    return refuse(
      'UnsupportedEngine',
      `${nameOf(engine)} calls the model by its repository and takes no other name: leave model.servedNames out, or use another engine.version`,
    );
  }
  if (servedNames.length <= 1) return undefined;
  return refuse(
    'UnsupportedEngine',
    `${nameOf(engine)} answers to one name, and model.servedNames has ${servedNames.length}: leave one, or use an engine that answers to several (vLLM, llama.cpp)`,
  );
}

/** An API key that the engine would not ask for: the model would be open to everybody who reaches the pod. */
function unguarded({ engine: spec }: DeepSeekDeploymentSpec, engine: ResolvedEngine): Refusal | undefined {
  if (spec?.apiKeySecretRef === undefined || engine.version.checksApiKey) return undefined;
  return refuse(
    'UnsupportedEngine',
    `${nameOf(engine)} cannot ask for an API key: take engine.apiKeySecretRef out and let the gateway ask for it, or use another engine`,
  );
}

/** llama.cpp takes the newest files of a repository. */
function notPinned({ model }: DeepSeekDeploymentSpec, engine: ResolvedEngine): Refusal | undefined {
  const { persistentVolumeClaim, image, objectStorage } = model.source ?? {};
  const fromHub = persistentVolumeClaim === undefined && image === undefined && objectStorage === undefined;
  if (engine.type !== 'llama.cpp' || !fromHub || model.revision === undefined) return undefined;
  return refuse(
    'UnsupportedSource',
    'llama.cpp takes the newest files of a repository and cannot keep model.revision: take it out, or put the file into a volume or an image (a digest pins it)',
  );
}

function architectureWarnings(
  { architecture }: ModelEntry,
  accelerator: AcceleratorEntry,
  engine: ResolvedEngine,
): string[] {
  const { warning } = findArchitectureSupport(engine.version, classOf(architecture), accelerator) ?? {};
  return warning === undefined ? [] : [warning];
}

function nameWarnings(engine: ResolvedEngine): string[] {
  return engine.version.servedNames === 'None'
    ? [`${nameOf(engine)} calls the model by its repository, not by the name of this object: clients have to, too`]
    : [];
}

function keyWarnings({ engine: spec }: DeepSeekDeploymentSpec, engine: ResolvedEngine): string[] {
  if (spec?.apiKeySecretRef === undefined || engine.type !== 'llama.cpp') return [];
  return [
    `${nameOf(engine)} asks for the API key on ${engine.version.endpoints.metrics} too: Prometheus has to send it (monitoring.bearerTokenSecretRef)`,
  ];
}

/** llama.cpp reads one file, by a name that it has to know. */
function fileWarnings({ model: { source } }: DeepSeekDeploymentSpec, engine: ResolvedEngine): string[] {
  if (engine.type !== 'llama.cpp') return [];
  const { persistentVolumeClaim: volume, image, objectStorage } = source ?? {};
  if (image !== undefined) return ['llama.cpp reads the file model.gguf in the root of the image with the weights'];
  if (objectStorage !== undefined && !isFileAddress(objectStorage.uri)) {
    return [
      'llama.cpp reads the file model.gguf in that folder of the bucket: let model.source.objectStorage.uri end in the name of a .gguf file to choose another',
    ];
  }
  return volume === undefined || volume.path?.endsWith('.gguf') === true
    ? []
    : [
        'llama.cpp reads the file model.gguf in that folder of the volume: set model.source.persistentVolumeClaim.path to a file to choose another',
      ];
}

/** Whether an address names a file of a bucket, not a folder or the bucket itself. */
const isFileAddress = (uri: string): boolean => /^[a-z0-9]+:\/\/[^/]+\/.*\.gguf$/.test(uri);

/** What is said of the source of the weights and does nothing, or less than it seems to. */
function sourceWarnings(spec: DeepSeekDeploymentSpec, engine: ResolvedEngine): string[] {
  const { revision, source } = spec.model;
  const { persistentVolumeClaim, image, objectStorage, cache } = source ?? {};
  const from = persistentVolumeClaim ? 'a volume' : image ? 'an image' : objectStorage ? 'a bucket' : undefined;
  const streamed = isStreamed(spec, engine.version);
  return [
    ...(revision !== undefined && from !== undefined
      ? [
          `model.revision pins nothing of weights that come from ${from}: it is a name alone, and another one makes a new version`,
        ]
      : []),
    ...(image !== undefined && !image.reference.includes('@')
      ? [
          `${image.reference} may become another image, and pods of one version then have other weights: add its digest (@sha256:...) to model.source.image.reference`,
        ]
      : []),
    ...(cache !== undefined && streamed
      ? [`${nameOf(engine)} reads the weights from the bucket straight into GPU memory: model.source.cache is not used`]
      : []),
  ];
}
