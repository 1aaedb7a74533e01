import { isLeaving, layOut } from './count.ts';
import { forecast, type Leaver } from './forecast.ts';
import type { Claim, ClaimQuestion, Giver } from './types.ts';

/** A giver with its pods that are to stay. */
interface Holding {
  readonly giver: Giver;
  readonly staying: readonly Leaver[];
}

/**
 * What is asked of others’ warm versions so that the replicas find room: no more than is needed, of as few as possible,
 * and nothing of those whose nodes are of no use, or where all of them together are too little. What is on its way out,
 * whosever it is, and what our own old version keeps warm goes first. Empty where room cannot be counted. The same
 * question has the same answer, and so has one that is asked while the pods of those who gave are going.
 */
export function countClaims(question: ClaimQuestion): readonly Claim[] {
  const { own, replicas, partly, givers, warmRevision } = question;
  const layout = layOut(question);
  if ('unknown' in layout) return [];
  const { scene, placed, pods, leaver, leaversOf } = layout;
  const missing = replicas - placed;
  if (missing <= 0 || scene.slots >= missing) return [];

  const leaving = pods.filter(isLeaving).map(leaver);
  const staying = (leavers: readonly Leaver[]) => leavers.filter(({ pod }) => !isLeaving(pod));
  const holdings = givers.map((giver): Holding => {
    const [namespace = '', name = ''] = giver.holder.split('/');
    return { giver, staying: staying(leaversOf({ namespace, name }, giver.revision)) };
  });
  const spent = holdings.filter(({ giver }) => giver.replicas === 0).flatMap((holding) => holding.staying);
  const gone = [...leaving, ...staying(leaversOf(own, warmRevision)), ...spent];
  const useful = holdings.filter(
    (holding) => holding.giver.replicas > 0 && holding.staying.some(({ room }) => room !== undefined),
  );
  const slotsAfter = (some: readonly Holding[]): number =>
    forecast(scene, [...gone, ...some.flatMap((holding) => holding.staying)], [])[0] ?? 0;

  const most = slotsAfter(useful);
  const target = partly ? Math.min(missing, most) : missing;
  if (most < target || slotsAfter([]) >= target) return [];
  let asked: readonly Holding[] = useful.slice(
    0,
    useful.findIndex((_, n) => slotsAfter(useful.slice(0, n + 1)) >= target) + 1,
  );
  // Some of those who were asked first are of no help after all.
  for (const one of asked.slice(0, -1)) {
    const others = asked.filter((other) => other !== one);
    if (slotsAfter(others) >= target) asked = others;
  }
  const last = asked.at(-1);
  const before = asked.slice(0, -1);
  const all = [...gone, ...before.flatMap((holding) => holding.staying)];
  return [...before.map((holding) => keeping(holding, 0)), ...(last ? [keepingMost(last, all)] : [])].filter(
    (claim) => claim !== undefined,
  );

  function keepingMost(holding: Holding, first: readonly Leaver[]): Claim | undefined {
    const given = forecast(scene, first, holding.staying).findIndex((slots) => slots >= target);
    return keeping(holding, given < 0 ? 0 : holding.staying.length - given);
  }
}

/** Undefined: it has given as much already. */
function keeping({ giver: { holder, revision, replicas } }: Holding, keep: number): Claim | undefined {
  return keep < replicas ? { giver: holder, revision, keep } : undefined;
}
