import { type Revision, whyTakenBack } from '../revision.ts';
import type { ReplicaSetState } from './types.ts';
import type { Mark, Memory, Outcome, RolloutInput, SetHealth, Taken } from './types.ts';

/** How a rollout stands in the middle of a pass: what was remembered and found, and what this pass has changed of it. */
export interface Course {
  readonly memory: Memory;
  /** What has the traffic, as this pass leaves it. */
  readonly serving: string;
  readonly previous?: string | undefined;
  /** When serving got the traffic, milliseconds since the epoch. */
  readonly switchedAt?: number | undefined;
  /** The attempt that the active Service names. */
  readonly servingAttempt: number;
  readonly switched: boolean;
  readonly marks: readonly Mark[];
  readonly forgive: readonly string[];
  readonly ended?: { readonly revision: string; readonly outcome: Outcome };
  readonly taken: readonly Taken[];
  readonly ordered?: { readonly accepted: boolean; readonly message: string };
}

const NO_PODS: ReplicaSetState = {
  replicas: 0,
  readyReplicas: 0,
  availableReplicas: 0,
  pods: 0,
  terminating: 0,
  placed: 0,
  unschedulable: 0,
};

/** The pods of a revision; none when it has none. */
export function setOf({ sets }: Pick<RolloutInput, 'sets'>, revision: string | undefined): ReplicaSetState {
  return sets.get(revision ?? '') ?? NO_PODS;
}

export function healthOf({ health }: Pick<RolloutInput, 'health'>, revision: string | undefined): SetHealth {
  return health.get(revision ?? '') ?? {};
}

export function revisionOf(
  { revisions }: Pick<RolloutInput, 'revisions'>,
  hash: string | undefined,
): Revision | undefined {
  return revisions.find((revision) => revision.hash === hash);
}

/** Whether the revision was taken back and is not to be tried again, with what this pass has marked and cleared. */
export function isHeld(
  course: Pick<Course, 'marks' | 'forgive'>,
  input: RolloutInput,
  hash: string | undefined,
): boolean {
  const marked = course.marks.some(
    (mark) => mark.revision === hash && (mark.kind === 'failed' || mark.kind === 'held'),
  );
  if (marked || hash === undefined) return marked;
  const revision = revisionOf(input, hash);
  return !course.forgive.includes(hash) && whyTakenBack(revision) !== undefined;
}

/** Whether the revision has shown, or was accepted without showing, that it serves. */
export function isSettled(course: Pick<Course, 'marks'>, input: RolloutInput, hash: string): boolean {
  const marked = course.marks.some(
    (mark) => mark.revision === hash && (mark.kind === 'proven' || mark.kind === 'accepted'),
  );
  const revision = revisionOf(input, hash);
  return marked || (revision?.proven ?? revision?.accepted) !== undefined;
}

/** GPUs of one replica of a revision; 0 on CPU. */
export function gpusOf(input: Pick<RolloutInput, 'revisions'>, hash: string | undefined): number {
  return revisionOf(input, hash)?.data.plan.gpusPerReplica ?? 0;
}

/** Fewest replicas that have to serve while a version is switched with too few GPUs. At least one. */
export function minimumOf(input: RolloutInput, replicas: number): number {
  return Math.max(1, Math.ceil((replicas * input.settings.handover.minAvailablePercent) / 100));
}

/** Whether the candidate has nothing to show before the switch. */
export function proofIsOff({ settings: { proof } }: Pick<RolloutInput, 'settings'>): boolean {
  return proof.warmUpRequests === 0 && (proof.smokeTests ?? []).length === 0 && proof.pairedRequests === 0;
}

/** Whether the candidate of this attempt has been proven. */
export function isProofDone({ memory }: Pick<Course, 'memory'>, input: RolloutInput): boolean {
  return proofIsOff(input) || memory.verdicts?.some(({ stage }) => stage === 'Proof') === true;
}

/** Whether the active Service lists pods of what serves, and of nothing else. */
export function isFlipConfirmed(
  { serving }: Pick<Course, 'serving'>,
  { activeEndpoints, replicas }: RolloutInput,
): boolean {
  if (activeEndpoints === undefined) return false;
  const ready = [...activeEndpoints].filter(([, count]) => count > 0);
  if (replicas === 0 && ready.length === 0) return true;
  return ready.length === 1 && ready[0]?.[0] === serving;
}

/** The revision that a rollback goes to unless another one is named; undefined when there is none. */
export function rollbackTarget(course: Course, input: RolloutInput): string | undefined {
  const { previous, serving } = course;
  if (previous === undefined || previous === serving) return undefined;
  return revisionOf(input, previous) === undefined || isHeld(course, input, previous) ? undefined : previous;
}

/** Until when the old version is kept, milliseconds since the epoch; undefined: there is none to be kept. */
export function windowEnd({ switchedAt, previous }: Pick<Course, 'switchedAt' | 'previous'>, input: RolloutInput) {
  return switchedAt === undefined || previous === undefined ? undefined : switchedAt + input.settings.rollbackWindowMs;
}

/** Replicas that a rollout without handover brings up: what is wanted, frozen while a handover goes on. */
export function wantedOf({ memory }: Pick<Course, 'memory'>, { replicas }: Pick<RolloutInput, 'replicas'>): number {
  return memory.frozenReplicas ?? replicas;
}

/** Whether somebody has to promote. */
export function waitsForPerson(
  { memory }: Pick<Course, 'memory'>,
  { settings }: Pick<RolloutInput, 'settings'>,
): boolean {
  const manual =
    memory.step === undefined
      ? settings.promotion === 'Manual'
      : settings.canary?.steps[memory.step]?.pause === undefined;
  return manual && memory.promoted !== true;
}
