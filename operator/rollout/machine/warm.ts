import { type Course, rollbackTarget, setOf, windowEnd } from './course.ts';
import { isBeforeSwitch } from './table.ts';
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
  const kept = switchedAt !== undefined && end !== undefined && (input.now < end || isLastReady(course, input, target));
  const share = kept ? Math.ceil((input.replicas * input.settings.warmReplicasPercent) / 100) : 0;
  if (isDrained(course, input, target, input.settings.drainDeadlineMs)) return Math.min(limit, share);
  // What still runs there is finished before its pods stop, unless somebody needs the GPUs at once.
  return limit;
}

/**
 * Whether the old version is all that answers: it stays then, whatever the time, unless what serves or a candidate may want its GPUs.
 * Whether they would be of use cannot always be counted.
 */
function isLastReady({ memory, serving }: Course, input: RolloutInput, target: string): boolean {
  const served = setOf(input, serving);
  if (isBeforeSwitch(memory.phase) || served.readyReplicas > 0 || served.placed < input.replicas) return false;
  return setOf(input, target).readyReplicas > 0;
}

/** Most replicas that others leave to the warm set: what they need beyond that comes first. */
export function leftByOthers({ claims }: Pick<RolloutInput, 'claims'>): number {
  return Math.min(Number.POSITIVE_INFINITY, ...claims.map(({ keep }) => keep));
}
