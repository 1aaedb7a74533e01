import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { MANAGER } from '../../operator/api/names.ts';
import { MONITORING_KINDS, operatorPodMonitor, operatorRules } from '../../operator/monitoring/index.ts';
import { metadata } from './names.ts';
import type { InstallOptions } from './options.ts';

/** The metrics of the operator and the alerts about it, for a cluster with prometheus-operator. */
export function monitors(scope: Construct, { namespace, monitoring }: InstallOptions): void {
  if (!monitoring.enabled) return;
  const { labels, ...named } = metadata(MANAGER, namespace);
  const add = (kind: 'PodMonitor' | 'PrometheusRule', spec: object): void => {
    // Its properties are no part of the type: an ApiObject takes any.
    const properties = { metadata: { ...named, labels: { ...labels, ...monitoring.labels } }, spec };
    new ApiObject(scope, kind, { apiVersion: MONITORING_KINDS[kind].apiVersion, kind, ...properties });
  };
  add('PodMonitor', operatorPodMonitor().spec);
  add('PrometheusRule', { groups: operatorRules() });
}
