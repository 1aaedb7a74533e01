import type { RollbackStatus } from '../../api/index.ts';
import { whyTakenBack } from '../../rollout/revision.ts';
import type { Judgement, Verdict } from './judgement.ts';
import { seconds } from './times.ts';

/** Seconds from the order of a rollback to the last node that follows, when its target is warm: budgets of a flip. */
const WARM_SECONDS = 20;

/** Until when the old version is kept, milliseconds since the epoch: in a handover it has given its GPUs, and what is left of it stays while it is watched. */
function keptUntil(
  { switchedAt, memory }: Judgement['step'],
  { rollbackWindowMs, watch }: Judgement['settings'],
): number | undefined {
  if (switchedAt === undefined) return undefined;
  return switchedAt + (memory.way === 'Handover' ? watch.durationMs : Math.max(rollbackWindowMs, watch.durationMs));
}

/** What a rollback would go to, how far it is ready, and how long it would take. Undefined: there is nothing to go back to. */
export function rollbackOf(
  { step, states, settings, replicas, revisions, observeOnly, traffic }: Judgement,
  now: number,
): RollbackStatus | undefined {
  const revision = observeOnly ? traffic.previous : step.previous;
  const found = revisions.find(({ hash }) => hash === revision);
  if (revision === undefined || found === undefined || revision === step.serving) return undefined;
  if (whyTakenBack(found) !== undefined) return undefined;
  const ready = states.get(revision)?.readyReplicas ?? 0;
  const kept = step.replicas.get(revision) ?? 0;
  const readiness = kept === 0 || ready === 0 ? 'Cold' : ready >= replicas ? 'Warm' : 'Partial';
  const until = keptUntil(step, settings);
  return {
    revision,
    ...(until !== undefined && kept > 0 && now < until && { until: seconds(until) }),
    readiness,
    estimatedSeconds: readiness === 'Cold' ? WARM_SECONDS + found.data.plan.startupBudgetSeconds : WARM_SECONDS,
  };
}

/** GPUs that the version before holds while another one has the traffic. */
export function warmGpus({ step, states, revisions, observeOnly, traffic }: Judgement): number {
  const previous = observeOnly ? traffic.previous : step.previous;
  const found = revisions.find(({ hash }) => hash === previous);
  if (found === undefined || previous === step.serving) return 0;
  return (states.get(found.hash)?.replicas ?? 0) * found.data.plan.gpusPerReplica;
}

/** The condition RollbackReady; undefined: nothing was ever switched. */
export function rollbackVerdict(judgement: Judgement, now: number): Verdict | undefined {
  const rollback = rollbackOf(judgement, now);
  const { revisions, states, replicas } = judgement;
  if (rollback === undefined) return undefined;
  const { revision, readiness, estimatedSeconds = 0 } = rollback;
  const version = revisions.find(({ hash }) => hash === revision)?.data.version ?? '';
  const name = `revision ${revision} (${version})`;
  if (readiness === 'Warm') {
    return { status: 'True', reason: 'RollbackWarm', message: `The traffic can go back to ${name} at once.` };
  }
  if (readiness === 'Partial') {
    const ready = states.get(revision)?.readyReplicas ?? 0;
    const message = `The traffic can go back to ${name}, of which ${ready} of ${replicas} replicas run.`;
    return { status: 'True', reason: 'RollbackPartial', message };
  }
  const minutes = Math.ceil(estimatedSeconds / 60);
  const message = `A rollback to ${name} would load the model again, up to ${minutes} minutes once it has GPUs: ${whyCold(judgement, revision, now)}.`;
  return { status: 'False', reason: 'RollbackCold', message };
}

function whyCold({ step, settings }: Judgement, revision: string, now: number): string {
  if ((step.replicas.get(revision) ?? 0) > 0) return 'none of its pods is ready';
  const over = step.switchedAt !== undefined && now >= step.switchedAt + settings.rollbackWindowMs;
  return over ? 'rollout.rollbackWindow is over' : 'its GPUs were given to others or released';
}
