import type { IContainer } from 'kubernetes-models/v1/Container';
import type { DeepSeekDeployment, SourceSpec } from '../api/index.ts';
import type { ServingPlan } from '../planner/index.ts';
import { copiedFolder, copyFromStorage, storageEnvironment } from './object-storage.ts';
import type { EngineContainer } from './types.ts';

/** Where weights that lie in a volume are mounted, read-only. */
const MODELS = '/models';
const VOLUME = 'weights';

/** The volume of downloads; the resources builder makes it of `source.cache`. */
export const CACHE_VOLUME = 'cache';
/** Where the engine keeps what it downloads. */
export const CACHE = '/cache';
/** llama.cpp and huggingface_hub share this layout, so that one cache serves all engines. */
const HUB_CACHE = `${CACHE}/huggingface`;

/** Nothing may be fetched: the weights are here, and the cluster may have no way out. */
const OFFLINE = [
  { name: 'HF_HUB_OFFLINE', value: '1' },
  { name: 'TRANSFORMERS_OFFLINE', value: '1' },
];

export interface Weights extends Pick<
  EngineContainer,
  'volumes' | 'volumeMounts' | 'env' | 'envFrom' | 'initContainers'
> {
  /** Hugging Face id, the folder or file in the container, or the address that the engine streams from. */
  readonly model: string;
}

/** How the weights come to the engine. */
export type Delivery =
  /** The engine downloads them from the hub or a mirror. */
  | 'Hub'
  /** They lie in a volume or an image. */
  | 'Mounted'
  /** The engine reads them out of object storage into GPU memory. */
  | 'Streamed'
  /** An init container copies them from object storage into the cache. */
  | 'Copied';

export function delivery({ model: { source, streamed = false } }: Pick<ServingPlan, 'model'>): Delivery {
  if (source === 'ObjectStorage') return streamed ? 'Streamed' : 'Copied';
  return source === 'HuggingFace' ? 'Hub' : 'Mounted';
}

/** Commit or tag that the engine asks the hub for; a path and a bucket have none. */
export function hubRevision({ model: { source, revision } }: Pick<ServingPlan, 'model'>): string | undefined {
  return source === 'HuggingFace' ? revision : undefined;
}

/** What an engine is told about where its weights are, and what its pod needs for it. */
export function weights(plan: ServingPlan, deployment: DeepSeekDeployment): Weights {
  const source = deployment.spec.model.source ?? {};
  if (source.objectStorage !== undefined) return fromStorage(plan, source.objectStorage);
  if (source.persistentVolumeClaim !== undefined) {
    const { claimName, path } = source.persistentVolumeClaim;
    return mounted({ persistentVolumeClaim: { claimName, readOnly: true } }, path);
  }
  if (source.image !== undefined) return mounted({ image: { ...source.image } });
  return {
    model: plan.model.repository ?? plan.model.name,
    volumes: [],
    volumeMounts: [],
    env: hubEnvironment(source, plan),
    initContainers: [],
  };
}

function mounted(volume: Omit<Weights['volumes'][number], 'name'>, path?: string): Weights {
  const folder = path?.replace(/^\.?\/+|\/+$/g, '') ?? '';
  return {
    model: folder === '' || folder === '.' ? MODELS : `${MODELS}/${folder}`,
    volumes: [{ name: VOLUME, ...volume }],
    volumeMounts: [{ name: VOLUME, mountPath: MODELS, readOnly: true }],
    env: OFFLINE,
    initContainers: [],
  };
}

function fromStorage(plan: ServingPlan, storage: NonNullable<SourceSpec['objectStorage']>): Weights {
  if (delivery(plan) === 'Streamed') {
    const { credentialsSecretRef } = storage;
    return {
      model: storage.uri,
      volumes: [],
      volumeMounts: [],
      env: storageEnvironment(storage),
      ...(credentialsSecretRef && { envFrom: [{ secretRef: { name: credentialsSecretRef.name } }] }),
      initContainers: [],
    };
  }
  return {
    model: `${MODELS}/${copiedFolder(storage.uri)}`,
    volumes: [],
    // What the init container wrote is read-only for the engine.
    volumeMounts: [{ name: CACHE_VOLUME, mountPath: MODELS, readOnly: true }],
    env: OFFLINE,
    initContainers: [copyFromStorage(storage, { name: CACHE_VOLUME, mountPath: MODELS })],
  };
}

function hubEnvironment({ huggingFace }: SourceSpec, { engine }: ServingPlan): NonNullable<IContainer['env']> {
  const { endpoint, tokenSecretRef } = huggingFace ?? {};
  return [
    { name: 'HF_HOME', value: HUB_CACHE },
    // Older versions of llama.cpp know no other name of it.
    ...(engine.type === 'llama.cpp' ? [{ name: 'LLAMA_CACHE', value: `${HUB_CACHE}/hub` }] : []),
    ...(endpoint === undefined ? [] : [{ name: 'HF_ENDPOINT', value: endpoint }]),
    ...(endpoint === undefined || engine.type !== 'llama.cpp' ? [] : [{ name: 'MODEL_ENDPOINT', value: endpoint }]),
    ...(tokenSecretRef === undefined ? [] : [{ name: 'HF_TOKEN', valueFrom: { secretKeyRef: { ...tokenSecretRef } } }]),
  ];
}
