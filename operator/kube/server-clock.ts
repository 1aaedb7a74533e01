import type { Clock } from './types.ts';

/** What one answer of the API server says about its time. */
export interface ServerTime {
  /** The answer's Date header. */
  readonly date: string;
  /** Monotonic milliseconds before the request was sent, and after the answer's headers had come. */
  readonly sentAt: number;
  readonly receivedAt: number;
}

export interface ServerClockOptions {
  /** The machine's. Only its monotonic time is used, and its wall clock once, at the start. */
  readonly local: Clock;
  /** Called when the clock is set to another time: the new time less the old one, milliseconds. Must not throw. */
  readonly onStep?: (ms: number) => void;
}

/** A Date header names the second that has begun. */
const RESOLUTION_MS = 1_000;

/** Clocks of API servers that differ by less are taken for the same time: NTP keeps them far closer. */
export const TOLERATED_SKEW_MS = 2_000;

/** How much a disciplined clock may gain or lose on a free-running one: 500 ppm, the most that NTP slews (RFC 5905). */
const DRIFT = 500e-6;

/** A time that contradicts a confirmed one is believed after so many answers in a row, over so long. */
const STEP_ANSWERS = 5;
const STEP_AFTER_MS = 60_000;

/** So many answers have to agree before a time counts as confirmed. */
const CONFIRMATIONS = 2;

/** No API server of ours lived before; a machine without a clock battery starts in 1970. */
const EARLIEST = Date.UTC(2020, 0, 1);

/** Server time less monotonic time lies between `low` and `high`, milliseconds. */
interface Bounds {
  readonly low: number;
  readonly high: number;
}

interface Estimate extends Bounds {
  /** Monotonic milliseconds of the answer that gave these bounds. */
  readonly at: number;
  readonly answers: number;
}

/**
 * The API server's time, which all replicas of the operator share: the local monotonic clock plus an offset that is
 * learned from the Date headers of answers. The local wall clock may jump, and may be wrong on the next leader's
 * machine; neither moves this one.
 *
 * Each answer bounds the offset: its Date was written between sending and receiving, and is cut to whole seconds. The
 * bounds of many answers are intersected, so that the error falls well below a second, and widened with time by what a
 * clock may drift. Where two API servers differ a little, the clock lies between them.
 *
 * `now()` never goes backwards by such corrections: it stands still until the time has caught up, for less than
 * {@link TOLERATED_SKEW_MS}. Only a step can take it back: the first answer, when the local clock was ahead, and a time
 * that contradicted the old one in five answers in a row over a minute.
 */
export class ServerClock implements Clock {
  readonly #local: Clock;
  readonly #onStep: ((ms: number) => void) | undefined;
  /** Wall clock less monotonic time at the start. */
  readonly #initialOffset: number;
  #estimate: Estimate | undefined;
  /** What contradicts the estimate. */
  #rival: (Estimate & { readonly since: number }) | undefined;
  #latest = Number.NEGATIVE_INFINITY;

  constructor({ local, onStep }: ServerClockOptions) {
    this.#local = local;
    this.#onStep = onStep;
    this.#initialOffset = local.now() - local.monotonic();
  }

  /** The server's time, milliseconds since the epoch. Before the first answer: the local clock's, as of the start. */
  now(): number {
    const offset = this.#estimate === undefined ? this.#initialOffset : middle(this.#estimate);
    this.#latest = Math.max(this.#latest, this.#local.monotonic() + offset);
    return this.#latest;
  }

  /** How far `now()` can be from the server's time, milliseconds; undefined before the first answer. */
  get errorMs(): number | undefined {
    if (this.#estimate === undefined) return undefined;
    const { low, high } = this.#aged(this.#estimate, this.#local.monotonic());
    return (high - low) / 2;
  }

  monotonic(): number {
    return this.#local.monotonic();
  }

  setTimeout(callback: () => void, ms: number): () => void {
    return this.#local.setTimeout(callback, ms);
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.#local.sleep(ms, signal);
  }

  /** Learns from an answer. A date that cannot be read, or cannot be, is ignored. */
  observe({ date, sentAt, receivedAt }: ServerTime): void {
    const second = Date.parse(date);
    if (!(second >= EARLIEST) || receivedAt < sentAt) return;
    const seen = { low: second - receivedAt, high: second + RESOLUTION_MS - sentAt };
    if (this.#estimate === undefined) {
      this.#step({ ...seen, at: receivedAt, answers: 1 });
      return;
    }
    const known = this.#aged(this.#estimate, receivedAt);
    const agreed = agreement(known, seen);
    if (agreed !== undefined) {
      this.#estimate = { ...agreed, at: receivedAt, answers: known.answers + 1 };
      this.#rival = undefined;
      return;
    }
    this.#contradict(seen, receivedAt, known.answers >= CONFIRMATIONS);
  }

  /** Single ones are ignored; those that persist, and agree with each other, set the clock. */
  #contradict(seen: Bounds, at: number, confirmed: boolean): void {
    const rival = this.#rival && this.#aged(this.#rival, at);
    const agreed = rival && agreement(rival, seen);
    const { since = at, answers = 0 } = agreed ? (this.#rival ?? {}) : {};
    this.#rival = { ...(agreed ?? seen), at, since, answers: answers + 1 };
    const persists = confirmed
      ? this.#rival.answers >= STEP_ANSWERS && at - since >= STEP_AFTER_MS
      : this.#rival.answers >= CONFIRMATIONS;
    if (persists) this.#step(this.#rival);
  }

  #step({ low, high, at, answers }: Estimate): void {
    const before = this.now();
    this.#estimate = { low, high, at, answers };
    this.#rival = undefined;
    this.#latest = Number.NEGATIVE_INFINITY;
    this.#onStep?.(this.now() - before);
  }

  #aged(estimate: Estimate, monotonic: number): Estimate {
    const drift = DRIFT * Math.max(0, monotonic - estimate.at);
    return { ...estimate, low: estimate.low - drift, high: estimate.high + drift };
  }
}

function middle({ low, high }: Bounds): number {
  return (low + high) / 2;
}

/** What two bounds have in common; where they miss each other by a tolerated skew, what lies between; else undefined. */
function agreement(a: Bounds, b: Bounds): Bounds | undefined {
  const low = Math.max(a.low, b.low);
  const high = Math.min(a.high, b.high);
  if (low <= high) return { low, high };
  return low - high <= TOLERATED_SKEW_MS ? { low: high, high: low } : undefined;
}
