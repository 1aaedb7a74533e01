import type { Clock } from '../kube/types.ts';
import { ChildrenSeen } from './children-seen.ts';
import { FailedWrites } from './failed-writes.ts';
import type { Obstacle } from './obstacle.ts';
import { OptionalWrites } from './optional-writes.ts';
import { Settling } from './settling.ts';

/**
 * What one process remembers from pass to pass, by the UID of the DeepSeekDeployment. It spares writes and makes messages better;
 * a process that has just begun does without, and decides the same.
 */
export class Remembered {
  readonly settling: Settling;
  readonly optionalWrites: OptionalWrites;
  readonly failedWrites: FailedWrites;
  readonly children = new ChildrenSeen();
  /** The reason of the obstacle that passes meet, and since when, milliseconds since the epoch. */
  readonly #met = new Map<string, { readonly reason: string; readonly since: number }>();

  constructor(clock: Clock) {
    this.settling = new Settling(clock);
    this.optionalWrites = new OptionalWrites({ clock });
    this.failedWrites = new FailedWrites(clock);
  }

  /** A pass at `now` has met an obstacle. Returns since when passes meet it. */
  met(uid: string, { reason }: Obstacle, now: number): number {
    const before = this.#met.get(uid);
    const { since } = before?.reason === reason ? before : { since: now };
    this.#met.set(uid, { reason, since });
    return since;
  }

  /** A pass has met no obstacle. */
  metNothing(uid: string): void {
    this.#met.delete(uid);
  }

  forget(uid: string): void {
    this.settling.forget(uid);
    this.optionalWrites.forget(uid);
    this.failedWrites.over(uid);
    this.children.forget(uid);
    this.#met.delete(uid);
  }
}
