import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { type Child, childMetadata, childNames, type Owner, revisionSelector } from './names.ts';

const DEFAULT_MIN_AVAILABLE_PERCENT = 50;

/**
 * The disruption budget of one revision that serves or is the rollback target. One budget over several revisions would
 * let all serving pods be evicted on account of the idle ones; pods that are not ready never hold up a node drain.
 *
 * The API server rounds the share up: of one replica it protects that one, and a drain of its node waits until the
 * model runs elsewhere or somebody decides to stop it.
 */
export function podDisruptionBudget(deployment: Owner, revision: string): Child<IPodDisruptionBudget> {
  const { name } = deployment.metadata;
  const percent = deployment.spec.disruption?.minAvailablePercent ?? DEFAULT_MIN_AVAILABLE_PERCENT;
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: childMetadata(deployment, childNames(name, revision).podDisruptionBudget, { revision }),
    spec: {
      minAvailable: `${percent}%`,
      selector: { matchLabels: revisionSelector(name, revision) },
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  };
}
