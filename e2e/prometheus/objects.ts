import { LABEL } from '../../operator/api/index.ts';
import { metaName } from '../../operator/monitoring/relabeling.ts';
import type { MonitoringObject } from '../../operator/monitoring/index.ts';

type Tree = Readonly<Record<string, unknown>>;

/** A tree with its keys in snake case, as Prometheus has what prometheus-operator has in camel case. */
function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== 'object' || value === null) return value;
  const key = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [key(name), snakeCase(inner)]));
}

/** What prometheus-operator makes of a relabelling of one of its objects. */
export function relabellingOf({ spec }: MonitoringObject): {
  readonly relabel_configs: unknown[];
  readonly metric_relabel_configs: unknown[];
} {
  const [endpoint] = (spec['podMetricsEndpoints'] as readonly Tree[] | undefined) ?? [];
  const { relabelings, metricRelabelings } = endpoint ?? spec;
  return {
    relabel_configs: snakeCase(relabelings) as unknown[],
    metric_relabel_configs: snakeCase(metricRelabelings) as unknown[],
  };
}

/** Where things are in a test. */
export interface Where {
  readonly kubeconfig: string;
  readonly enginePort: number;
}

/**
 * The job that prometheus-operator makes of a PodMonitor or a ScrapeConfig: discovery by what the object selects, then the
 * object's own relabelling; here with engines on loopback.
 */
export function jobOf(object: MonitoringObject, { kubeconfig, enginePort }: Where): object {
  const { relabel_configs, metric_relabel_configs } = relabellingOf(object);
  const isPodMonitor = object.kind === 'PodMonitor';
  const label = (key: string) => `__meta_kubernetes_pod_label_${metaName(key)}`;
  const selected = [
    { source_labels: [label(LABEL.name)], regex: object.metadata.name, action: 'keep' },
    { source_labels: ['__meta_kubernetes_pod_container_port_name'], regex: 'http', action: 'keep' },
  ];
  const onLoopback = {
    source_labels: ['__meta_kubernetes_pod_ip'],
    regex: '10\\.(.+)',
    target_label: '__address__',
    replacement: `127.$1:${enginePort}`,
  };
  const discovery = isPodMonitor
    ? [{ role: 'pod', namespaces: { names: [object.metadata.namespace] } }]
    : (object.spec['kubernetesSDConfigs'] as readonly Tree[]).map((sd) => ({
        ...(snakeCase(sd) as Tree),
        role: String(sd['role']).toLowerCase(),
        selectors: (sd['selectors'] as readonly Tree[]).map((selector) => ({
          ...selector,
          role: String(selector['role']).toLowerCase(),
        })),
      }));
  return {
    job_name: `${object.kind}-${object.metadata.name}`,
    scrape_interval: '1s',
    scrape_timeout: '1s',
    kubernetes_sd_configs: discovery.map((sd) => ({ ...sd, kubeconfig_file: kubeconfig })),
    relabel_configs: [...(isPodMonitor ? selected : []), ...relabel_configs, onLoopback],
    metric_relabel_configs,
  };
}
