import { LABEL, MANAGER, SELECTOR } from '../api/index.ts';
import {
  dropSteps,
  ANNOTATED_STEPS,
  plainRelabel,
  type RelabelStep,
  SAMPLE_LIMIT,
  SCRAPE_INTERVAL,
  SCRAPE_TIMEOUT,
} from './relabeling.ts';

/** What a scrape of a plain Prometheus may need beside the addresses: files where Prometheus runs. */
export interface ScrapeOptions {
  /** Absent: all that Prometheus may list. */
  readonly namespaces?: readonly string[];
  readonly bearerTokenFile?: string;
  readonly caFile?: string;
  readonly serverName?: string;
  readonly insecureSkipVerify?: boolean;
}

type Job = Readonly<Record<string, unknown>> & { readonly job_name: string };

/** The scrape jobs of engines, GPUs and the operator, for a Prometheus without prometheus-operator. */
export function scrapeJobs(options: ScrapeOptions = {}): Job[] {
  return [enginesJob(options), gpusJob(), operatorJob()];
}

/** A complete configuration; `rule_files` lie beside it. */
export function prometheusConfig(options: ScrapeOptions = {}) {
  return {
    global: { scrape_interval: SCRAPE_INTERVAL, scrape_timeout: SCRAPE_TIMEOUT, evaluation_interval: SCRAPE_INTERVAL },
    rule_files: ['deepseek-rules.yaml', 'deepseek-operator-rules.yaml'],
    scrape_configs: scrapeJobs(options),
  };
}

function enginesJob({ namespaces, bearerTokenFile, caFile, serverName, insecureSkipVerify }: ScrapeOptions): Job {
  const tls = {
    ...(caFile !== undefined && { ca_file: caFile }),
    ...(serverName !== undefined && { server_name: serverName }),
    ...(insecureSkipVerify === true && { insecure_skip_verify: true }),
  };
  return {
    job_name: 'deepseek-engines',
    ...timing(),
    sample_limit: SAMPLE_LIMIT,
    kubernetes_sd_configs: [
      {
        role: 'endpointslice',
        ...(namespaces && namespaces.length > 0 && { namespaces: { names: [...namespaces] } }),
        // The Service of a revision alone: the others select the same pods again.
        selectors: [{ role: 'endpointslice', label: `${SELECTOR.ours},${LABEL.revision}` }],
      },
    ],
    ...(bearerTokenFile !== undefined && { authorization: { credentials_file: bearerTokenFile } }),
    ...(Object.keys(tls).length > 0 && { tls_config: tls }),
    relabel_configs: ANNOTATED_STEPS.map(plainRelabel),
    metric_relabel_configs: dropSteps().map(plainRelabel),
  };
}

/** dcgm-exporter, as its chart and the GPU operator label it; its labels name the pod that uses the GPU. */
function gpusJob(): Job {
  const steps: readonly RelabelStep[] = [
    {
      source: ['__meta_kubernetes_pod_label_app', '__meta_kubernetes_pod_label_app_kubernetes_io_name'],
      regex: '.*dcgm-exporter.*',
      action: 'keep',
    },
    { source: ['__meta_kubernetes_pod_container_port_number'], regex: '9400', action: 'keep' },
    { source: ['__meta_kubernetes_pod_node_name'], target: 'node' },
  ];
  return {
    job_name: 'deepseek-gpus',
    ...timing(),
    honor_labels: true,
    kubernetes_sd_configs: [{ role: 'pod' }],
    relabel_configs: steps.map(plainRelabel),
    metric_relabel_configs: [
      {
        source: ['__name__'],
        regex: 'DCGM_FI_DEV_(GPU_TEMP|FB_USED|FB_FREE|GPU_UTIL|XID_ERRORS|POWER_USAGE)',
        action: 'keep',
      } as const,
    ].map(plainRelabel),
  };
}

/** The operator says which namespace each of its series is about: that has to stay. */
function operatorJob(): Job {
  const steps: readonly RelabelStep[] = [
    { source: ['__meta_kubernetes_pod_label_app_kubernetes_io_name'], regex: MANAGER, action: 'keep' },
    { source: ['__meta_kubernetes_pod_container_port_name'], regex: 'metrics', action: 'keep' },
    { source: ['__meta_kubernetes_namespace'], target: 'namespace' },
    { source: ['__meta_kubernetes_pod_name'], target: 'pod' },
  ];
  return {
    job_name: MANAGER,
    ...timing(),
    honor_labels: true,
    kubernetes_sd_configs: [{ role: 'pod' }],
    relabel_configs: steps.map(plainRelabel),
    metric_relabel_configs: [
      {
        source: ['__name__'],
        regex: '(nodejs_|rest_client_request_duration_seconds_bucket).*',
        action: 'drop',
      } as const,
    ].map(plainRelabel),
  };
}

function timing() {
  return { scrape_interval: SCRAPE_INTERVAL, scrape_timeout: SCRAPE_TIMEOUT };
}

/** The operator's own PodMonitor, in the namespace that it runs in. */
export function operatorPodMonitor() {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata: { name: MANAGER },
    spec: {
      selector: { matchLabels: { [LABEL.appName]: MANAGER } },
      podMetricsEndpoints: [
        { port: 'metrics', interval: SCRAPE_INTERVAL, scrapeTimeout: SCRAPE_TIMEOUT, honorLabels: true },
      ],
    },
  };
}
