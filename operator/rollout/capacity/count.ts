import { allocatableOf } from '../accelerator-nodes.ts';
import { competitorsOf, isRevision, place, reservationsOfOthers } from './competitors.ts';
import { isEligible } from './eligibility.ts';
import { forecast, type Leaver, type Scene } from './forecast.ts';
import { deviceResource, Requests } from './requests.ts';
import { type Room, slotsIn, take } from './rooms.ts';
import type { CapacityNode, CapacityPod, CapacityQuestion, CapacityReading } from './types.ts';
import { whyUncounted, whyUnknown } from './unknown.ts';

/**
 * How many replicas of a pod template find room, now and after pods of the serving or the warm revision have gone. What
 * depends on choices of the scheduler or of a ReplicaSet is counted as unluckily as they may choose.
 *
 * Not counted: ResourceQuotas, whose refusals the Deployment reports; volumes that are bound to zones or nodes; overhead
 * that a runtime class adds; pods of lower priority, which ours do not evict.
 */
export function countCapacity(question: CapacityQuestion): CapacityReading {
  const layout = layOut(question);
  const { placed, gpusPerReplica } = layout;
  if ('unknown' in layout) {
    const nothing = { slots: 0, slotsWithoutServing: [], slotsWithoutWarm: [], freeGpus: 0, reservedBy: [] };
    return { ...nothing, placed, gpusPerReplica, unknown: layout.unknown };
  }
  const { own, servingRevision, warmRevision } = question;
  const { scene, device, rooms, requests, leaversOf } = layout;
  const warm = leaversOf(own, warmRevision);
  const serving = leaversOf(own, servingRevision);
  const leaving = [...warm, ...serving].filter(({ pod }) => isLeaving(pod));
  const staying = (leavers: readonly Leaver[]): Leaver[] => leavers.filter(({ pod }) => !isLeaving(pod));
  return {
    placed,
    slots: scene.slots,
    slotsWithoutServing: forecast(scene, [...leaving, ...staying(warm)], staying(serving)),
    slotsWithoutWarm: forecast(scene, leaving, staying(warm)),
    gpusPerReplica,
    freeGpus: layout.freeGpus,
    reservedBy: reservedBy(question, device, rooms, requests),
  };
}

/** How nodes, pods and those who come first stand. */
export interface Layout {
  /** Replicas of the revision that have a node. */
  readonly placed: number;
  readonly gpusPerReplica: number;
  readonly device: string | undefined;
  readonly freeGpus: number;
  readonly scene: Scene;
  readonly rooms: ReadonlyMap<Room, CapacityNode>;
  readonly requests: Requests;
  /** Every pod that has not ended. */
  readonly pods: readonly CapacityPod[];
  /** Pods with what they free on our nodes. */
  readonly leaver: (pod: CapacityPod) => Leaver;
  /** The pods of a revision. */
  readonly leaversOf: (
    owner: { readonly namespace: string; readonly name: string },
    revision: string | undefined,
  ) => readonly Leaver[];
}

/** Puts everybody where he is, and those who come first where they may go; or says why that cannot be told. */
export function layOut(
  question: CapacityQuestion,
): Layout | { readonly unknown: string; readonly placed: number; readonly gpusPerReplica: number } {
  const { own, template } = question;
  const pods = (question.pods ?? []).filter(holdsItsRoom);
  const placed = pods.filter((pod) => isRevision(pod, own, own.revision) && hasNode(pod) && !isLeaving(pod)).length;
  const spec = template.spec ?? { containers: [] };
  const device = deviceResource(spec);
  const requests = new Requests();
  const demand = requests.ofPod(spec);
  const gpusPerReplica = device === undefined ? 0 : (demand[device] ?? 0);
  const unknown = whyUnknown(question);
  if (unknown !== undefined) return { placed, gpusPerReplica, unknown };

  const eligible = (question.nodes ?? []).filter((node) => isEligible(node, spec));
  const byName = new Map<string, Room>();
  const rooms = new Map<Room, CapacityNode>();
  const without: CapacityNode[] = [];
  for (const node of eligible) {
    const { name } = node.metadata;
    const room = { node: name, free: requests.amounts(node.status?.allocatable) };
    if (device !== undefined && !room.free[device]) without.push(node);
    byName.set(name, room);
    rooms.set(room, node);
  }
  if (device !== undefined) {
    const uncounted = whyUncounted(question, device, without, without.length < eligible.length);
    if (uncounted !== undefined) return { placed, gpusPerReplica, unknown: uncounted };
  }

  const demands = new Map<CapacityPod, ReturnType<Requests['ofPod']>>();
  const whereabouts = new Map<CapacityPod, Room>();
  for (const pod of pods) {
    const room = byName.get(pod.spec?.nodeName ?? '');
    if (room === undefined) continue;
    const taken = requests.ofPod(pod.spec, pod.status);
    demands.set(pod, taken);
    whereabouts.set(pod, room);
    take(room, taken);
  }
  const allRooms = [...rooms.keys()];
  const freeGpus =
    device === undefined ? 0 : allRooms.reduce((sum, room) => sum + Math.max(0, room.free[device] ?? 0), 0);

  const waiting = pods.filter((pod) => !hasNode(pod) && !isLeaving(pod));
  const competitors = competitorsOf(question, waiting, rooms, requests);
  const placements = place(competitors, allRooms, demand);
  for (const { competitor, room } of placements) {
    if (competitor.pod === undefined) continue;
    demands.set(competitor.pod, competitor.demand);
    whereabouts.set(competitor.pod, room);
  }
  const settled = new Set(placements.map(({ competitor }) => competitor));
  const slots = allRooms.reduce((sum, room) => sum + slotsIn(room, demand), 0);
  const scene = { demand, slots, waiting: competitors.filter((one) => !settled.has(one)) };

  const leaver = (pod: CapacityPod): Leaver => ({
    pod,
    room: whereabouts.get(pod),
    demand: demands.get(pod) ?? {},
  });
  return {
    ...{ placed, gpusPerReplica, device, freeGpus, scene, rooms, requests, pods, leaver },
    leaversOf: (owner, revision) => pods.filter((pod) => isRevision(pod, owner, revision)).map(leaver),
  };
}

/** Names of the nodes that a replica may have and that do not offer the device it asks for as a resource. */
export function nodesWithoutDevice({ nodes = [], template }: Pick<CapacityQuestion, 'nodes' | 'template'>): string[] {
  const { spec } = template;
  const device = deviceResource(spec);
  if (spec === undefined || device === undefined) return [];
  return nodes
    .filter((node) => allocatableOf(node, device) === 0 && isEligible(node, spec))
    .map(({ metadata }) => metadata.name);
}

function reservedBy(
  question: CapacityQuestion,
  device: string | undefined,
  rooms: ReadonlyMap<Room, CapacityNode>,
  requests: Requests,
): CapacityReading['reservedBy'] {
  if (device === undefined) return [];
  return reservationsOfOthers(question).flatMap(({ holder, replicas, placed = 0, template: { spec } }) => {
    const gpus = (replicas + placed) * (requests.ofPod(spec)[device] ?? 0);
    const shares = spec !== undefined && [...rooms.values()].some((node) => isEligible(node, spec));
    return gpus > 0 && shares ? [{ holder, gpus }] : [];
  });
}

/** A pod that has ended holds nothing; one that is on its way out holds all until it is gone. */
function holdsItsRoom({ status }: CapacityPod): boolean {
  return status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

function hasNode({ spec }: CapacityPod): boolean {
  return Boolean(spec?.nodeName);
}

/** Whether the pod is on its way out. */
export function isLeaving({ metadata }: CapacityPod): boolean {
  return metadata.deletionTimestamp !== undefined;
}
