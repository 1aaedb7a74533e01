import { AUTOSCALING } from './autoscaling.ts';
import type { ReasonEntry } from './entry.ts';
import { FAILURES } from './failures.ts';
import { LIFECYCLE } from './lifecycle.ts';
import { PLANNER } from './planner.ts';
import { VERDICTS } from './verdicts.ts';

export type { ReasonEntry } from './entry.ts';

/** Every reason that a user can meet, in the order of the reference. Add yours to the group that it belongs to. */
export const REASON_GROUPS = {
  Planner: PLANNER,
  Failures: FAILURES,
  Verdicts: VERDICTS,
  Lifecycle: LIFECYCLE,
  'Autoscaling and monitoring': AUTOSCALING,
} as const;

export type PlannerReason = keyof typeof PLANNER;
export type FailureReason = keyof typeof FAILURES;
export type VerdictReason = keyof typeof VERDICTS;
/** A stable word for why; part of the API: scripts and alerts match on it. */
export type Reason = PlannerReason | FailureReason | VerdictReason | keyof typeof LIFECYCLE | keyof typeof AUTOSCALING;

export const REASONS: Readonly<Record<Reason, ReasonEntry>> = {
  ...PLANNER,
  ...FAILURES,
  ...VERDICTS,
  ...LIFECYCLE,
  ...AUTOSCALING,
};

/** Narrows a word that was read, e.g. from a status. */
export function isReason(word: string): word is Reason {
  return Object.hasOwn(REASONS, word);
}
