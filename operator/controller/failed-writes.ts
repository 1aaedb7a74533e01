import type { Clock } from '../kube/types.ts';
import type { Obstacle } from './obstacle.ts';

/**
 * How long one write may take, milliseconds. After 10 s the API server gives up a webhook that sets no other limit (30 s at
 * most), and says which one it was: that is waited for, and a moment for the rest.
 */
export const WRITE_LIMIT_MS = 12_000;
/**
 * How long it may take where another one of the pass has failed, milliseconds: what hangs for all kinds holds a worker,
 * and the turn to count GPUs, once for that long and not for each write.
 */
export const SHORT_LIMIT_MS = 3_000;

/** So many passes in a row, and for at least so long, milliseconds: until then it is a blip, which nobody is told of. */
const LASTING = { passes: 3, ms: 15_000 } as const;

/** A write that has failed in the last pass, and before. */
interface Failed {
  /** `<kind>/<name>`. */
  readonly target: string;
  readonly passes: number;
  /** Monotonic, milliseconds. */
  readonly since: number;
  /** What was told of it. */
  readonly told?: Obstacle | undefined;
}

/** Needed writes that the API server has failed to do, by the UID of the DeepSeekDeployment: the first one of a pass. */
export class FailedWrites {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #failed = new Map<string, Failed>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /**
   * A pass could not write `target`. Returns what is to be told of it: at once what only somebody else can mend, anything
   * else when it lasts, in the words in which it was first told; undefined: nothing yet.
   */
  again(uid: string, target: string, obstacle: Obstacle, atOnce: boolean): Obstacle | undefined {
    const now = this.#clock.monotonic();
    const before = this.#failed.get(uid);
    const { passes, since, told } = before?.target === target ? before : { passes: 0, since: now };
    const lasts = passes + 1 >= LASTING.passes && now - since >= LASTING.ms;
    const tell = atOnce ? obstacle : (told ?? (lasts ? obstacle : undefined));
    this.#failed.set(uid, { target, passes: passes + 1, since, told: tell });
    return tell;
  }

  /** A pass could write all that it tried to. */
  over(uid: string): void {
    this.#failed.delete(uid);
  }
}
