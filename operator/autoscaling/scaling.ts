import type { IHorizontalPodAutoscalerBehavior } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscalerBehavior';
import type { IHPAScalingRules } from 'kubernetes-models/autoscaling/v2/HPAScalingRules';
import type { DeepSeekDeployment } from '../api/index.ts';
import { AUTOSCALING_METRIC } from '../monitoring/names.ts';

type Declared = NonNullable<DeepSeekDeployment['spec']['autoscaling']>;
/** `spec.autoscaling`, with or without the API server's defaults. */
export type Autoscaling = Pick<Declared, 'maxReplicas'> & Partial<Declared>;
type Metric = NonNullable<Autoscaling['metrics']>[number];

/** A metric with the numbers that the autoscaler is given, in the unit of the series: a ratio is 0 to 1, CPU is percent. */
export interface WantedMetric extends Pick<Metric, 'type' | 'external'> {
  /** With the headroom taken off. */
  readonly target: number;
  /** Pods are taken away only below this. */
  readonly scaleInBelow?: number;
}

/**
 * What is scaled on unless the spec says it. The queue alone is empty as soon as there are enough replicas, so that an
 * autoscaler would take away what keeps it empty: the share of the batch in use says that they are needed.
 */
export const DEFAULT_METRICS: readonly Metric[] = [
  { type: 'QueueDepth', target: '5' },
  { type: 'BatchUtilization', target: '80' },
];

/** The metrics of the spec with their targets. `headroomPercent` lowers the target, never raises the count: at 10, target / 1.10. */
export function wantedMetrics({ metrics = DEFAULT_METRICS, headroomPercent = 10 }: Autoscaling): WantedMetric[] {
  return metrics.map(({ type, target, scaleInBelow, external }) => ({
    type,
    target: thousandths((Number(target) * unit(type)) / (1 + headroomPercent / 100)),
    ...(scaleInBelow !== undefined && { scaleInBelow: Number(scaleInBelow) * unit(type) }),
    ...(external && { external }),
  }));
}

/** What one unit of the spec is in the series. */
function unit(type: Metric['type']): number {
  if (type === 'CPU' || type === 'External') return 1;
  return AUTOSCALING_METRIC[type].unit === 'Ratio' ? 0.01 : 1;
}

/** As an HPA counts: it rounds quantities to thousandths. */
function thousandths(value: number): number {
  return Math.max(1, Math.round(value * 1000)) / 1000;
}

/** A target of CPU as autoscaling/v2 takes it: whole percent, at least 1. */
export function utilization(target: number): number {
  return Math.max(1, Math.round(target));
}

/** The default of an HPA (--horizontal-pod-autoscaler-tolerance): within it a count stays, so that it does not flap. */
const DEFAULT_TOLERANCE = 0.1;

/**
 * How far below its target a metric has to be before pods are taken away, 0 to 1. There is one for all metrics of an
 * HPA: the widest, so that none is undercut. Undefined: no metric asks for more than what Kubernetes has by itself.
 */
export function scaleDownTolerance(metrics: readonly WantedMetric[]): number | undefined {
  const widest = Math.max(0, ...metrics.map(ownTolerance));
  return widest > DEFAULT_TOLERANCE ? widest : undefined;
}

/** What the metric itself asks for, below 0 if its scaleInBelow is above the target, of which the headroom is taken off; 0: nothing. */
function ownTolerance({ target, scaleInBelow = target }: WantedMetric): number {
  return 1 - scaleInBelow / target;
}

/** Kubernetes' limits (autoscaling/v2). */
const MAX_WINDOW_SECONDS = 3_600;
/** Kubernetes' own, for what loads faster. */
const MIN_WINDOW_SECONDS = 300;

/** How fast replicas come and go. */
export function behaviorOf(
  { behavior }: Pick<Autoscaling, 'behavior'>,
  metrics: readonly WantedMetric[],
  input: { readonly startupBudgetSeconds: number; readonly tolerance: boolean; readonly held: boolean },
): IHorizontalPodAutoscalerBehavior {
  const tolerance = input.tolerance ? scaleDownTolerance(metrics) : undefined;
  const window = Math.min(MAX_WINDOW_SECONDS, Math.max(MIN_WINDOW_SECONDS, Math.ceil(input.startupBudgetSeconds)));
  const scaleUp = rules(behavior?.scaleUp, {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Percent', value: 100, periodSeconds: 60 },
      { type: 'Pods', value: 2, periodSeconds: 60 },
    ],
  });
  // What was given up takes its startup budget to come back: the highest wish of that long counts, and it goes step by step.
  const scaleDown = rules(behavior?.scaleDown, {
    stabilizationWindowSeconds: window,
    selectPolicy: 'Max',
    policies: [
      { type: 'Percent', value: 10, periodSeconds: 60 },
      { type: 'Pods', value: 1, periodSeconds: 60 },
    ],
  });
  return {
    scaleUp: { ...scaleUp, ...(input.held && DISABLED) },
    scaleDown: {
      ...scaleDown,
      ...(tolerance !== undefined && { tolerance: quantity(tolerance) }),
      ...(input.held && DISABLED),
    },
  };
}

/** A quantity in the form that the API server gives back: whole numbers plain, others in thousandths. */
export function quantity(value: number): string {
  const thousandth = Math.round(value * 1000);
  return thousandth % 1000 === 0 ? String(thousandth / 1000) : `${thousandth}m`;
}

/** Holds a direction: the HPA goes on measuring, so that it knows what to do when it may again. */
const DISABLED = { selectPolicy: 'Disabled' } as const;

function rules(
  own: NonNullable<Autoscaling['behavior']>['scaleUp'],
  defaults: Required<Omit<IHPAScalingRules, 'tolerance'>>,
): IHPAScalingRules {
  return {
    stabilizationWindowSeconds: own?.stabilizationWindowSeconds ?? defaults.stabilizationWindowSeconds,
    selectPolicy: own?.selectPolicy ?? defaults.selectPolicy,
    policies: (own?.policies ?? defaults.policies).map((policy) => ({ ...policy })),
  };
}

/** What of a wish for a tolerance comes true. */
export interface ToleranceSupport {
  readonly tolerance: boolean;
  /** Of the API server. */
  readonly version?: string | undefined;
  /** The API server knows it, and drops it (feature gate HPAConfigurableTolerance). */
  readonly dropped?: boolean;
}

/** What of the spec will not be as somebody may expect it, as sentences. */
export function scalingWarnings(autoscaling: Autoscaling, support: ToleranceSupport): string[] {
  const metrics = wantedMetrics(autoscaling);
  return [...neverWoken(autoscaling, metrics), ...toleranceWarnings(metrics, support)];
}

/** Engines that are off have no metrics: only somebody else tells that they are needed. */
function neverWoken({ minReplicas = 1 }: Autoscaling, metrics: readonly WantedMetric[]): string[] {
  if (minReplicas > 0 || metrics.some(({ type }) => type === 'External')) return [];
  return [
    'autoscaling.minReplicas is 0, and no metric is External: without replicas the engines have no metrics, so that nothing wakes the model again but a change of spec.replicas.',
  ];
}

function toleranceWarnings(metrics: readonly WantedMetric[], support: ToleranceSupport): string[] {
  if (metrics.every(({ scaleInBelow }) => scaleInBelow === undefined)) return [];
  const asIfAbsent = 'pods are taken away as soon as a metric is a tenth below its target.';
  if (!support.tolerance) {
    return [
      `autoscaling.metrics[].scaleInBelow needs Kubernetes 1.35 (behavior.scaleDown.tolerance)${support.version === undefined ? '' : `, and this cluster is ${support.version}`}: ${asIfAbsent}`,
    ];
  }
  const tolerance = scaleDownTolerance(metrics);
  if (tolerance !== undefined && support.dropped === true) {
    return [
      `autoscaling.metrics[].scaleInBelow needs the feature gate HPAConfigurableTolerance, which this cluster has turned off: ${asIfAbsent} Once it is on, delete the HPA: it is made again.`,
    ];
  }
  const limits = (undercut: readonly WantedMetric[], limit: number) =>
    undercut.map(({ type, target }) => `${type} has to be below ${inSpec(type, target * (1 - limit))}`).join(' and ');
  if (tolerance !== undefined) {
    const undercut = metrics.filter((metric) => ownTolerance(metric) < tolerance - 0.001);
    return undercut.length === 0
      ? []
      : [`An HPA has one tolerance for all metrics: ${limits(undercut, tolerance)} before pods are taken away.`];
  }
  const tooNear = metrics.filter(
    (metric) => metric.scaleInBelow !== undefined && ownTolerance(metric) < DEFAULT_TOLERANCE - 0.001,
  );
  return tooNear.length === 0
    ? []
    : [
        `autoscaling.metrics[].scaleInBelow is less than a tenth below the target, headroom included, which is the least that an HPA waits for: ${limits(tooNear, DEFAULT_TOLERANCE)} before pods are taken away.`,
      ];
}

function inSpec(type: Metric['type'], value: number): string {
  return String(Math.round((value / unit(type)) * 100) / 100);
}
