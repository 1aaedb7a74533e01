import type { CapacityReading } from '../capacity/types.ts';
import { type Course, minimumOf, rollbackTarget, setOf } from './course.ts';
import { isMixing } from './mixed.ts';
import type { ReplicaSetState, RolloutInput } from './types.ts';

/** A quota keeps pods from existing; how much of it is free cannot be counted here, so that room is made one by one. */
export function isOverQuota({ overQuota = 0 }: ReplicaSetState): boolean {
  return overQuota > 0;
}

/** The scheduler or a quota has refused a pod, and nobody is on the way out who would make room. */
export function asksForRoom(needy: ReplicaSetState, giver: ReplicaSetState): boolean {
  const refused = needy.unschedulable > 0 || isOverQuota(needy);
  return refused && giver.terminating === 0 && giver.pods <= giver.replicas;
}

/** One of its pods has got its node since the pods were looked at: capacity is counted on a later list than theirs. */
export function hasFoundRoom({ placed }: ReplicaSetState, capacity: CapacityReading): boolean {
  return capacity.placed > placed;
}

/**
 * Pods of what serves have no node, and GPUs of the candidate are of use to them: those come first. A warm old set gives
 * before the candidate does.
 */
export function servingComesFirst(course: Course, input: RolloutInput): boolean {
  const { memory, serving } = course;
  if (setOf(input, serving).unschedulable === 0 || isMixing(course, input)) return false;
  return setOf(input, rollbackTarget(course, input)).replicas === 0 && shareNodes(input, serving, memory.candidate);
}

/** Whether what serves has no room, while a candidate waits, and a warm old set could give it some. */
export function servingLacksRoom(course: Course, input: RolloutInput): boolean {
  const { memory, serving } = course;
  const warm = setOf(input, rollbackTarget(course, input));
  return memory.phase === 'Waiting' && warm.replicas > 0 && asksForRoom(setOf(input, serving), warm);
}

/** Whether two revisions run on the same nodes, as far as their templates say. */
function shareNodes({ revisions }: RolloutInput, one: string, other: string | undefined): boolean {
  const nodes = (hash: string | undefined) => {
    const { spec } = revisions.find((revision) => revision.hash === hash)?.data.template ?? {};
    return JSON.stringify([spec?.nodeSelector, spec?.affinity?.nodeAffinity]);
  };
  return nodes(one) === nodes(other);
}

/** A version that is to be left gives its GPUs, one replica at a time, to the one that takes over and has no room. */
export function sizeYielding({ memory, serving }: Course, input: RolloutInput): number {
  const giver = setOf(input, serving);
  const needy = setOf(input, memory.target);
  // Somebody has deleted its Deployment: it is what answers until the target does.
  if (!input.sets.has(serving) || giver.replicas === 0)
    return needy.readyReplicas === 0 && givesAll(input) ? 0 : input.replicas;
  const floor = needy.readyReplicas === 0 && givesAll(input) ? 0 : minimumOf(input, input.replicas);
  if (!asksForRoom(needy, giver)) return giver.replicas;
  return Math.max(Math.min(giver.replicas, floor), giver.replicas - 1);
}

/** Whether nothing may answer for a while: what is asked for every rollout holds for one that goes back. */
const givesAll = ({ settings }: RolloutInput): boolean =>
  settings.strategy === 'Recreate' || settings.ways.includes('Recreate');
