import type { LiveHttpRoute } from '../../operator/controller/gateway.ts';
import type { LiveScaledObject } from '../../operator/controller/keda.ts';
import type { Snapshot } from '../../operator/controller/snapshot.ts';
import { World } from '../../operator/controller/testing/world.ts';
import { type MonitoringKind, MONITORING_KINDS } from '../../operator/monitoring/index.ts';

/** Where the operator is told that Prometheus is. */
export const PROMETHEUS_URL = 'http://prometheus.monitoring:9090';

/** The kinds that only some clusters have. */
export const OPTIONAL_KINDS: readonly string[] = ['HTTPRoute', 'ScaledObject', ...Object.keys(MONITORING_KINDS)];

/** A world with prometheus-operator, with KEDA, and with a gateway that takes every route. */
export class FurnishedWorld extends World {
  override options = { observeOnly: false, prometheusUrl: PROMETHEUS_URL };
  override monitoringKinds: Readonly<Record<MonitoringKind, boolean>> = {
    PodMonitor: true,
    ScrapeConfig: true,
    PrometheusRule: true,
  };

  override snapshot(): Snapshot {
    const { name } = this.deployment.metadata;
    const { traffic, autoscaling } = this.deployment.spec;
    const route = this.objects.get(`HTTPRoute/${name}`) as LiveHttpRoute | undefined;
    const scaled = this.objects.get(`ScaledObject/${name}`) as LiveScaledObject | undefined;
    return {
      ...super.snapshot(),
      ...(traffic?.gateway && { route: { readable: true, live: route && taken(route) } }),
      ...(autoscaling?.provider === 'KEDA' && {
        autoscaling: { keda: { installed: true, live: scaled && { ...scaled, status: FOLLOWED } } },
      }),
    };
  }
}

const FOLLOWED = {
  conditions: [{ type: 'Ready', status: 'True', reason: 'ScaledObjectReady', message: 'is defined' }],
};

function taken(route: LiveHttpRoute): LiveHttpRoute {
  const conditions = ['Accepted', 'ResolvedRefs'].map((type) => ({
    ...{ type, status: 'True', observedGeneration: route.metadata.generation ?? 0 },
  }));
  const parents = (route.spec?.parentRefs ?? []).map((parentRef) => ({ parentRef, conditions }));
  return { ...route, status: { parents } };
}
