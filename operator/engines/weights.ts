import type { IContainer } from 'kubernetes-models/v1/Container';
import type { DeepSeekDeployment, SourceSpec } from '../api/index.ts';
import type { ServingPlan } from '../planner/index.ts';
import type { EngineContainer } from './types.ts';

/** Where volumes with weights are mounted, read-only. */
const MODELS = '/models';
const VOLUME = 'weights';

/** Nothing may be fetched: the weights are here, and the cluster may have no way out. */
const OFFLINE = [
  { name: 'HF_HUB_OFFLINE', value: '1' },
  { name: 'TRANSFORMERS_OFFLINE', value: '1' },
];

export interface Weights extends Pick<EngineContainer, 'volumes' | 'volumeMounts' | 'env'> {
  /** Hugging Face id, or the folder in the container. */
  readonly model: string;
}

/** What an engine that reads Hugging Face checkpoints is told about where its weights are. */
export function weights(plan: ServingPlan, deployment: DeepSeekDeployment): Weights {
  const source = deployment.spec.model.source ?? {};
  if (source.persistentVolumeClaim !== undefined) {
    const { claimName, path } = source.persistentVolumeClaim;
    return mounted({ persistentVolumeClaim: { claimName, readOnly: true } }, path);
  }
  if (source.image !== undefined) return mounted({ image: { ...source.image } });
  return {
    model: plan.model.repository ?? plan.model.name,
    volumes: [],
    volumeMounts: [],
    env: hubEnvironment(source),
  };
}

function mounted(volume: Omit<Weights['volumes'][number], 'name'>, path?: string): Weights {
  const folder = path?.replace(/^\.?\/+|\/+$/g, '') ?? '';
  return {
    model: folder === '' || folder === '.' ? MODELS : `${MODELS}/${folder}`,
    volumes: [{ name: VOLUME, ...volume }],
    volumeMounts: [{ name: VOLUME, mountPath: MODELS, readOnly: true }],
    env: OFFLINE,
  };
}

function hubEnvironment({ huggingFace }: SourceSpec): NonNullable<IContainer['env']> {
  return [
    ...(huggingFace?.endpoint === undefined ? [] : [{ name: 'HF_ENDPOINT', value: huggingFace.endpoint }]),
    ...(huggingFace?.tokenSecretRef === undefined
      ? []
      : [{ name: 'HF_TOKEN', valueFrom: { secretKeyRef: { ...huggingFace.tokenSecretRef } } }]),
  ];
}
