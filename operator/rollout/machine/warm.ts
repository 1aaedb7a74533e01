import { type Course, rollbackTarget, setOf, windowEnd } from './course.ts';
import type { RolloutInput } from './types.ts';

/** How long the last request of the old version is ago when it counts as drained, milliseconds. */
const IDLE_MS = 30_000;

/** Whether the old set may stop: no request has run there for a while, or its time to drain is over. */
export function isDrained(
  course: Pick<Course, 'switchedAt'>,
  input: RolloutInput,
  revision: string,
  drainMs: number,
): boolean {
  const { switchedAt = 0 } = course;
  const idle = input.observed.idleSince.get(revision);
  return input.now >= switchedAt + drainMs || (idle !== undefined && idle <= input.now - IDLE_MS);
}

/** Replicas that the old set keeps outside a switch: warm for a rollback until the window is over, then draining. */
export function warmSize(course: Course, input: RolloutInput): number {
  const { memory, switchedAt } = course;
  const target = rollbackTarget(course, input);
  const { replicas } = setOf(input, target);
  if (target === undefined || replicas === 0 || input.replicas === 0) return 0;
  const limit = Math.min(replicas, memory.warmLimit ?? Number.POSITIVE_INFINITY);
  const end = windowEnd(course, input);
  // While what serves is down, the old version is all that answers, whatever the time. What serves may still take its GPUs.
  const last = setOf(input, course.serving).readyReplicas === 0 && setOf(input, target).readyReplicas > 0;
  const kept = switchedAt !== undefined && end !== undefined && (input.now < end || last);
  const share = kept ? Math.ceil((input.replicas * input.settings.warmReplicasPercent) / 100) : 0;
  if (isDrained(course, input, target, input.settings.drainDeadlineMs)) return Math.min(limit, share);
  // What still runs there is finished before its pods stop, unless somebody needs the GPUs at once.
  return limit;
}

/** Most replicas that others leave to the warm set: what they need beyond that comes first. */
export function leftByOthers({ claims }: Pick<RolloutInput, 'claims'>): number {
  return Math.min(Number.POSITIVE_INFINITY, ...claims.map(({ keep }) => keep));
}
