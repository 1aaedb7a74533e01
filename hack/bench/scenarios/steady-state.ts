import { setTimeout as sleep } from 'node:timers/promises';
import { countRequests, readerFromNow, tally, waitForRest } from '../audit.ts';
import { startBenchCluster, type BenchCluster } from '../bench-cluster.ts';
import { measureDelivery } from '../delivery.ts';
import { atMost, type BenchContext, type Figure, type Scenario } from '../figure.ts';
import { createModels, waitUntilReady } from '../models.ts';
import { startOperator, readMetrics, type OperatorProcess } from '../operator.ts';
import { readCpuSeconds, readMemory } from '../proc.ts';

const OPERATOR = 'steady-state-operator';
const NAMESPACE = 'default';
const MINUTE_MS = 60_000;

/** What many models cost while nothing happens, and across a restart. */
export const steadyState: Scenario = {
  name: 'steady-state',
  method: `100 models are Ready on the simulated cluster, and nothing happens for five minutes (ten with \`--full\`). The operator runs as it
ships: the bundle behind its launcher, a process of its own, leader election on. Its requests in the audit log are counted (the Lease and watches
apart); then its memory is read from /proc (RSS includes the pages of the node binary that all node processes share); then it
is stopped with SIGTERM and started again: time until /readyz answers 200, and its writes until it is at rest. With \`--full\`,
a ConfigMap is changed after the ten minutes, which an informer of ours has followed in silence: from sending the change until
the informer has it.`,
  run: measure,
};

async function measure(context: BenchContext): Promise<readonly Figure[]> {
  const { signal, log, sizes } = context;
  const { models, restMinutes } = sizes;
  await using bench = await startBenchCluster('simulated', context);
  const { cluster, client } = bench;
  const operator = await startOperator({ cluster, user: OPERATOR, signal });
  log(`creating ${models} models`);
  await createModels(client, { namespace: NAMESPACE, count: models, spec: { replicas: 1 }, signal });
  await waitUntilReady(client, NAMESPACE, models, signal);
  await waitForRest(cluster, OPERATOR, { quietMs: 10_000, signal });

  log(`watching ${restMinutes} minutes of rest`);
  const [rest, delivery] = await Promise.all([
    measureRest(bench, operator, context),
    sizes.delivery ? measureDelivery(bench, restMinutes * MINUTE_MS, signal) : undefined,
  ]);
  const memory = await measureMemory(operator, models);
  await operator.stop();
  return [rest, memory, ...(await measureRestart(bench, context)), ...(delivery === undefined ? [] : [delivery])];
}

async function measureRest(
  { cluster }: BenchCluster,
  operator: OperatorProcess,
  { signal, sizes }: BenchContext,
): Promise<Figure> {
  const { models, restMinutes: minutes } = sizes;
  const reader = await readerFromNow(cluster, OPERATOR);
  const cpuBefore = await readCpuSeconds(operator.pid);
  await sleep(minutes * MINUTE_MS, undefined, { signal });
  const cpuSeconds = (await readCpuSeconds(operator.pid)) - cpuBefore;
  const entries = await reader.read();
  const { reads, writes, events, watches, leases } = countRequests(entries);
  return atMost({
    name: 'requests-at-rest',
    title: `API requests with ${models} Ready models in ${minutes} minutes of rest`,
    value: reads + writes + events,
    limit: 0,
    note: `and ${leases} of the Lease, ${watches} watches resumed, ${cpuSeconds.toFixed(1)} s of CPU`,
    details: { minutes, cpuSeconds, requests: tally(entries) },
  });
}

async function measureMemory(operator: OperatorProcess, models: number): Promise<Figure> {
  const memory = await readMemory(operator.pid);
  const metrics = await readMetrics(operator);
  const eventLoopP99 = metrics.value('nodejs_eventloop_lag_p99_seconds');
  const heapUsed = metrics.value('nodejs_heap_size_used_bytes') / 1e6;
  return atMost({
    name: 'memory',
    title: `RSS with ${models} Ready models`,
    value: memory.rss,
    limit: 110,
    unit: ' MB',
    note: `its own ${memory.anonymous.toFixed(0)} MB, peak ${memory.peak.toFixed(0)} MB`,
    details: { ...memory, heapUsed, eventLoopP99Seconds: eventLoopP99 },
  });
}

async function measureRestart({ cluster }: BenchCluster, { signal, log, sizes }: BenchContext): Promise<Figure[]> {
  log('restarting the operator');
  const reader = await readerFromNow(cluster, OPERATOR);
  const operator = await startOperator({ cluster, user: OPERATOR, signal });
  await waitForRest(cluster, OPERATOR, { quietMs: 10_000, signal });
  const entries = await reader.read();
  const { writes, events } = countRequests(entries);
  const memory = await readMemory(operator.pid);
  await operator.stop();
  const requests = tally(entries);
  return [
    atMost({
      name: 'restart-writes',
      title: `Writes after a restart with ${sizes.models} Ready models, Events included`,
      value: writes + events,
      limit: 0,
      details: { requests },
    }),
    atMost({
      name: 'restart-ready',
      title: 'Restart: process start until /readyz',
      value: operator.readySeconds,
      limit: 5,
      unit: ' s',
      decimals: 1,
      note: `RSS afterwards ${memory.rss.toFixed(0)} MB`,
      details: { memory },
    }),
  ];
}
