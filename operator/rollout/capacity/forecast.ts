import { type Competitor, place } from './competitors.ts';
import { leastGains } from './least-gain.ts';
import type { Amounts } from './requests.ts';
import { giveBack, type Room, slotsIn, take } from './rooms.ts';
import type { CapacityPod } from './types.ts';

/** A pod that may go, and what that frees on which of our nodes; no room: none of it is for us. */
export interface Leaver {
  readonly pod: CapacityPod;
  readonly room?: Room | undefined;
  readonly demand: Amounts;
}

/** How things stand before anybody leaves. */
export interface Scene {
  readonly demand: Amounts;
  /** Replicas of ours that find room. */
  readonly slots: number;
  /** Who finds no room yet and takes it before us where it becomes free. */
  readonly waiting: readonly Competitor[];
}

/**
 * How many replicas find room after n of `leavers` have left, for each n from 0 to all of them. `gone` have left before
 * them. The rooms are as they were when it returns.
 */
export function forecast(whole: Scene, gone: readonly Leaver[], leavers: readonly Leaver[]): number[] {
  const scene = { ...whole, waiting: rivals(whole, [...gone, ...leavers]) };
  const { demand } = scene;
  const changed = new Set<Room>();
  const departed = new Set<CapacityPod>();
  const leave = ({ pod, room, demand: freed }: Leaver): void => {
    departed.add(pod);
    if (room === undefined) return;
    giveBack(room, freed);
    changed.add(room);
  };
  const comeBack = ({ pod, room, demand: freed }: Leaver): void => {
    departed.delete(pod);
    if (room !== undefined) take(room, freed);
  };
  const countWith = (slots: number): number => slots - harmOf(scene, departed, changed);

  let slots = scene.slots + gainOf(gone, demand);
  gone.forEach(leave);
  const results = [countWith(slots)];
  for (const group of deletionGroups(leavers)) {
    const nodes = byRoom(group);
    const choices = leastGains(nodes.map((pods) => gainsOf(pods, demand)));
    for (const { gain, counts } of choices.slice(1)) {
      if (scene.waiting.length === 0) {
        results.push(slots + gain);
        continue;
      }
      const chosen = nodes.flatMap((pods, index) => pods.slice(0, counts[index]));
      chosen.forEach(leave);
      results.push(countWith(slots + gain));
      chosen.forEach(comeBack);
    }
    slots += choices.at(-1)?.gain ?? 0;
    group.forEach(leave);
  }
  [...gone, ...leavers].forEach(comeBack);
  return results;
}

/** Those who wait that could get something of what becomes free, at most: of many like each other, the first. */
function rivals({ waiting }: Scene, leavers: readonly Leaver[]): readonly Competitor[] {
  if (waiting.length === 0) return waiting;
  const rooms = [...new Set(leavers.flatMap(({ room }) => room ?? []))];
  const leaving = new Set(leavers.map(({ pod }) => pod));
  for (const { room, demand } of leavers) if (room !== undefined) giveBack(room, demand);
  const places = new Map<string, number>();
  const result = waiting.filter((one) => {
    const fit = (sum: number, room: Room) => sum + (one.rooms.has(room) ? slotsIn(room, one.demand) : 0);
    const left = places.get(one.kind) ?? rooms.reduce(fit, 0);
    // One that leaves itself makes room for the next like it.
    const leaves = one.pod !== undefined && leaving.has(one.pod);
    places.set(one.kind, leaves ? left : left - 1);
    return leaves || left > 0;
  });
  for (const { room, demand } of leavers) if (room !== undefined) take(room, demand);
  return result;
}

/** What those who wait take of the room that has become free. */
function harmOf(scene: Scene, departed: ReadonlySet<CapacityPod>, changed: ReadonlySet<Room>): number {
  const waiting = scene.waiting.filter(({ pod }) => pod === undefined || !departed.has(pod));
  const placements = place(waiting, [...changed], scene.demand);
  for (const { room, competitor } of placements) giveBack(room, competitor.demand);
  return placements.reduce((sum, { harm }) => sum + harm, 0);
}

/**
 * The order in which a ReplicaSet deletes its pods, as far as it is certain (ActivePodsWithRanks): those without a node,
 * pending ones, unknown ones, those that are not ready, the others. Among equals it goes by neighbours, age in powers
 * of two, and chance.
 */
function deletionGroups(leavers: readonly Leaver[]): Leaver[][] {
  const groups: Leaver[][] = [[], [], [], [], []];
  for (const leaver of leavers) groups[deletionRank(leaver.pod)]?.push(leaver);
  return groups.filter((group) => group.length > 0);
}

function deletionRank({ spec, status }: CapacityPod): number {
  if (!spec?.nodeName) return 0;
  if (status?.phase === undefined || status.phase === 'Pending') return 1;
  if (status.phase === 'Unknown') return 2;
  return status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true ? 4 : 3;
}

/** Pods by the node on which they free something; the first is those that free nothing for us. */
function byRoom(leavers: readonly Leaver[]): Leaver[][] {
  const nodes = new Map<Room | undefined, Leaver[]>([[undefined, []]]);
  for (const leaver of leavers) {
    const there = nodes.get(leaver.room);
    if (there) there.push(leaver);
    else nodes.set(leaver.room, [leaver]);
  }
  return [...nodes.values()];
}

/** Slots gained on one node after 0, 1, 2, ... of these pods, all on it, have left. */
function gainsOf(leavers: readonly Leaver[], demand: Amounts): number[] {
  const room = leavers[0]?.room;
  if (room === undefined) return [0, ...leavers.map(() => 0)];
  const before = slotsIn(room, demand);
  const trial = { ...room, free: { ...room.free } };
  return [
    0,
    ...leavers.map((leaver) => {
      giveBack(trial, leaver.demand);
      return slotsIn(trial, demand) - before;
    }),
  ];
}

function gainOf(leavers: readonly Leaver[], demand: Amounts): number {
  return byRoom(leavers).reduce((sum, pods) => sum + (gainsOf(pods, demand).at(-1) ?? 0), 0);
}
