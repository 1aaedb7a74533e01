import type { AutoscalingState, LiveHorizontalPodAutoscaler, Snapshot } from '../snapshot.ts';
import { differences, ownFields } from './differences.ts';

/** The first minor version of Kubernetes 1 in which HPAConfigurableTolerance is on unless somebody turns it off. */
const TOLERANCE_MINOR = 35;

/** Whether the API server knows `behavior.scaleDown.tolerance`. */
export function hasTolerance({ cluster: { version } }: Snapshot): boolean {
  return version?.major === '1' && Number.parseInt(version.minor, 10) >= TOLERANCE_MINOR;
}

/**
 * Whether the API server drops the tolerance of an HPA of ours, since the feature gate is off: the field is ours by managedFields,
 * which are worked out before the server drops it. Whoever else takes it out takes it over or away there as well.
 */
export function dropsTolerance({ metadata, spec }: LiveHorizontalPodAutoscaler): boolean {
  const isOurs = member(ownFields(metadata), 'f:spec', 'f:behavior', 'f:scaleDown', 'f:tolerance') !== undefined;
  return isOurs && spec.behavior?.scaleDown?.tolerance === undefined;
}

/** The same of an HPA that KEDA has made: its ScaledObject has the tolerance. */
export function dropsTolerancePassedOn({ live, hpa }: NonNullable<AutoscalingState['keda']>): boolean {
  const behavior = live?.spec?.advanced?.horizontalPodAutoscalerConfig.behavior;
  const isAsked = member(behavior, 'scaleDown', 'tolerance') !== undefined;
  return isAsked && hpa !== undefined && hpa.spec.behavior?.scaleDown?.tolerance === undefined;
}

/** Whether nothing but the tolerance keeps an HPA from being what is wanted. */
export function differsByTolerance(wanted: object, live: LiveHorizontalPodAutoscaler): boolean {
  const differs = differences(wanted, live);
  return differs.length > 0 && differs.every((path) => path === TOLERANCE);
}

const TOLERANCE = 'spec.behavior.scaleDown.tolerance';

function member(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((found, step) => (found as Readonly<Record<string, unknown>> | undefined)?.[step], value);
}
