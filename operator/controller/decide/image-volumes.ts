import type { PlanResult } from '../../planner/types.ts';
import type { ClusterFacts } from '../snapshot.ts';

/** First minor version of Kubernetes 1 whose image volumes (KEP-4639) are beta, with subPath. */
const FIRST_MINOR = 33;
/** First in which they are on unless somebody turns them off. */
const ON_BY_DEFAULT_MINOR = 35;

/**
 * Judges a plan by the API server. An older one strips the image volume from the pod, or refuses a pod whose volume has
 * no source, so that the weights would be missing for a reason that nobody sees.
 */
export function checkImageVolume(result: PlanResult, version: ClusterFacts['version']): PlanResult {
  if (!result.accepted || result.plan.model.source !== 'Image' || version === undefined) return result;
  const minor = Number.parseInt(version.minor, 10);
  if (version.major !== '1' || Number.isNaN(minor) || minor >= ON_BY_DEFAULT_MINOR) return result;
  if (minor < FIRST_MINOR) {
    return {
      accepted: false,
      reason: 'UnsupportedSource',
      message:
        `model.source.image needs image volumes, which Kubernetes has from 1.${FIRST_MINOR} on, and this cluster is ${version.gitVersion}: ` +
        'use persistentVolumeClaim, objectStorage or huggingFace, or upgrade the cluster',
      alternatives: [],
    };
  }
  const warning = `Kubernetes ${version.gitVersion} has image volumes only where the feature gate ImageVolume is on, in the API server and on the nodes`;
  return { ...result, plan: { ...result.plan, warnings: [...result.plan.warnings, warning] } };
}
