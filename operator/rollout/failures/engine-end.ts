import type { IContainerStateTerminated } from 'kubernetes-models/v1/ContainerStateTerminated';
import type { IContainerStatus } from 'kubernetes-models/v1/ContainerStatus';
import { CAUSE_ABOVE, readLastWords } from './engine-output.ts';
import { conditionOf, engineContainersOf, lastEnd, timeOf } from './pod.ts';
import type { Diagnosis, FailureEvidence, PodEvidence } from './types.ts';
import { quote, tellingLine } from './words.ts';

/** Ends after which it is fair to say that one more start will not help. */
const HOPELESS_RESTARTS = 3;

/** 128 + SIGKILL, 128 + SIGTERM, and the clean exit of an engine that was asked to stop. */
const ASKED_TO_STOP = new Set([137, 143, 0]);

/** The kernel killed the engine because the container passed its memory limit. */
export const oomKilled: Diagnosis = (pod, evidence) => {
  const ended = endOf(pod, evidence, ({ reason }) => reason === 'OOMKilled');
  if (!ended) return undefined;
  return {
    reason: 'OutOfMemoryHost',
    detail: 'the engine was killed because its container used more memory than its limit (OOMKilled)',
    blocking: ended.restarts >= HOPELESS_RESTARTS,
    startedAt: ended.end.finishedAt,
  };
};

/** The engine said why it ends. */
export const engineSaid: Diagnosis = (pod, evidence) => {
  const ended = endOf(pod, evidence, ({ message }) => message !== undefined && readLastWords(message) !== undefined);
  const said = ended && readLastWords(ended.end.message ?? '');
  if (!said) return undefined;
  const { reason, final, fix } = said.entry;
  return {
    reason,
    detail: `the engine ended: ${quote(said.line)}`,
    blocking: final,
    startedAt: ended.end.finishedAt,
    ...(fix !== undefined && { fix }),
  };
};

/** The kubelet stopped a container whose startup probe failed until its budget was used up. */
export const startupProbeFailed: Diagnosis = (pod, evidence) => {
  const { startupBudgetSeconds } = evidence;
  const ended = endOf(
    pod,
    evidence,
    (end) => ASKED_TO_STOP.has(end.exitCode) && (neverAnswered(pod, end) ?? endedWithBudget(end, startupBudgetSeconds)),
  );
  if (!ended) return undefined;
  return {
    reason: 'StartupBudgetExceeded',
    detail: `the engine was stopped before it ever answered: its startup budget of ${minutes(startupBudgetSeconds)} was used up`,
    blocking: true,
    startedAt: ended.end.finishedAt,
  };
};

/** The kubelet stopped a container whose liveness probe failed. */
export const livenessProbeFailed: Diagnosis = (pod, evidence) => {
  const ended = endOf(pod, evidence, ({ exitCode, reason }) => ASKED_TO_STOP.has(exitCode) && reason !== 'OOMKilled');
  if (!ended) return undefined;
  return {
    reason: 'EngineNotResponding',
    detail: `the engine was stopped from outside (exit code ${ended.end.exitCode}), as for a health check that it no longer answered`,
    blocking: false,
    startedAt: ended.end.finishedAt,
  };
};

/** The engine ends, and nothing better is known. */
export const crashLoop: Diagnosis = (pod, evidence) => {
  const ended = endOf(pod, evidence, () => true);
  if (!ended) return undefined;
  const { exitCode, signal, message = '', finishedAt } = ended.end;
  const how = signal === undefined || signal === 0 ? `exit code ${exitCode}` : `signal ${signal}`;
  const line = tellingLine(message);
  const hidden = line === undefined || CAUSE_ABOVE.test(message);
  return {
    reason: 'CrashLoop',
    detail: `the engine ended (${how})${line === undefined ? '' : `: ${quote(line)}`}`,
    blocking: ended.restarts >= HOPELESS_RESTARTS,
    startedAt: finishedAt,
    ...(hidden && { causeInLog: true }),
    fix: `${hidden ? 'The cause is further up in its log' : 'See its log'}: \`kubectl logs ${pod.metadata.name} --previous\`.`,
  };
};

interface End {
  readonly end: IContainerStateTerminated;
  readonly restarts: number;
}

/** The end of the first container that is not ready again and whose end is of the kind; its message is the log, if there is one. */
function endOf(
  pod: PodEvidence,
  { logs }: FailureEvidence,
  kind: (end: IContainerStateTerminated) => boolean,
): End | undefined {
  for (const container of engineContainersOf(pod)) {
    const ended = isServing(container) ? undefined : lastEnd(container);
    const message = logs?.get(pod.metadata.name) ?? ended?.message;
    const end = ended && { ...ended, ...(message !== undefined && { message }) };
    if (end && kind(end)) return { end, restarts: container.restartCount };
  }
  return undefined;
}

function isServing({ ready, state }: IContainerStatus): boolean {
  return ready && state?.running !== undefined;
}

/** Whether the pod was not ready for the whole life of the container; undefined when its condition does not say. */
function neverAnswered(pod: PodEvidence, { startedAt }: IContainerStateTerminated): boolean | undefined {
  const notReadySince = timeOf(conditionOf(pod, 'Ready')?.lastTransitionTime);
  const start = timeOf(startedAt);
  return notReadySince === undefined || start === undefined ? undefined : notReadySince <= start;
}

/** Whether the container ran about as long as its startup probe lets it: the budget, and at most the time to stop beyond. */
function endedWithBudget({ startedAt, finishedAt }: IContainerStateTerminated, budgetSeconds: number): boolean {
  const ran = ((timeOf(finishedAt) ?? Number.NaN) - (timeOf(startedAt) ?? Number.NaN)) / 1000;
  return ran >= budgetSeconds && ran <= budgetSeconds * 1.25 + 600;
}

function minutes(seconds: number): string {
  return `${Math.ceil(seconds / 60)} minutes`;
}
