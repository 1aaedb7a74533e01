import type { BenchCluster } from '../bench-cluster.ts';
import { startBenchCluster } from '../bench-cluster.ts';
import { countRequests, readerFromNow, tally, waitForRest } from '../audit.ts';
import { atMost, type BenchContext, type Figure, type Scenario } from '../figure.ts';
import { createModels, waitUntilReady } from '../models.ts';
import { startOperator } from '../operator.ts';

/** ServiceAccount, ControllerRevision, Deployment, Service of the revision, PodDisruptionBudget, active Service. */
const CHILDREN = 6;
const OPERATOR = 'first-deployment-operator';

/** How many writes one model costs. */
export const firstDeployment: Scenario = {
  name: 'first-deployment',
  method: `One DeepSeekDeployment of one replica is created on the simulated cluster (real etcd, API server, controllers and
scheduler; KWOK nodes and simulated engines), and the operator's requests in the API server's audit log are counted until it
is Ready and the operator at rest. ${CHILDREN} children and two status writes (not Ready yet; Ready), one for \`spec.replicas\` where it was
left out, one for the mark that the revision has proven itself. Events are counted apart.`,
  run: measure,
};

async function measure(context: BenchContext): Promise<readonly Figure[]> {
  await using bench = await startBenchCluster('simulated', context);
  const { cluster } = bench;
  const operator = await startOperator({
    cluster,
    user: OPERATOR,
    args: ['--no-leader-elect'],
    signal: context.signal,
  });
  try {
    const withReplicas = await writesOfOne(bench, 'default', { replicas: 1 }, context);
    const without = await writesOfOne(bench, 'kube-public', {}, context);
    return [
      figureOf(
        'writes-until-ready',
        'API writes until a model is Ready, `replicas` set',
        CHILDREN + 2 + 1,
        withReplicas,
      ),
      figureOf('writes-until-ready-no-replicas', 'The same, `replicas` left out', CHILDREN + 2 + 1 + 1, without),
    ];
  } finally {
    await operator.stop();
  }
}

interface Writes {
  readonly writes: number;
  readonly events: number;
  readonly requests: Readonly<Record<string, number>>;
}

async function writesOfOne(
  { cluster, client }: BenchCluster,
  namespace: string,
  spec: object,
  { signal, log }: BenchContext,
): Promise<Writes> {
  const reader = await readerFromNow(cluster, OPERATOR);
  log('creating a model');
  await createModels(client, { namespace, count: 1, spec, signal });
  await waitUntilReady(client, namespace, 1, signal);
  await waitForRest(cluster, OPERATOR, { quietMs: 3_000, signal });
  const entries = await reader.read();
  const { writes, events } = countRequests(entries);
  return { writes, events, requests: tally(entries) };
}

function figureOf(name: string, title: string, limit: number, { writes, events, requests }: Writes): Figure {
  return atMost({ name, title, value: writes, limit, note: `and ${events} Events`, details: { requests } });
}
