import { AUTOSCALING_METRIC, type EngineMetricType, SERIES_LABEL } from '../monitoring/names.ts';

/** A discovery rule of prometheus-adapter (its configuration file, v0.12). */
export interface AdapterRule {
  readonly seriesQuery: string;
  readonly resources: {
    readonly overrides: Readonly<Record<string, { readonly group?: string; readonly resource: string }>>;
  };
  readonly name: { readonly as: string };
  readonly metricsQuery: string;
}

/** prometheus-adapter's configuration file. */
export interface AdapterConfig {
  readonly rules: readonly AdapterRule[];
  readonly externalRules: readonly AdapterRule[];
}

/**
 * The rules that give an autoscaler our metrics: of pods in custom.metrics.k8s.io, and summed over whatever labels the
 * HPA selects in external.metrics.k8s.io, for a cluster whose custom metrics API belongs to another adapter.
 */
export function adapterConfig(): AdapterConfig {
  const metrics = Object.values(AUTOSCALING_METRIC);
  const namespace = { [SERIES_LABEL.namespace]: { resource: 'namespace' } };
  const pod = { [SERIES_LABEL.pod]: { resource: 'pod' } };
  const rule = (series: string, metric: string, overrides: AdapterRule['resources']['overrides']): AdapterRule => ({
    seriesQuery: `${series}{${Object.keys(overrides)
      .map((label) => `${label}!=""`)
      .join(',')}}`,
    resources: { overrides },
    name: { as: metric },
    metricsQuery: 'sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)',
  });
  return {
    rules: metrics.map(({ series, metric }) => rule(series, metric, { ...namespace, ...pod })),
    externalRules: metrics.map(({ series, metric }) => rule(series, metric, namespace)),
  };
}

/** What a metrics API says that it serves, as `pods/<metric>` (custom) or `<metric>` (external). */
export interface ServedMetrics {
  /** Undefined: nobody serves custom.metrics.k8s.io. */
  readonly custom: readonly string[] | undefined;
  /** Undefined: nobody serves external.metrics.k8s.io. */
  readonly external: readonly string[] | undefined;
}

/**
 * Which of our metrics of pods the cluster's adapter does not serve. It serves those whose rule it has and of which there
 * is some series, so that before the first engine is scraped all are missing.
 */
export function missingMetrics(served: Pick<ServedMetrics, 'custom'>, types: readonly EngineMetricType[]): string[] {
  const names = types.map((type) => AUTOSCALING_METRIC[type].metric);
  return names.filter((name) => served.custom?.includes(`pods/${name}`) !== true);
}
