import { loadavg } from 'node:os';
import { waitForRest } from '../audit.ts';
import { startBenchCluster, type BenchCluster } from '../bench-cluster.ts';
import type { BenchContext } from '../figure.ts';
import { podNetworkEnv } from '../../demo/pod-network.ts';
import { compilePreload } from '../preload.ts';
import { createModels, waitUntilReady } from '../models.ts';
import { readMetrics, startOperator, type OperatorProcess } from '../operator.ts';
import { readCpuSeconds } from '../proc.ts';

/** The namespace of models that nothing happens to. */
export const NAMESPACE = 'default';

/** What prom-client has Node.js measure event-loop delays with. */
const LOOP_TIMER_MS = 10;

/** A cluster with an operator in a process of its own. */
export interface Stage extends BenchCluster {
  /** Starts an operator as this user, as it ships but for what it is told beside. */
  readonly start: (user: string, args?: readonly string[]) => Promise<OperatorProcess>;
}

export async function startStage(context: Pick<BenchContext, 'signal' | 'log'>): Promise<Stage> {
  const { signal } = context;
  const bench = await startBenchCluster('simulated', context, 'dense');
  const { cluster, enginePort = 0 } = bench;
  const network = new URL('../../demo/pod-network.ts', import.meta.url);
  const env = podNetworkEnv(enginePort, await compilePreload('pod-network', network, cluster.dir));
  return {
    ...bench,
    start: (user, args = []) => startOperator({ cluster, user, args, env, signal }),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

/** Creates so many models in NAMESPACE; resolves when all are Ready and the operator at rest. */
export async function fill(
  { cluster, client }: BenchCluster,
  { count, user, signal }: { readonly count: number; readonly user: string; readonly signal: AbortSignal },
): Promise<void> {
  await createModels(client, { namespace: NAMESPACE, count, spec: { replicas: 1 }, signal });
  await waitUntilReady(client, NAMESPACE, count, signal);
  await waitForRest(cluster, user, { quietMs: 10_000, signal });
}

/** What an operator has used since it began. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly passes: number;
  /**
   * How late its event loop was since this was last asked: P99, milliseconds. It is measured by a timer of 10 ms, which are not
   * counted.
   */
  readonly loopDelayMs: number;
}

export async function readUsage(operator: OperatorProcess): Promise<Usage> {
  const metrics = await readMetrics(operator);
  return {
    cpuSeconds: await readCpuSeconds(operator.pid),
    passes: metrics.sum('deepseek_operator_reconciles_total'),
    loopDelayMs: Math.max(0, metrics.value('nodejs_eventloop_lag_p99_seconds') * 1000 - LOOP_TIMER_MS),
  };
}

/** For the details of a figure: how busy the machine was. */
export function load(): number {
  return loadavg()[0] ?? 0;
}
