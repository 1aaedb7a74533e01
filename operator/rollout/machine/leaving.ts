import type { RolloutInput } from './types.ts';

/** How long pods on their way out may take before nobody waits for them any more: on a node that is gone they never end. */
export function leavingLimitMs({ drainDeadlineMs }: RolloutInput['settings']): number {
  return drainDeadlineMs + 60_000;
}
