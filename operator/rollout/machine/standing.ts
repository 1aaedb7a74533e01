import type { OrderStanding } from '../orders.ts';
import { type Course, rollbackTarget, setOf } from './course.ts';
import type { RolloutInput } from './types.ts';

/** How things stand when an order comes. */
export function standingOf(course: Course, input: RolloutInput): OrderStanding {
  const { memory, serving } = course;
  const { settings, revisions } = input;
  const target = rollbackTarget(course, input);
  // Pods that hold GPUs may be released whether they are ready or not.
  const readiness = setOf(input, target).replicas > 0 ? 'Warm' : 'Cold';
  return {
    ...{ phase: memory.phase, paused: settings.paused, serving, candidate: memory.candidate },
    rollback: target === undefined ? undefined : { revision: target, readiness },
    revisions: revisions.map(({ hash }) => hash),
  };
}
