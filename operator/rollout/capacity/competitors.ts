import { LABEL } from '../../api/names.ts';
import { isEligible } from './eligibility.ts';
import type { Amounts, Requests } from './requests.ts';
import { giveBack, type Room, slotsIn, take } from './rooms.ts';
import type { CapacityNode, CapacityPod, CapacityQuestion, Reservation } from './types.ts';

/** Somebody whom the scheduler may serve first: a pod that waits, or a replica that was promised room. */
export interface Competitor {
  /** Absent: a replica whose pod does not exist yet. */
  readonly pod?: CapacityPod;
  readonly demand: Amounts;
  /** Nodes of ours that it may have. */
  readonly rooms: ReadonlySet<Room>;
  /** The same for all that have the same demand and rooms. */
  readonly kind: string;
}

/** Who may take room before our next replica does, in the order in which the scheduler takes them. */
export function competitorsOf(
  question: CapacityQuestion,
  waiting: readonly CapacityPod[],
  rooms: ReadonlyMap<Room, CapacityNode>,
  requests: Requests,
): Competitor[] {
  const byKind = new Map<string, Pick<Competitor, 'demand' | 'rooms' | 'kind'>>();
  const competitor = (spec: NonNullable<CapacityPod['spec']>): Pick<Competitor, 'demand' | 'rooms' | 'kind'> => {
    const demand = requests.ofPod(spec);
    const kind = JSON.stringify([demand, spec.nodeSelector, spec.affinity?.nodeAffinity, spec.tolerations]);
    let known = byKind.get(kind);
    if (known === undefined) {
      const open = new Set([...rooms].filter(([, node]) => isEligible(node, spec)).map(([room]) => room));
      byKind.set(kind, (known = { demand, rooms: open, kind }));
    }
    return known;
  };
  const promised = reservationsOfOthers(question).flatMap((reservation) => {
    const { template, replicas } = reservation;
    // Some of its pods may exist already: they are the same replicas.
    const count = Math.max(replicas, waiting.filter((pod) => isPodOf(pod, reservation)).length);
    return template.spec ? Array.from({ length: count }, () => competitor(template.spec as never)) : [];
  });
  const pods = waiting
    .filter((pod) => isAhead(pod, question))
    .sort((a, b) => priorityOf(b) - priorityOf(a))
    .map((pod) => ({ pod, ...competitor(pod.spec as never) }));
  return [...promised, ...pods].filter((one) => one.rooms.size > 0);
}

export function reservationsOfOthers({ reservations, own }: CapacityQuestion): readonly Reservation[] {
  return reservations.filter(({ holder }) => holder !== `${own.namespace}/${own.name}`);
}

/** Our own pods are who the room is for, and held ones are nobody’s rivals before they are let go. */
function isAhead(pod: CapacityPod, question: CapacityQuestion): boolean {
  const { own, priority = Number.NEGATIVE_INFINITY } = question;
  if (isRevision(pod, own, own.revision) || isHeld(pod) || pod.spec === undefined) return false;
  if (reservationsOfOthers(question).some((reservation) => isPodOf(pod, reservation))) return false;
  return priorityOf(pod) >= priority;
}

/** A gate keeps it from the scheduler: a queue such as Kueue’s says when it may go. */
export function isHeld({ spec }: CapacityPod): boolean {
  return (spec?.schedulingGates ?? []).length > 0;
}

/** Whether it is a pod of this revision of a DeepSeekDeployment. */
export function isRevision(
  { metadata: { namespace, labels = {} } }: CapacityPod,
  owner: { readonly namespace: string; readonly name: string },
  revision: string | undefined,
): boolean {
  if (revision === undefined || labels[LABEL.revision] !== revision) return false;
  return namespace === owner.namespace && labels[LABEL.name] === owner.name;
}

function isPodOf(pod: CapacityPod, { holder, template }: Reservation): boolean {
  const [namespace = '', name = ''] = holder.split('/');
  return isRevision(pod, { namespace, name }, template.metadata?.labels?.[LABEL.revision]);
}

function priorityOf({ spec }: CapacityPod): number {
  return spec?.priority ?? 0;
}

/** Where a competitor has been put, and what that costs us. */
export interface Placement {
  readonly competitor: Competitor;
  readonly room: Room;
  /** Replicas of ours that find no room any more. */
  readonly harm: number;
}

/**
 * Puts competitors into those of `rooms` in which there is room for them, each where it costs us most: which node the
 * scheduler takes depends on more than what is counted here. The rooms are changed.
 */
export function place(competitors: readonly Competitor[], rooms: readonly Room[], demand: Amounts): Placement[] {
  const placements: Placement[] = [];
  const costs = new Map<string, { readonly competitor: Competitor; readonly byRoom: number[] }>();
  for (const competitor of competitors) {
    let cost = costs.get(competitor.kind);
    if (cost === undefined) {
      cost = { competitor, byRoom: rooms.map((room) => harmTo(room, competitor, demand)) };
      costs.set(competitor.kind, cost);
    }
    const harm = cost.byRoom.reduce((worst, one) => Math.max(worst, one), NO_ROOM);
    const index = cost.byRoom.indexOf(harm);
    const room = rooms[index];
    if (harm === NO_ROOM || room === undefined) continue;
    take(room, competitor.demand);
    placements.push({ competitor, room, harm });
    for (const other of costs.values()) other.byRoom[index] = harmTo(room, other.competitor, demand);
  }
  return placements;
}

const NO_ROOM = -1;

/** How many slots of ours a competitor costs in a room. */
function harmTo(room: Room, { demand: taken, rooms }: Competitor, demand: Amounts): number {
  if (!rooms.has(room) || slotsIn(room, taken) === 0) return NO_ROOM;
  const before = slotsIn(room, demand);
  take(room, taken);
  const left = slotsIn(room, demand);
  giveBack(room, taken);
  return before - left;
}
