import type { Reason } from '../api/index.ts';

/** What stands in the way of a write, when only somebody else can clear it. */
export interface Obstacle {
  readonly reason: Reason;
  /** What is wrong, and what to do. */
  readonly message: string;
  /** No hope without a change by a person. */
  readonly blocking: boolean;
}
