import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../kube/types.ts';
import type { Status } from './decide/judgement.ts';

/** How long a change that says little waits for company, milliseconds. */
const SETTLE_MS = 2_000;

/**
 * Holds back changes of a status that say little by themselves (a further pod of a candidate is ready, its pods have their
 * nodes): most become part of one that says more within a moment, and cost no write of their own. Nothing is decided on
 * what is held back.
 */
export class Settling {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By the UID of the object, since when a change of it waits. */
  readonly #since = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** How long the change has to wait yet, milliseconds; 0: it is to be written now. `isPassing`: see Decision. */
  waitMs(uid: string, before: Status | undefined, after: Status, isPassing = false): number {
    if (before === undefined || isSame(before, after) || !(isPassing || saysLittle(before, after))) {
      this.forget(uid);
      return 0;
    }
    const now = this.#clock.monotonic();
    const since = this.#since.get(uid) ?? now;
    const left = since + SETTLE_MS - now;
    if (left <= 0) this.forget(uid);
    else this.#since.set(uid, since);
    return Math.max(0, left);
  }

  /** Nothing of this object waits. */
  forget(uid: string): void {
    this.#since.delete(uid);
  }
}

/** Whether the change may wait: no reason, no role, no verdict and no order is part of it, and no GPU is taken. */
export function saysLittle(before: Status, after: Status): boolean {
  const reserved = (status: Status): number => status.rollout?.capacity?.reserved ?? 0;
  return reserved(after) <= reserved(before) && isDeepStrictEqual(essence(before), essence(after));
}

/** Conditions are a map by type: their order says nothing. */
function sorted({ conditions = [], ...status }: Status): Status {
  return { ...status, conditions: [...conditions].sort((a, b) => (a.type < b.type ? -1 : 1)) };
}

function isSame(a: Status, b: Status): boolean {
  return isDeepStrictEqual(sorted(a), sorted(b));
}

function essence(of: Status): object {
  const { candidate, conditions = [], rollout, ...status } = sorted(of);
  return {
    ...status,
    candidate: candidate && { ...candidate, readyReplicas: undefined },
    conditions: conditions.map((condition) => ({ ...condition, message: undefined })),
    rollout: rollout && essenceOf(rollout),
  };
}

function essenceOf({ message: _, ...rollout }: NonNullable<Status['rollout']>): object {
  if (rollout.phase !== 'Scheduling' && rollout.phase !== 'Loading') return rollout;
  const { startedAt: __, deadline: ___, capacity: ____, ...rest } = rollout;
  return { ...rest, phase: 'Loading' };
}
