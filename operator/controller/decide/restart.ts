import { LABEL } from '../../api/index.ts';
import { isGone, isReady, timeOf } from '../../rollout/failures/pod.ts';
import { protectionOf } from '../../resources/index.ts';
import type { RolloutStep } from '../../rollout/next.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Intent } from './intents.ts';
import type { PendingOrder } from './order.ts';
import { seconds } from './times.ts';

/** An ordered restart: the pods of what serves are evicted one at a time, the template stays as it is. */
export interface Restart {
  /** Pods that were made before are to go, RFC 3339. */
  readonly startedAt: string;
  /** Pods that are still to go. */
  readonly remaining: number;
  /** Why none of them can go, and what to do about it; absent: one can, as far as this model's own PodDisruptionBudget goes. */
  readonly protection?: string;
  /** The next of them; absent while one is on its way. */
  readonly evict?: Extract<Intent, { readonly type: 'Evict' }>;
  /** What came of the order in this pass; absent: it was an earlier one. */
  readonly ordered?: { readonly accepted: boolean; readonly message: string };
}

/** The restart that is ordered now, or goes on. Undefined: there is none. */
export function restartOf(
  snapshot: Snapshot,
  step: RolloutStep,
  replicas: number,
  pending: PendingOrder | undefined,
): Restart | undefined {
  const { deployment, now } = snapshot;
  const before = deployment.status?.restart;
  const order = pending?.order?.verb === 'restart' ? pending.order : undefined;
  const refusal = order === undefined ? undefined : refusalOf(order.revision, step, replicas);
  const protection = protectionOf(deployment, replicas);
  const ordered =
    order === undefined
      ? undefined
      : refusal === undefined
        ? {
            accepted: true,
            message: `The pods of revision ${order.revision} are made anew, one at a time.${protection === undefined ? '' : ` But ${protection}`}`,
          }
        : { accepted: false, message: refusal };
  const startedAt = ordered?.accepted === true ? seconds(now) : before?.startedAt;
  if (startedAt === undefined) return ordered && { startedAt: '', remaining: 0, ordered };
  const own = snapshot.pods.filter((pod) => pod.metadata.labels?.[LABEL.revision] === step.serving);
  const living = own.filter((pod) => !isGone(pod));
  const old = living.filter(({ metadata }) => (timeOf(metadata.creationTimestamp) ?? 0) < Date.parse(startedAt));
  const settled = living.length === own.length && living.length >= replicas && living.every((pod) => isReady(pod));
  // One that is not ready anyway costs nothing.
  const next = settled ? old[0] : old.find((pod) => !isReady(pod));
  return {
    startedAt,
    remaining: old.length,
    ...(protection !== undefined && { protection }),
    ...(next !== undefined && {
      evict: { type: 'Evict', pod: { name: next.metadata.name, uid: next.metadata.uid ?? '' } } as const,
    }),
    ...(ordered && { ordered }),
  };
}

function refusalOf(revision: string, { serving, phase }: RolloutStep, replicas: number): string | undefined {
  if (serving !== revision) return `Revision ${revision} does not serve (that is ${serving ?? 'none'}).`;
  if (replicas === 0) return 'It is scaled to 0: there is no pod to restart.';
  return phase === 'Idle' || phase === 'Held'
    ? undefined
    : `The rollout is ${phase}: order it again once that is over.`;
}
