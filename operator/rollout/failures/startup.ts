import { conditionOf, engineContainersOf, isGone, isReady, statusOf, timeOf } from './pod.ts';
import type { Diagnosis, FailureEvidence, PodEvidence } from './types.ts';

/** What a pod may take beyond the startup budget from its node to its engine's first step: engine images have 10 GB and more. */
const IMAGE_PULL_MS = 10 * 60_000;

/** How long volumes and network of a pod may take on its node before it is worth a word, in milliseconds. */
const SANDBOX_MS = 2 * 60_000;

/** How long an engine that has answered before may stay silent before it is worth a word, in milliseconds. */
const SILENCE_MS = 60_000;

/** Where the pods of a revision stand against their startup budget. */
export interface StartupProgress {
  /** Pods that have a node and have not started yet. */
  readonly loading: number;
  /** Those of them whose budget is used up. */
  readonly overdue: number;
  /** When the next of the loading pods becomes overdue, in milliseconds since the epoch. */
  readonly nextDeadline?: number;
}

/**
 * Judges the pods by the time at which the scheduler placed them, so that waiting for GPUs costs nothing and a crash
 * loop does not start the clock again.
 */
export function startupProgress({ pods, startupBudgetSeconds, now }: FailureEvidence): StartupProgress {
  const deadlines = pods
    .filter((pod) => !isGone(pod) && !isReady(pod) && !hasStarted(pod))
    .flatMap((pod) => startupDeadline(pod, startupBudgetSeconds) ?? []);
  const ahead = deadlines.filter((deadline) => deadline > now && Number.isFinite(deadline));
  return {
    loading: deadlines.length,
    overdue: deadlines.filter((deadline) => deadline <= now).length,
    ...(ahead.length > 0 && { nextDeadline: Math.min(...ahead) }),
  };
}

/** When the pod's startup budget ends, in milliseconds since the epoch; undefined while it has no node. */
function startupDeadline(pod: PodEvidence, budgetSeconds: number): number | undefined {
  const scheduled = conditionOf(pod, 'PodScheduled');
  const placedAt = timeOf(scheduled?.status === 'True' ? scheduled.lastTransitionTime : statusOf(pod).startTime);
  if (placedAt === undefined) return undefined;
  const running = engineContainersOf(pod).find(({ state, restartCount }) => state?.running && restartCount === 0);
  const startedAt = timeOf(running?.state?.running?.startedAt);
  return (startedAt ?? placedAt + IMAGE_PULL_MS) + budgetSeconds * 1000;
}

/** The pod has not become ready within its startup budget. */
export const startupOverdue: Diagnosis = (pod, evidence) => {
  const deadline = startupDeadline(pod, evidence.startupBudgetSeconds);
  if (deadline === undefined || deadline > evidence.now || hasStarted(pod)) return undefined;
  return {
    reason: 'StartupBudgetExceeded',
    detail: `the engine is not ready after its startup budget of ${Math.ceil(evidence.startupBudgetSeconds / 60)} minutes`,
    blocking: true,
    startedAt: new Date(deadline).toISOString(),
  };
};

/** The engine has answered before and has stopped doing so. */
export const notResponding: Diagnosis = (pod, { now }) => {
  const ready = conditionOf(pod, 'Ready');
  const since = timeOf(ready?.lastTransitionTime);
  if (!hasStarted(pod) || ready?.status !== 'False' || since === undefined || now - since < SILENCE_MS)
    return undefined;
  return {
    reason: 'EngineNotResponding',
    detail: 'the engine runs and does not answer its health check',
    blocking: false,
    startedAt: ready.lastTransitionTime,
  };
};

/** The node has not got volumes and network of the pod ready (the message is in the pod's events). */
export const volumesNotReady: Diagnosis = (pod, { now }) => {
  const sandbox = conditionOf(pod, 'PodReadyToStartContainers');
  const scheduled = conditionOf(pod, 'PodScheduled');
  const since = timeOf(scheduled?.lastTransitionTime);
  if (sandbox?.status !== 'False' || scheduled?.status !== 'True' || since === undefined) return undefined;
  if (
    now - since < SANDBOX_MS ||
    engineContainersOf(pod).some(({ state, restartCount }) => state?.running || restartCount > 0)
  ) {
    return undefined;
  }
  return {
    reason: 'VolumePending',
    detail: `volumes or network of the pod are not ready on ${pod.spec?.nodeName ?? 'its node'}`,
    fix: `See \`kubectl describe pod ${pod.metadata.name}\`: a claim that cannot be attached, a Secret or folder that is not there.`,
    blocking: false,
    startedAt: scheduled.lastTransitionTime,
  };
};

/** All containers are past their startup probe. */
function hasStarted(pod: PodEvidence): boolean {
  const { containerStatuses = [] } = statusOf(pod);
  return (
    containerStatuses.length > 0 && containerStatuses.every(({ started, state }) => started === true && state?.running)
  );
}
