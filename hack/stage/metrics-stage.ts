import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LABEL } from '../../operator/api/index.ts';
import { adapterConfig } from '../../operator/autoscaling/index.ts';
import { AUTOSCALING_METRIC, type EngineMetricType, SERIES_LABEL } from '../../operator/monitoring/names.ts';
import { recordingRules } from '../../operator/monitoring/recording-rules.ts';
import { FLEET } from '../../operator/monitoring/rules.ts';
import {
  type Cluster,
  type PrometheusAdapterServer,
  type PrometheusServer,
  startPrometheus,
  startPrometheusAdapter,
} from '../cluster/index.ts';

/** Milliseconds, of each program. */
const START_MS = 120_000;

/** What is scraped. */
interface Followed {
  readonly namespaces: readonly string[];
  readonly enginePort: number;
  readonly operator: string | undefined;
}

function operatorJobs({ operator }: Followed): object[] {
  if (operator === undefined) return [];
  return [{ job_name: 'operator', honor_labels: true, static_configs: [{ targets: [operator] }] }];
}

/** How often everything is scraped and recorded. */
export interface Pace {
  readonly scrapeSeconds: number;
}

/**
 * A real Prometheus with our recording rules and a real prometheus-adapter with our adapter rules, beside a cluster. They go
 * with it.
 */
export class MetricsStage {
  readonly #cluster: Cluster;
  readonly #pace: Pace;
  #prometheus: PrometheusServer | undefined;
  #adapter: PrometheusAdapterServer | undefined;
  #port: number | undefined;
  #adapterPort: number | undefined;
  #followed: Followed | undefined;
  readonly #pretended = new Map<EngineMetricType, number>();
  readonly #announced = new Map<string, number>();

  private constructor(cluster: Cluster, pace: Pace) {
    this.#cluster = cluster;
    this.#pace = pace;
  }

  static async start(cluster: Cluster, pace: Pace): Promise<MetricsStage> {
    const stage = new MetricsStage(cluster, pace);
    await stage.startPrometheus();
    await stage.startAdapter();
    return stage;
  }

  get prometheusUrl(): string {
    return `http://127.0.0.1:${this.#port ?? 0}`;
  }

  /**
   * Scrapes the engines of these namespaces, which listen on this port, each on the loopback address of its pod, and the
   * operator at this `host:port`, which says how many requests fit into an engine at once.
   */
  async follow(namespaces: readonly string[], enginePort: number, operator?: string): Promise<void> {
    this.#followed = { namespaces, enginePort, operator };
    this.#pretended.clear();
    await this.#reload();
  }

  /** From now on this metric has this value at every pod, whatever the engines say. */
  async pretend(type: EngineMetricType, value: number): Promise<void> {
    this.#pretended.set(type, value);
    await this.#reload();
  }

  /** From now on this series exists, whatever runs, and has this value. */
  async announce(series: string, value: number): Promise<void> {
    this.#announced.set(series, value);
    await this.#reload();
  }

  async startPrometheus(): Promise<void> {
    const signal = AbortSignal.timeout(START_MS);
    const port = this.#port === undefined ? {} : { port: this.#port };
    this.#prometheus = await startPrometheus(this.#cluster, { config: await this.#config(), ...port, signal });
    this.#port = Number(new URL(this.#prometheus.url).port);
  }

  async killPrometheus(): Promise<void> {
    await this.#prometheus?.stop();
    this.#prometheus = undefined;
  }

  async startAdapter(): Promise<void> {
    this.#adapter = await startPrometheusAdapter(this.#cluster, {
      config: adapterConfig(),
      prometheusUrl: this.prometheusUrl,
      ...(this.#adapterPort !== undefined && { port: this.#adapterPort }),
      signal: AbortSignal.timeout(START_MS),
    });
    this.#adapterPort = this.#adapter.port;
  }

  async killAdapter(): Promise<void> {
    await this.#adapter?.kill();
  }

  async #reload(): Promise<void> {
    await this.#prometheus?.reload(await this.#config(), AbortSignal.timeout(30_000));
  }

  async #config(): Promise<object> {
    const interval = `${this.#pace.scrapeSeconds}s`;
    const rules = join(this.#cluster.dir, 'deepseek-rules.json');
    await writeFile(rules, JSON.stringify({ groups: this.#groups(interval) }));
    return {
      global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
      rule_files: [rules],
      scrape_configs:
        this.#followed === undefined ? [] : [await this.#engines(this.#followed), ...operatorJobs(this.#followed)],
    };
  }

  #groups(interval: string): object[] {
    const pretended = [...this.#pretended].map(([type, value]) => ({
      record: AUTOSCALING_METRIC[type].series,
      expr: `0 * up{${SERIES_LABEL.deployment}!=""} + ${value}`,
    }));
    const names = new Set(pretended.map(({ record }) => record));
    const groups = recordingRules(FLEET)
      .filter(({ name }) => name.endsWith('signals'))
      .map(({ name, rules }) => ({
        name,
        interval,
        rules: rules.filter((rule) => !('record' in rule) || !names.has(rule.record)),
      }));
    const announced = [...this.#announced].map(([record, value]) => ({ record, expr: `vector(${value})` }));
    const extra = [...pretended, ...announced];
    return extra.length === 0 ? groups : [...groups, { name: 'pretended', interval, rules: extra }];
  }

  async #engines({ namespaces, enginePort }: Followed) {
    const label = (key: string) => `__meta_kubernetes_pod_label_${key.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`;
    return {
      job_name: 'engines',
      kubernetes_sd_configs: [
        {
          role: 'pod',
          kubeconfig_file: await this.#cluster.kubeconfig('prometheus'),
          namespaces: { names: namespaces },
        },
      ],
      relabel_configs: [
        { source_labels: ['__meta_kubernetes_pod_ready'], regex: 'true', action: 'keep' },
        { source_labels: [label(LABEL.name)], regex: '.+', action: 'keep' },
        {
          source_labels: ['__meta_kubernetes_pod_ip'],
          regex: '10\\.(.+)',
          target_label: '__address__',
          replacement: `127.$1:${enginePort}`,
        },
        // TensorRT-LLM has its own path; the tests call its deployment so.
        {
          source_labels: [label(LABEL.name)],
          regex: 'trtllm',
          target_label: '__metrics_path__',
          replacement: '/prometheus/metrics',
        },
        { source_labels: ['__meta_kubernetes_namespace'], target_label: SERIES_LABEL.namespace },
        { source_labels: ['__meta_kubernetes_pod_name'], target_label: SERIES_LABEL.pod },
        { source_labels: [label(LABEL.name)], target_label: SERIES_LABEL.deployment },
        { source_labels: [label(LABEL.revision)], target_label: SERIES_LABEL.revision },
      ],
    };
  }
}
