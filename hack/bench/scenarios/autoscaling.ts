import { AuditReader, findTool } from '../../cluster/index.ts';
import { podNetworkEnv } from '../../demo/pod-network.ts';
import { MetricsStage } from '../../stage/metrics-stage.ts';
import { waitForRest } from '../audit.ts';
import { answersOf, scalingWrites, type ScalingWrites } from '../autoscaling/answers.ts';
import { createPairs, type Pair, startLoads, waitUntilScaled } from '../autoscaling/pairs.ts';
import { startBenchCluster, type BenchCluster } from '../bench-cluster.ts';
import { atMost, type BenchContext, type Figure, type Scenario } from '../figure.ts';
import { startOperator } from '../operator.ts';
import { median, spread } from '../statistics.ts';

const OPERATOR = 'autoscaling-operator';
const SCRAPE_SECONDS = 10;
const QUIET_MS = 10_000;

/** How quickly and with how many writes a model follows its load. */
export const autoscaling: Scenario = {
  name: 'autoscaling',
  method: `Models on the simulated cluster with the real HPA controller (a look every 15 s), a real Prometheus (a scrape and a record every
${SCRAPE_SECONDS} s) and a real prometheus-adapter with the rules that we ship. Beside each model stands a plain Deployment of the same pods with an
HPA of the same words, created in the same moment, so that both are looked at together; the pairs are spread over the 15 s. All get
the same load at once: 4 streams at a target of 2 running requests. Measured in the API server's audit log, by its clock: from the
step to the HPA's write of the scale subresource, from there to the operator's write of the Deployment, and what the operator
writes until the load has gone and all are at one replica again. Stabilization is off.`,
  run: measure,
};

async function measure(context: BenchContext): Promise<readonly Figure[]> {
  const { signal, log, sizes } = context;
  for (const tool of ['prometheus', 'prometheus-adapter'] as const) await findTool(tool, { signal, onProgress: log });
  await using bench = await startBenchCluster('simulated', context);
  const { cluster, enginePort = 0 } = bench;
  const env = podNetworkEnv(enginePort);
  const operator = await startOperator({ cluster, user: OPERATOR, args: ['--no-leader-elect'], env, signal });
  try {
    const stage = await MetricsStage.start(cluster, { scrapeSeconds: SCRAPE_SECONDS });
    await stage.follow(['default'], enginePort);
    const { pairs: count } = sizes.autoscaling;
    log(`creating ${count} models and as many plain Deployments`);
    const pairs = await createPairs(bench, count, signal);
    await waitForRest(cluster, OPERATOR, { quietMs: QUIET_MS, signal });
    return await measureStep(bench, pairs, context);
  } finally {
    await operator.stop();
  }
}

async function measureStep(
  bench: BenchCluster,
  pairs: readonly Pair[],
  { signal, log }: BenchContext,
): Promise<readonly Figure[]> {
  const { cluster } = bench;
  const reader = new AuditReader(cluster.auditLog);
  await reader.read();
  log('a step of the load');
  const since = new Date();
  const loads = await startLoads(bench, pairs, signal);
  await waitUntilScaled(bench, pairs, 'more', signal);
  await waitForRest(cluster, OPERATOR, { quietMs: QUIET_MS, signal });
  const up = await reader.read();
  log('the load goes');
  for (const load of loads) await load.stop();
  await waitUntilScaled(bench, pairs, 'one', signal);
  await waitForRest(cluster, OPERATOR, { quietMs: QUIET_MS, signal });
  const down = await reader.read();
  const answers = answersOf(pairs, up, { since, operator: OPERATOR });
  const [models, plain] = [answers.map(({ modelMs }) => modelMs), answers.map(({ plainMs }) => plainMs)];
  const followed = answers.map(({ operatorMs }) => operatorMs / 1000);
  return [
    atMost({
      ...{ name: 'scale-desired', title: 'Load step -> new desired count of the HPA, slowest' },
      ...{ value: Math.max(...models) / 1000, limit: 60, unit: ' s', decimals: 1 },
      note: `median ${seconds(median(models))}, n ${pairs.length}`,
      details: { answers },
    }),
    atMost({
      ...{ name: 'scale-desired-ratio', title: 'The same, against an HPA on a plain Deployment' },
      ...{
        value: median(answers.map(({ modelMs, plainMs }) => modelMs / plainMs)),
        limit: 1.2,
        unit: 'x',
        decimals: 2,
      },
      note: `median of the pairs; medians ${seconds(median(models))} and ${seconds(median(plain))}`,
    }),
    atMost({
      ...{ name: 'scale-followed', title: 'New desired count -> Deployment scaled by the operator, slowest' },
      ...{ value: Math.max(...followed), limit: 1, unit: ' s', decimals: 3 },
      note: `${spread(followed, 3)}, median ${median(followed).toFixed(3)} s`,
    }),
    writesFigure('up', scalingWrites(pairs, up, OPERATOR)),
    writesFigure('down', scalingWrites(pairs, down, OPERATOR)),
  ];
}

function writesFigure(way: 'up' | 'down', { events, writes, statuses, marks }: ScalingWrites): Figure {
  const marked = way === 'down' ? `, and ${marks} pods marked` : '';
  return atMost({
    ...{ name: `scale-writes-${way}`, title: `API writes per scale event, ${way}; status and marked pods apart` },
    ...{ value: writes / events, limit: 2, decimals: 2 },
    note: `${writes} for ${events} events, ${statuses} of status${marked}`,
    details: { events, writes, statuses, marks },
  });
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
