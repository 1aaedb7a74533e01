import { type Course, isProofDone, minimumOf, setOf, waitsForPerson, wantedOf } from './course.ts';
import { isBeforeSwitch } from './table.ts';
import type { RolloutInput } from './types.ts';

/** Whether a handover of this attempt is to serve with both versions: asked for, with a gateway that can split the traffic. */
export function isMixed({ settings, route }: Pick<RolloutInput, 'settings' | 'route'>): boolean {
  return settings.handover.mixedVersions && settings.strategy === 'BlueGreen' && route !== undefined;
}

/** Fewest replicas that have to serve in a handover; of both versions together when both serve. */
export function handoverMinimum(input: RolloutInput, replicas: number): number {
  return isMixed(input) ? Math.max(1, replicas - 1) : minimumOf(input, replicas);
}

/**
 * Whether both versions serve. It begins as a switch does: proven, promoted, with the window open. Once it has, it goes
 * on, since what is left of the old version cannot carry everything any more.
 */
export function isMixing(course: Course, input: RolloutInput): boolean {
  const { memory, serving } = course;
  const { candidate, phase, way } = memory;
  if (way !== 'Handover' || !isMixed(input) || !isBeforeSwitch(phase) || phase === 'Waiting') return false;
  const wanted = wantedOf(course, input);
  if (wanted < 3 || !isProofDone(course, input) || setOf(input, candidate).readyReplicas === 0) return false;
  const begun = setOf(input, candidate).replicas > 1 || setOf(input, serving).replicas < wanted - 1;
  return begun || (!input.settings.paused && input.window.open && !waitsForPerson(course, input));
}

/** Percent of the traffic that the candidate of a mixed handover gets: its share of the ready replicas. */
export function mixedWeight(course: Course, input: RolloutInput): number {
  if (!isMixing(course, input)) return 0;
  const ready = setOf(input, course.memory.candidate).readyReplicas;
  return Math.floor((100 * ready) / (ready + setOf(input, course.serving).readyReplicas));
}
