import { clusterScoped, resources } from '../../operator/kube/resources.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../operator/kube/types.ts';
import type { LiveModel } from './manifests.ts';

const FIELD_MANAGER = 'demo';
const PERSISTENT_VOLUMES = clusterScoped('', 'v1', 'PersistentVolume', 'persistentvolumes');

/** An object to apply, and where. */
export interface Prerequisite {
  readonly type: ResourceType;
  readonly object: KubeObject & Readonly<Record<string, unknown>>;
}

/**
 * What a user makes before he applies these models, as the comments of the samples say: each claim that they name, here
 * with a volume that no pod ever mounts, and each Secret.
 */
export function prerequisitesOf(models: readonly Pick<LiveModel, 'spec'>[], namespace: string): Prerequisite[] {
  const claims = new Set<string>();
  const secrets = new Map<string, Set<string>>();
  for (const { spec } of models) {
    const { persistentVolumeClaim, cache, huggingFace } = spec.model.source ?? {};
    for (const claim of [persistentVolumeClaim, cache?.persistentVolumeClaim]) if (claim) claims.add(claim.claimName);
    for (const secret of [huggingFace?.tokenSecretRef, spec.engine?.apiKeySecretRef]) {
      if (secret) secrets.set(secret.name, (secrets.get(secret.name) ?? new Set()).add(secret.key));
    }
  }
  return [
    ...[...claims].flatMap((name) => volumeWithClaim(name, namespace)),
    ...[...secrets].map(([name, keys]): Prerequisite => {
      const stringData = Object.fromEntries([...keys].map((key) => [key, 'demo']));
      const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData };
      return { type: resources.secrets, object };
    }),
  ];
}

function volumeWithClaim(name: string, namespace: string): Prerequisite[] {
  const volumeName = `${namespace}-${name}`;
  const storage = { accessModes: ['ReadWriteMany'], storageClassName: '' };
  const spec = { ...storage, capacity: { storage: '1Ti' }, nfs: { server: 'nfs.example.internal', path: `/${name}` } };
  const claim = { ...storage, volumeName, resources: { requests: { storage: '1Ti' } } };
  return [
    {
      type: PERSISTENT_VOLUMES,
      object: { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: volumeName }, spec },
    },
    {
      type: resources.persistentVolumeClaims,
      object: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace }, spec: claim },
    },
  ];
}

export async function makePrerequisites(
  client: KubeClient,
  prerequisites: readonly Prerequisite[],
  signal: AbortSignal,
): Promise<void> {
  for (const { type, object } of prerequisites) {
    await client.apply(type, object, { fieldManager: FIELD_MANAGER, force: true, signal });
  }
}
