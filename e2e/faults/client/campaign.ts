import type { Cluster } from '../../../hack/cluster/index.ts';
import { KubeHttpClient } from '../../../operator/kube/client.ts';
import { systemClock } from '../../../operator/kube/clock.ts';
import { loadCredentials } from '../../../operator/kube/credentials.ts';
import { resources } from '../../../operator/kube/resources.ts';
import { Transport } from '../../../operator/kube/transport.ts';
import { FAULTS } from './faults.ts';
import { runFaults, type RunResult } from './run.ts';

export interface CampaignOptions {
  readonly cluster: Cluster;
  readonly seeds: readonly number[];
  /** Runs at the same time. */
  readonly concurrency: number;
  readonly onResult?: (result: RunResult, done: number) => void;
  readonly signal: AbortSignal;
}

export interface CampaignReport {
  readonly runs: number;
  readonly passed: number;
  readonly failed: readonly { readonly seed: number; readonly problems: readonly string[] }[];
  /** How often each fault really happened; a kind at 0 has proved nothing. */
  readonly faults: Readonly<Record<string, number>>;
  readonly events: number;
  readonly lists: number;
  readonly watches: number;
}

/** Runs every seed once against one API server and adds the results up. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const { cluster, seeds, concurrency, onResult, signal } = options;
  const credentials = await loadCredentials({ clock: systemClock, kubeconfig: await cluster.kubeconfig('faults') });
  const { ca, cert, key } = await credentials.tls();
  const upstream = { server: cluster.server, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const transport = new Transport({ credentials, clock: systemClock });
  const direct = new KubeHttpClient(transport);
  const results: RunResult[] = [];
  try {
    const namespace = `faults-${crypto.randomUUID().slice(0, 8)}`;
    await direct.create(resources.namespaces, { metadata: { name: namespace } }, { signal });
    const queue = seeds.values();
    const worker = async (): Promise<void> => {
      for (const seed of queue) {
        signal.throwIfAborted();
        const result = await runFaults({ seed, namespace, upstream, direct, signal });
        results.push(result);
        onResult?.(result, results.length);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  } finally {
    await transport.close();
  }
  return summarize(results);
}

function summarize(results: readonly RunResult[]): CampaignReport {
  const faults: Record<string, number> = Object.fromEntries(FAULTS.map(({ name }) => [name, 0]));
  for (const result of results) {
    for (const [name, count] of Object.entries(result.faults)) faults[name] = (faults[name] ?? 0) + count;
  }
  const failed = results
    .filter(({ problems }) => problems.length > 0)
    .map(({ seed, problems }) => ({ seed, problems }));
  const sum = (of: (result: RunResult) => number): number => results.reduce((total, one) => total + of(one), 0);
  return {
    runs: results.length,
    passed: results.length - failed.length,
    failed: failed.sort((a, b) => a.seed - b.seed),
    faults,
    events: sum(({ events }) => events),
    lists: sum(({ lists }) => lists),
    watches: sum(({ watches }) => watches),
  };
}
