import { type Course, isProofDone, proofIsOff, rollbackTarget, setOf } from './course.ts';
import { isMixing } from './mixed.ts';
import { isBeforeSwitch } from './table.ts';
import type { Question, RolloutInput } from './types.ts';
import { windowEnd } from './course.ts';
import { enough } from './enough.ts';
import { wayOf } from './ways.ts';
import { asksForRoom, servingLacksRoom } from './room.ts';

/** What has to be learned before the rollout can go on, or while it does. */
export function questionsOf(course: Course, input: RolloutInput): Question[] {
  const { memory, serving } = course;
  const { phase, candidate } = memory;
  if (input.replicas === 0) return [];
  const questions: Question[] = [];
  const capacityFor = capacityQuestion(course, input);
  if (capacityFor !== undefined) questions.push({ kind: 'Capacity', revision: capacityFor });
  const traffic = (revision: string, since: number): void => {
    // What is counted while a candidate waits costs a list of pods: the load alone is no reason to count again.
    questions.push({ kind: 'Traffic', revision, since, ...(phase === 'Waiting' && { background: true }) });
  };

  if (isBeforeSwitch(phase) && candidate !== undefined) {
    const handover = memory.way === 'Handover' || (phase === 'Waiting' && input.settings.ways.includes('Handover'));
    const gated = input.settings.gates.length > 0 && phase !== 'Waiting';
    if (memory.step !== undefined || isMixing(course, input)) {
      for (const revision of [serving, candidate])
        questions.push({ kind: 'Traffic', revision, since: 0, stage: 'Canary' });
    } else if ((handover && input.replicas > 1) || gated) traffic(serving, 0);
    if (phase === 'Proving' && !isProofDone(course, input)) {
      const base = setOf(input, serving).readyReplicas > 0 ? { base: serving } : {};
      questions.push({ kind: 'Proof', candidate, ...base });
    } else if (
      (phase === 'AwaitingPromotion' || phase === 'Loading') &&
      isProofDone(course, input) &&
      !proofIsOff(input)
    ) {
      questions.push({ kind: 'WarmUp', candidate });
    }
  }
  if (phase === 'Switching' || phase === 'Watching') traffic(serving, course.switchedAt ?? memory.since);
  for (const revision of drainingSets(course, input)) traffic(revision, 0);
  return questions;
}

/** Sets that are about to stop: whether requests still run there. */
function drainingSets(course: Course, input: RolloutInput): string[] {
  const { memory, serving, switchedAt = 0 } = course;
  const { candidate, phase } = memory;
  if (phase === 'RollingBack' && candidate !== undefined && serving === memory.target) {
    return setOf(input, candidate).readyReplicas > 0 ? [candidate] : [];
  }
  const target = rollbackTarget(course, input);
  const end = windowEnd(course, input);
  if (target === undefined || end === undefined || setOf(input, target).readyReplicas === 0) return [];
  const leaves = phase === 'Idle' && (input.now >= end || course.memory.way === 'Handover');
  return leaves && input.now < switchedAt + input.settings.drainDeadlineMs ? [target] : [];
}

/** The revision whose room is to be counted now. */
function capacityQuestion(course: Course, input: RolloutInput): string | undefined {
  const { memory, serving } = course;
  const { phase, candidate, way } = memory;
  if (input.settings.paused) return undefined;
  const candidateSet = setOf(input, candidate);
  const servingSet = setOf(input, serving);
  if (phase === 'Waiting' && candidate !== undefined) {
    if (memory.retryAt !== undefined && input.now < memory.retryAt) return undefined;
    // What a warm old set holds may be of use to what serves, though the candidate finds no room.
    const isNext = input.servingCapacity === undefined && wayOf(course, input)?.way === 'Wait';
    return isNext && servingLacksRoom(course, input) ? serving : candidate;
  }
  const target = rollbackTarget(course, input);
  const warm = setOf(input, target);
  if (warm.replicas > 0) {
    const needy = [serving, candidate].find((revision) => asksForRoom(setOf(input, revision), warm));
    if (needy !== undefined && phase !== 'RollingBack') return needy;
  }
  if (way !== 'Handover' || !isBeforeSwitch(phase) || candidate === undefined) return undefined;
  if (asksForRoom(candidateSet, servingSet)) return candidate;
  const grows = isProofDone(course, input) && candidateSet.availableReplicas >= candidateSet.replicas;
  return grows && (phase === 'Loading' || candidateSet.availableReplicas < enough(course, input))
    ? candidate
    : undefined;
}
