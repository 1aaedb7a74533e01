import type { Reason } from '../api/index.ts';

/** What stands in the way of a write, when only somebody else can clear it. */
export interface Obstacle {
  readonly reason: Reason;
  /** What is wrong, and what to do. */
  readonly message: string;
  /** No hope without a change by a person. */
  readonly blocking: boolean;
  /** How long it may be there before that is said, milliseconds: a thing that others make may be on its way. Default 0. */
  readonly patienceMs?: number;
}
