import type { PlanResult } from '../../planner/types.ts';
import type { ClusterFacts } from '../snapshot.ts';
import type { Desired } from './desired.ts';

/** First minor version of Kubernetes 1 whose image volumes (KEP-4639) are beta, with subPath. */
const FIRST_MINOR = 33;
/** When to look again at what the API server is too old for, milliseconds: it may have been upgraded. */
const LOOK_AGAIN_MS = 600_000;
/** First in which they are on unless somebody turns them off. */
const ON_BY_DEFAULT_MINOR = 35;

/**
 * Judges a plan by the API server. An older one strips the image volume from the pod, or refuses a pod whose volume has
 * no source, so that the weights would be missing for a reason that nobody sees.
 */
export function checkImageVolume(result: PlanResult, version: ClusterFacts['version']): PlanResult {
  if (!result.accepted || result.plan.model.source !== 'Image' || version === undefined) return result;
  const minor = minorOf(version);
  if (minor === undefined || minor >= ON_BY_DEFAULT_MINOR) return result;
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

/** When a plan that the API server is too old for is worth another look, milliseconds; undefined: it is not. */
export function imageVolumesAgainMs({ plan, revision }: Desired, version: ClusterFacts['version']): number | undefined {
  const isRefused = revision === undefined && !plan.accepted && plan.reason === 'UnsupportedSource';
  const minor = version && minorOf(version);
  return isRefused && minor !== undefined && minor < FIRST_MINOR ? LOOK_AGAIN_MS : undefined;
}

/** Of Kubernetes 1; undefined: of none that we know of. */
function minorOf({ major, minor }: NonNullable<ClusterFacts['version']>): number | undefined {
  const number = Number.parseInt(minor, 10);
  return major !== '1' || Number.isNaN(number) ? undefined : number;
}
