import { type Course, isProofDone, setOf, waitsForPerson, wantedOf } from './course.ts';
import { handoverMinimum, isMixed, isMixing } from './mixed.ts';
import type { RolloutInput } from './types.ts';

/** Replicas of the candidate that the next thing needs: one for the proof of a handover, else what takes over for what serves. */
export function enough(course: Course, input: RolloutInput): number {
  const { memory, serving } = course;
  const wanted = wantedOf(course, input);
  if (memory.way === 'Handover') {
    if (!isProofDone(course, input)) return 1;
    // It cannot grow before it may have its share of the traffic.
    if (isMixed(input) && wanted > 2 && !isMixing(course, input)) return 1;
    return waitsWithOne(course, input) ? 1 : handoverMinimum(input, wanted);
  }
  if (memory.way === 'Recreate') return 1;
  const inUse = setOf(input, serving).readyReplicas;
  return Math.max(1, Math.min(wanted, inUse === 0 ? wanted : inUse));
}

/**
 * A handover takes no more of what serves than the one replica of its proof before somebody has promoted it, and a window
 * is open: until then that may take for ever.
 */
export function waitsWithOne(course: Course, input: RolloutInput): boolean {
  const { memory } = course;
  if (memory.way !== 'Handover' || setOf(input, memory.candidate).replicas > 1) return false;
  return waitsForPerson(course, input) || !input.window.open;
}
