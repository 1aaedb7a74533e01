import type { ConditionType } from '../conditions.ts';

/** What a user can do about a reason, and where he meets it. */
export interface ReasonEntry {
  /** Conditions that the reason appears on, beside events. */
  readonly on: readonly ConditionType[];
  /** What has happened. */
  readonly meaning: string;
  /** What to do about it; absent where nothing has to be done. */
  readonly fix?: string;
}
