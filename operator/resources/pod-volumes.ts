import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IVolume } from 'kubernetes-models/v1/Volume';
import type { DeepSeekDeployment } from '../api/index.ts';
import { CACHE, CACHE_VOLUME, delivery } from '../engines/weights.ts';
import type { ServingPlan } from '../planner/types.ts';
import { gib, optionalQuantity, parseQuantity } from './quantity.ts';

/** Volumes, mounts and environment that every engine shares. */
export interface SharedVolumes {
  readonly volumes: readonly IVolume[];
  readonly volumeMounts: NonNullable<IContainer['volumeMounts']>;
  readonly env: NonNullable<IContainer['env']>;
  /** Local disk that the volumes will take, as a quantity; absent when they take none worth a request. */
  readonly ephemeralStorage?: string;
}

const HOME = '/home/engine';

/**
 * A writable home for a user that the image may not know. Triton, TorchInductor, vLLM and FlashInfer keep compiled
 * kernels below it, and on a volume they survive a restart of the container. Without USER, PyTorch asks the password
 * file for the name of the user and fails with "getpwuid(): uid not found".
 */
const HOME_ENV = [
  { name: 'HOME', value: HOME },
  { name: 'USER', value: 'engine' },
];

/** /dev/shm, the home directory and, where weights are downloaded, the cache that they go to. */
export function sharedVolumes(spec: DeepSeekDeployment['spec'], plan: ServingPlan): SharedVolumes {
  const way = delivery(plan);
  const cache = way === 'Hub' || way === 'Copied' ? cacheVolume(spec, plan) : undefined;
  return {
    volumes: [sharedMemory(spec, plan), { name: 'home', emptyDir: {} }, ...(cache ? [cache.volume] : [])],
    volumeMounts: [
      { name: 'shm', mountPath: '/dev/shm' },
      { name: 'home', mountPath: HOME },
      // A copy is written by an init container, and the engine says where it reads it.
      ...(way === 'Hub' ? [{ name: CACHE_VOLUME, mountPath: CACHE }] : []),
    ],
    env: HOME_ENV,
    ...(cache?.ephemeralStorage !== undefined && { ephemeralStorage: cache.ephemeralStorage }),
  };
}

/** Tensor-parallel ranks talk through /dev/shm; the 64 MiB that a container runtime gives are too few. */
function sharedMemory(spec: DeepSeekDeployment['spec'], plan: ServingPlan): IVolume {
  const sizeLimit = optionalQuantity(spec.resources?.sharedMemory) ?? gib(plan.host.sharedMemoryGiB);
  return { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit } };
}

function cacheVolume(
  spec: DeepSeekDeployment['spec'],
  plan: ServingPlan,
): { volume: IVolume; ephemeralStorage?: string } {
  const { persistentVolumeClaim, hostPath, emptyDir } = spec.model.source?.cache ?? {};
  if (persistentVolumeClaim) {
    return { volume: { name: CACHE_VOLUME, persistentVolumeClaim: { claimName: persistentVolumeClaim.claimName } } };
  }
  if (hostPath) {
    // Not DirectoryOrCreate: the kubelet would make it root's, and the engine could not write to it.
    return { volume: { name: CACHE_VOLUME, hostPath: { path: hostPath.path, type: 'Directory' } } };
  }
  const planned = plan.host.ephemeralStorageGiB;
  // The kubelet takes a limit of zero for none.
  const limited = (parseQuantity(emptyDir?.sizeLimit ?? 0) ?? 0n) > 0n;
  const size =
    (limited ? optionalQuantity(emptyDir?.sizeLimit) : undefined) ?? (planned > 0 ? gib(planned) : undefined);
  if (size === undefined) return { volume: { name: CACHE_VOLUME, emptyDir: {} } };
  return { volume: { name: CACHE_VOLUME, emptyDir: { sizeLimit: size } }, ephemeralStorage: size };
}
