import { ANNOTATION, type RolloutPhase } from '../api/index.ts';
import { keyOf } from '../kube/store.ts';
import type { Store } from '../kube/types.ts';
import { childNames } from '../resources/names.ts';
import type { Giver } from '../rollout/capacity/index.ts';
import type { LiveDeepSeekDeployment, LiveDeployment } from './snapshot.ts';

/**
 * Who has a better claim on a GPU: what serves and is scaled up, then candidates, and old versions that are kept warm
 * last. What is asked of whom is counted by the one who lacks it, on the nodes and pods of that moment
 * (rollout/capacity/claims.ts), and kept in the claim book.
 */

/** Whether a candidate waits for room. */
export function wantsRoom({ status }: LiveDeepSeekDeployment): boolean {
  const { phase, pausedAt } = status?.rollout ?? {};
  return phase === 'Waiting' && pausedAt === undefined;
}

/** Phases in which the version before is not needed for what goes on, nor for an instant way back from what is watched. */
const GIVING: readonly RolloutPhase[] = ['Idle', 'Held', 'Loading', 'Proving', 'AwaitingPromotion', 'Aborting'];

/** Whether an old version of it may be asked for its GPUs, if it holds any: somebody has to carry that out. */
export function mayGive(deployment: LiveDeepSeekDeployment): boolean {
  const { rollback, rollout } = deployment.status ?? {};
  if (rollback === undefined || rollout === undefined || !isReconciled(deployment)) return false;
  return GIVING.includes(rollout.phase);
}

/** Whether an old version is kept warm and may give. */
export function keepsWarm(deployment: LiveDeepSeekDeployment): boolean {
  return mayGive(deployment) && deployment.status?.rollback?.readiness !== 'Cold';
}

/** Whether passes change anything of it: it is not on its way out, not left alone by request, and its spec can be read. */
export function isReconciled({ metadata, status }: LiveDeepSeekDeployment): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  if (metadata.annotations?.[ANNOTATION.reconcile] === 'disabled') return false;
  return !(status?.conditions ?? []).some(({ type, reason }) => type === 'Ready' && reason === 'InvalidSpec');
}

/** Others that may be asked for GPUs, in the order in which they are: what has been kept longest first. */
export function giversBeside(
  own: LiveDeepSeekDeployment,
  all: readonly LiveDeepSeekDeployment[],
  deployments: Pick<Store<LiveDeployment>, 'get'>,
): Giver[] {
  return all
    .filter((other) => other.metadata.uid !== own.metadata.uid && mayGive(other))
    .flatMap((other) => {
      const { namespace = '', name } = other.metadata;
      const revision = other.status?.rollback?.revision ?? '';
      const found = deployments.get({ namespace, name: childNames(name, revision).deployment });
      const since = Date.parse(other.status?.serving?.since ?? '');
      const replicas = found?.spec?.replicas ?? 0;
      return [{ since: Number.isNaN(since) ? 0 : since, giver: { holder: keyOf(other.metadata), revision, replicas } }];
    })
    .sort((a, b) => a.since - b.since || (a.giver.holder < b.giver.holder ? -1 : 1))
    .map(({ giver }) => giver);
}
