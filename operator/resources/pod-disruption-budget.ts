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
  const percent = percentOf(deployment);
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

/** What an eviction runs against where this budget lets none of so many replicas go, and what to do; undefined: it lets one go. */
export function protectionOf(deployment: Owner, replicas: number): string | undefined {
  const percent = percentOf(deployment);
  if (Math.ceil((replicas * percent) / 100) < replicas) return undefined;
  const less = replicas === 1 ? 'set it to 0, so that nothing answers for one load' : 'lower it';
  const more = percent < 100 ? ', or add a replica' : '';
  return `disruption.minAvailablePercent (${percent} %, rounded up) lets none of ${replicas === 1 ? 'one replica' : `${replicas} replicas`} go: ${less}${more}.`;
}

const percentOf = ({ spec }: Owner): number => spec.disruption?.minAvailablePercent ?? DEFAULT_MIN_AVAILABLE_PERCENT;
