import type { IPodSecurityContext } from 'kubernetes-models/v1/PodSecurityContext';
import type { ISecurityContext } from 'kubernetes-models/v1/SecurityContext';

/**
 * User and group of the engine's processes. vllm/vllm-openai starts as root unless told otherwise and brings the user
 * `vllm` (2000:0) for this: what it has to write belongs to group 0 (its docker/Dockerfile, vLLM pull request 40275).
 * Images without that user run under the same number: see pod-volumes.ts.
 */
const ENGINE_UID = 2000;
const ENGINE_GID = 0;

/** Group of the volumes: a cache on a PersistentVolumeClaim becomes writable for the engine. */
const VOLUME_GID = 2000;

/** Users and groups that a cluster prescribes, such as the range of an OpenShift project. */
type Ids = Pick<IPodSecurityContext, 'runAsUser' | 'runAsGroup' | 'fsGroup' | 'supplementalGroups'>;

/** The pod half of the Pod Security Standard `restricted`. */
export function podSecurity(ids: Ids = {}): IPodSecurityContext {
  return {
    runAsNonRoot: true,
    runAsUser: ENGINE_UID,
    runAsGroup: ENGINE_GID,
    fsGroup: VOLUME_GID,
    // Walking a cache of hundreds of GB at each start would take minutes.
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
    ...ids,
  };
}

/**
 * The container half of `restricted`. The root file system stays writable: that standard does not ask otherwise, and
 * the engines' compilers (Triton, DeepGEMM, FlashInfer) keep lock files and caches in /tmp and beside their packages.
 * As a user who owns nothing of the image the process can write to little else.
 */
export const CONTAINER_SECURITY: ISecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
};
