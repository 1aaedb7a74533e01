import { durationSeconds } from '../api/index.ts';
import type { TerminationSpec } from '../api/index.ts';

/** Defaults of `spec.termination`, in seconds. */
const PRE_STOP_SECONDS = 10;
const DRAIN_SECONDS = 330;
/** What the engine gets to end after its last request. */
const MARGIN_SECONDS = 10;

export interface Termination {
  /** Sleep before SIGTERM, until the pod has left every EndpointSlice. */
  readonly preStopSeconds: number;
  /** What running requests get to finish after SIGTERM. */
  readonly drainSeconds: number;
  /** More than both: the kubelet kills only what hangs. */
  readonly gracePeriodSeconds: number;
}

/** How long a pod takes to stop. */
export function termination(spec: TerminationSpec | undefined): Termination {
  const preStopSeconds = seconds(spec?.preStopDelay, PRE_STOP_SECONDS);
  const drainSeconds = seconds(spec?.drainDeadline, DRAIN_SECONDS);
  return { preStopSeconds, drainSeconds, gracePeriodSeconds: preStopSeconds + drainSeconds + MARGIN_SECONDS };
}

function seconds(duration: string | undefined, otherwise: number): number {
  return duration === undefined ? otherwise : Math.ceil(durationSeconds(duration));
}
