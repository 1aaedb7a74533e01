import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type Cluster, NODE_ADDRESS, type PrometheusServer, startPrometheus } from '../../hack/cluster/index.ts';

const SHIPPED = join(import.meta.dirname, '../../manifests/prometheus');
/** Instead of every 10 s: tests wait for what is scraped and recorded. */
const INTERVAL = '1s';

interface Job {
  readonly job_name: string;
  readonly kubernetes_sd_configs: readonly object[];
}

interface Group {
  readonly name: string;
}

/**
 * A Prometheus with the configuration and the rules that are shipped, but for how it reaches the API server from outside. It
 * listens where pods reach it.
 */
export async function startShippedPrometheus(cluster: Cluster, signal: AbortSignal): Promise<PrometheusServer> {
  const shipped = parse(await readFile(join(SHIPPED, 'prometheus.yaml'), 'utf8')) as { scrape_configs: Job[] };
  const rules = parse(await readFile(join(SHIPPED, 'deepseek-rules.yaml'), 'utf8')) as { groups: Group[] };
  const file = join(cluster.dir, 'shipped-rules.json');
  const groups = rules.groups.filter(({ name }) => name === 'deepseek-signals');
  await writeFile(file, JSON.stringify({ groups: groups.map((group) => ({ ...group, interval: INTERVAL })) }));
  const kubeconfig = await cluster.kubeconfig('prometheus');
  const jobs = shipped.scrape_configs.filter(({ job_name: name }) => name !== 'deepseek-gpus');
  return startPrometheus(cluster, {
    config: {
      global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL, evaluation_interval: INTERVAL },
      rule_files: [file],
      scrape_configs: jobs.map((job) => ({
        ...job,
        scrape_interval: INTERVAL,
        scrape_timeout: INTERVAL,
        kubernetes_sd_configs: job.kubernetes_sd_configs.map((sd) => ({ ...sd, kubeconfig_file: kubeconfig })),
      })),
    },
    host: NODE_ADDRESS,
    signal,
  });
}
