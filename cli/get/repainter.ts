import type { Clock } from '../../operator/kube/types.ts';

export interface RepaintOptions {
  readonly clock: Clock;
  /** Looks at what is to be shown and shows it; called often, so it should do nothing when there is nothing new. */
  readonly paint: () => void;
}

/** Between two paints, milliseconds: what comes in bursts is shown once, and nothing flickers. */
const MIN_PAINT_MS = 200;
/** Ages move on by themselves, and so does what only time decides. */
const TICK_MS = 1_000;

/** Paints at once, after each `request`, and every second; never more often than every 200 ms. */
export class Repainter {
  readonly #options: RepaintOptions;
  #lastPaint = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;
  /** When the planned paint is due, on the monotonic clock. */
  #due = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(options: RepaintOptions) {
    this.#options = options;
  }

  /** Something has changed: it is shown as soon as the last paint is 200 ms old. */
  request(): void {
    this.#plan(Math.max(this.#options.clock.monotonic(), this.#lastPaint + MIN_PAINT_MS));
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #plan(due: number): void {
    if (this.#stopped || due >= this.#due) return;
    const { clock } = this.#options;
    this.#cancel?.();
    this.#due = due;
    this.#cancel = clock.setTimeout(() => this.#paint(), Math.max(0, due - clock.monotonic()));
  }

  #paint(): void {
    this.#due = Number.POSITIVE_INFINITY;
    this.#lastPaint = this.#options.clock.monotonic();
    this.#options.paint();
    this.#plan(this.#lastPaint + TICK_MS);
  }
}
