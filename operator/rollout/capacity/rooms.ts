import type { Amounts } from './requests.ts';

/** One node with what is free on it. It changes while a count tries out what may happen. */
export interface Room {
  readonly node: string;
  readonly free: Record<string, number>;
}

/** How many pods of `demand` find room: the scarcest resource says. */
export function slotsIn({ free }: Room, demand: Amounts): number {
  let slots = Number.POSITIVE_INFINITY;
  for (const name in demand) {
    const wanted = demand[name] ?? 0;
    if (wanted > 0) slots = Math.min(slots, Math.max(0, Math.floor((free[name] ?? 0) / wanted)));
  }
  return Number.isFinite(slots) ? slots : 0;
}

export function take({ free }: Room, demand: Amounts): void {
  for (const name in demand) free[name] = (free[name] ?? 0) - (demand[name] ?? 0);
}

export function giveBack({ free }: Room, demand: Amounts): void {
  for (const name in demand) free[name] = (free[name] ?? 0) + (demand[name] ?? 0);
}
