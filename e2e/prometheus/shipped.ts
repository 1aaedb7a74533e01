import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '..', '..');

interface Sd {
  readonly role: string;
}

interface Relabel {
  readonly source_labels?: readonly string[];
  readonly action?: string;
}

interface Job {
  readonly job_name: string;
  readonly kubernetes_sd_configs: readonly Sd[];
  readonly relabel_configs: readonly Relabel[];
}

export interface TestedConfig {
  readonly kubeconfig: string;
  readonly namespace: string;
  /** The engine of the pod 10.x.y.z listens on 127.x.y.z at this port. */
  readonly enginePort: number;
  /** `host:port` of what stands for dcgm-exporter and for the operator. */
  readonly gpus: string;
  readonly operator: string;
  /** Files with the rules. */
  readonly rules: readonly string[];
}

/**
 * The configuration that is shipped (manifests/prometheus/prometheus.yaml) as it is but for where things are: the API
 * server by a kubeconfig, engines on loopback, what stands for dcgm-exporter and the operator at their addresses
 * ({@link exporterPods}); and faster.
 */
export async function shippedConfig(tested: TestedConfig): Promise<object> {
  const shipped = parse(await readFile(join(ROOT, 'manifests/prometheus/prometheus.yaml'), 'utf8')) as {
    readonly scrape_configs: readonly Job[];
  };
  const faster = { scrape_interval: '1s', scrape_timeout: '1s' };
  const here = (job: Job, relabel: object) => ({
    ...job,
    ...faster,
    kubernetes_sd_configs: job.kubernetes_sd_configs.map((sd) => ({
      ...sd,
      kubeconfig_file: tested.kubeconfig,
      namespaces: { names: [tested.namespace] },
    })),
    relabel_configs: [...job.relabel_configs, relabel],
  });
  const at = (address: string) => ({ target_label: '__address__', replacement: address });
  return {
    global: { ...faster, evaluation_interval: '1s' },
    rule_files: tested.rules,
    scrape_configs: shipped.scrape_configs.map((job) => {
      if (job.job_name === 'deepseek-gpus') return here(job, at(tested.gpus));
      if (job.job_name === 'deepseek-operator') return here(job, at(tested.operator));
      const onLoopback = { regex: '10\\.(.+)', replacement: `127.$1:${tested.enginePort}` };
      return here(job, { source_labels: ['__meta_kubernetes_pod_ip'], target_label: '__address__', ...onLoopback });
    }),
  };
}

/** Pods labelled as the GPU operator labels dcgm-exporter, and as the operator itself is: what discovery has to find. */
export function exporterPods(): readonly object[] {
  const pod = (name: string, labels: object, port: object) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: {
      containers: [{ name, image: 'registry.example/none', ports: [port] }],
      tolerations: [{ operator: 'Exists' }],
      terminationGracePeriodSeconds: 0,
    },
  });
  return [
    pod('dcgm-exporter', { app: 'nvidia-dcgm-exporter' }, { name: 'metrics', containerPort: 9400 }),
    pod('operator', { 'app.kubernetes.io/name': 'deepseek-operator' }, { name: 'metrics', containerPort: 8080 }),
    // Neither of them.
    pod('other', { app: 'other' }, { name: 'metrics', containerPort: 9400 }),
  ];
}

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly { readonly record?: string; readonly alert?: string }[] }[];
}

/** Copies the shipped rules into this folder, evaluated every second; returns the files and the series that they record. */
export async function shippedRules(dir: string): Promise<{ files: string[]; records: string[] }> {
  const files: string[] = [];
  const records: string[] = [];
  for (const name of ['deepseek-rules.yaml', 'deepseek-operator-rules.yaml']) {
    const { groups } = parse(await readFile(join(ROOT, 'manifests/prometheus', name), 'utf8')) as RuleFile;
    records.push(
      ...groups.flatMap(({ rules }) => rules.flatMap(({ record }) => (record === undefined ? [] : [record]))),
    );
    const file = join(dir, name);
    await writeFile(file, JSON.stringify({ groups: groups.map((group) => ({ ...group, interval: '1s' })) }));
    files.push(file);
  }
  return { files, records: [...new Set(records)] };
}

/** A query of a panel of a dashboard. */
export interface PanelQuery {
  readonly panel: string;
  readonly expr: string;
}

const DashboardFile = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) })),
});

/** Every query of a shipped dashboard, with the variables as they stand in it. */
export async function shippedQueries(name: string): Promise<PanelQuery[]> {
  const file = join(ROOT, 'manifests/grafana', `${name}.json`);
  const { panels } = DashboardFile.parse(JSON.parse(await readFile(file, 'utf8')));
  return panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ panel: title, expr })));
}
