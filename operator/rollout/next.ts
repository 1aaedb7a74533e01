import { healthOf, isSettled, revisionOf, setOf } from './machine/course.ts';
import { machineStep } from './machine/step.ts';
import { whyTakenBack } from './revision.ts';
import type { ReplicaSetState, RolloutInput, RolloutStep } from './machine/types.ts';

export type { ReplicaSetState, RolloutInput, RolloutStep } from './machine/types.ts';

/**
 * The next step towards what the spec asks for. A first version, and one that takes over where nothing can be lost, just
 * load; every other change is a rollout, and the transition table's (machine/table.ts).
 */
export function nextStep(input: RolloutInput): RolloutStep {
  const { serving } = input.traffic;
  if (serving === undefined) return firstStep(input);
  if (mayTakeOver(input, serving)) return takeOver(input, serving);
  return withFirstProof(machineStep(input, serving), input);
}

const nothing = { marks: [], forgive: [], questions: [], taken: [], weight: 0 } as const;

/** What is said of a version that has nothing to take over from, in every pass the same. */
function firstMessage(revision: string): string {
  return `Revision ${revision} loads; nothing was served before it.`;
}

/** Nothing has served yet. */
function firstStep({ desired, replicas, now, traffic, order, memory }: RolloutInput): RolloutStep {
  const message = desired === undefined ? 'Nothing serves yet.' : firstMessage(desired);
  const { attempt } = traffic;
  const phase = desired === undefined ? 'Idle' : 'Loading';
  // A time that moved with each pass would be a new status each time.
  const since = memory?.phase === phase ? memory.since : now;
  return {
    ...nothing,
    memory: { phase, attempt, since },
    phase,
    serving: desired,
    attempt,
    replicas: new Map(desired === undefined ? [] : [[desired, replicas]]),
    protect: desired === undefined ? [] : [desired],
    switched: false,
    message,
    ...(order && { ordered: { accepted: false, message: 'Nothing serves yet.' } }),
  };
}

/** Nothing of what should serve answers, and it never did or cannot heal: its pods may hold the GPUs that the wanted version needs. */
function mayTakeOver(input: RolloutInput, serving: string): boolean {
  const { desired, settings } = input;
  if (desired === undefined || desired === serving || settings.paused) return false;
  const candidate = revisionOf(input, desired);
  if (whyTakenBack(candidate) !== undefined) return false;
  if (setOf(input, serving).readyReplicas > 0) return false;
  // Pods of another version answer: it can take the traffic back, or finishes what runs there.
  const answers = ([hash, set]: readonly [string, ReplicaSetState]) => hash !== desired && set.readyReplicas > 0;
  if ([...input.sets].some(answers)) return false;
  const before = revisionOf(input, serving);
  const neverServed =
    before !== undefined && !isSettled({ marks: [] }, input, serving) && input.traffic.previous === undefined;
  return neverServed || healthOf(input, serving).down === true;
}

function takeOver(
  { desired = '', replicas, now, traffic, revisions, order }: RolloutInput,
  serving: string,
): RolloutStep {
  const attempt = traffic.attempt + 1;
  const forgive = revisions
    .filter((revision) => whyTakenBack(revision) !== undefined && revision.hash !== desired)
    .map(({ hash }) => hash);
  return {
    ...nothing,
    memory: { phase: 'Loading', attempt, since: now },
    phase: 'Loading',
    serving: desired,
    attempt,
    switchedAt: now,
    replicas: new Map([[desired, replicas]]),
    protect: [desired],
    forgive,
    switched: true,
    message: `Revision ${desired} takes over at once: nothing of revision ${serving} answers.`,
    ended: { revision: serving, outcome: 'Superseded' },
    ...(order && { ordered: { accepted: false, message: `Revision ${desired} takes over already.` } }),
  };
}

/** A version that nothing was served before has no traffic to be watched against: it is proven once it serves at full size. */
function withFirstProof(step: RolloutStep, input: RolloutInput): RolloutStep {
  const { serving, phase, switched } = step;
  if (phase !== 'Idle' || switched || serving === undefined || step.previous !== undefined) return step;
  if (isSettled({ marks: step.marks }, input, serving) || input.replicas === 0) return step;
  const revision = revisionOf(input, serving);
  // One that should have been taken back, and could not, has not shown that it serves.
  if (whyTakenBack(revision) !== undefined) return step;
  if (setOf(input, serving).availableReplicas >= input.replicas) {
    return { ...step, marks: [...step.marks, { kind: 'proven', revision: serving }] };
  }
  const message = firstMessage(serving);
  return { ...step, phase: 'Loading', memory: { ...step.memory, phase: 'Loading', message }, message };
}
