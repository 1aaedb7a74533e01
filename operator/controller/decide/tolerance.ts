import type { Snapshot } from '../snapshot.ts';

/** The first minor version of Kubernetes 1 in which HPAConfigurableTolerance is on unless somebody turns it off. */
const TOLERANCE_MINOR = 35;

/** Whether the API server knows `behavior.scaleDown.tolerance`. */
export function hasTolerance({ cluster: { version } }: Snapshot): boolean {
  return version?.major === '1' && Number.parseInt(version.minor, 10) >= TOLERANCE_MINOR;
}
