import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { resources } from '../../../operator/kube/resources.ts';
import { AuditReader, type AuditEntry } from '../../cluster/index.ts';
import { podNetworkEnv } from '../../demo/pod-network.ts';
import { waitForRest } from '../audit.ts';
import { startBenchCluster, type BenchCluster } from '../bench-cluster.ts';
import { atMost, type BenchContext, type Figure, type Scenario } from '../figure.ts';
import { BENCH_USER } from '../models.ts';
import { startOperator } from '../operator.ts';
import { Fleet, selectorOf } from '../rollouts/fleet.ts';
import { availableToFlip, describe, type Latency, orderToFlip, type Run } from '../rollouts/latency.ts';
import { quantile } from '../statistics.ts';

const OPERATOR = 'rollouts-operator';
const USERS = { orders: BENCH_USER, operator: OPERATOR };
const REPLICAS = 2;
/** Between two orders, so that one is not measured by what the one before still causes. */
const GAP_MS = 150;
/** A version that is taken back has no users here and stops at once: some sixty requests of the whole cluster. */
const ROLLBACK_GAP_MS = 700;

/** Watched and kept for so long that only orders end anything. */
const BY_ORDER = {
  promotion: 'Manual',
  proof: { warmUpRequests: 1, pairedRequests: 0 },
  watch: { duration: '2h' },
  rollbackWindow: '2h',
};
const BY_ITSELF = {
  promotion: 'Automatic',
  proof: { warmUpRequests: 0, pairedRequests: 0 },
  watch: { duration: '1s' },
  rollbackWindow: '1s',
};
const TERMINATION = { preStopDelay: '0s', drainDeadline: '1s', rollbackDrain: '1s' };

/** How quickly and with how many writes a version gets and loses the traffic. */
export const rollouts: Scenario = {
  name: 'rollouts',
  method: `The operator runs as it ships, in a process of its own, on the simulated cluster with models of ${REPLICAS} replicas; what it
writes is seen in the API server's audit log, by the server's clock. *Promote and rollback*: each model gets a new version, which
waits for promotion; then one after the other they are promoted, and later rolled back, by the annotation that \`kubectl deepseek\`
writes. Measured from the server's receipt of the order to its answer to the operator's write of the active Service; and, by one
client that follows EndpointSlices, from sending the order until those of the active Service list the new pods alone, next to a
plain client that, in the first round, patches the selector of a Service over the same pods right afterwards. *Available to flip*: one model after the other gets a new version, promotion is automatic, proof and
gates are off, and what is measured, from receipt to receipt, begins with the last write of the candidate's Deployment status before the flip (by
kube-controller-manager), and, for information, with the last thing of all that the flip waits for, which may be
the EndpointSlice of the candidate's own Service.`,
  run: measure,
};

async function measure(context: BenchContext): Promise<readonly Figure[]> {
  const { signal, log, sizes } = context;
  await using bench = await startBenchCluster('simulated', context);
  const { cluster, enginePort = 0 } = bench;
  const env = podNetworkEnv(enginePort);
  const operator = await startOperator({ cluster, user: OPERATOR, args: ['--no-leader-elect'], env, signal });
  try {
    const { models, orders, flips } = sizes.rollouts;
    log(`creating ${models} models`);
    const spec = { replicas: REPLICAS, termination: TERMINATION, rollout: BY_ORDER };
    await using fleet = await Fleet.create(bench, { namespace: 'default', count: models, spec, signal });
    await waitForRest(cluster, OPERATOR, { quietMs: 3_000, signal });
    const load = loadavg()[0] ?? 0;
    const ordered = await measureOrders(bench, fleet, orders, context);
    const automatic = await measureFlips(bench, fleet, flips, context);
    return [...ordered, ...automatic].map((figure) => ({ ...figure, details: { ...figure.details, load } }));
  } finally {
    await operator.stop();
  }
}

/** One round of orders on all models. */
interface Round {
  readonly promotes: Run[];
  readonly rollbacks: Run[];
  /** Milliseconds from sending until the EndpointSlices have followed. */
  readonly switched: number[];
  readonly returned: number[];
  readonly bare: number[];
}

async function measureOrders(
  bench: BenchCluster,
  fleet: Fleet,
  count: number,
  { signal, log }: BenchContext,
): Promise<Figure[]> {
  const { cluster } = bench;
  const audit = new AuditReader(cluster.auditLog);
  await audit.read();
  const rounds: Round[] = [];
  for (let round = 0; rounds.flatMap(({ promotes }) => promotes).length < count; round++) {
    log(`round ${round + 1}: a new version for each model, promoted and rolled back by orders`);
    rounds.push(await orderRound(bench, fleet, round, signal));
  }
  const entries = await audit.read();
  const runs = (key: 'promotes' | 'rollbacks') => rounds.flatMap((round) => round[key]);
  const times = (key: 'switched' | 'returned' | 'bare') => rounds.flatMap((round) => round[key]);
  const promotes = orderToFlip(runs('promotes'), entries, USERS);
  const rollbacks = orderToFlip(runs('rollbacks'), entries, USERS);
  const bare = times('bare');
  return [
    ...latencyFigures('promote', 'Promote order', promotes),
    ...latencyFigures('rollback', 'Rollback order, warm', rollbacks),
    {
      name: 'promote-total',
      title: 'Promote order sent -> active EndpointSlices list the target alone',
      limit: '',
      measured: `${describe(times('switched'))} (n ${times('switched').length}); a bare patch of a selector: ${describe(bare)} (n ${bare.length})`,
      verdict: 'info',
      details: { switched: times('switched'), returned: times('returned'), bare },
    },
  ];
}

async function orderRound(bench: BenchCluster, fleet: Fleet, round: number, signal: AbortSignal): Promise<Round> {
  const { cluster } = bench;
  const { names, namespace } = fleet;
  const rest = (): Promise<void> => waitForRest(cluster, OPERATOR, { quietMs: 1_500, signal });
  const result: Round = { promotes: [], rollbacks: [], switched: [], returned: [], bare: [] };
  for (const name of names) await fleet.change(name, versionOf(round));
  await fleet.phase(names, 'AwaitingPromotion');
  await rest();
  for (const model of names) {
    const { serving, candidate } = fleet.model(model).status ?? {};
    const [from = '', revision = ''] = [serving?.revision, candidate?.revision];
    const withBare = round === 0;
    const bareName = `bare-${model}`;
    const bare = (selected: string) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name: bareName },
      spec: { selector: selectorOf(model, selected), ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    });
    const apply = (selected: string) =>
      bench.client.apply(resources.services, bare(selected), { fieldManager: BENCH_USER, force: true, signal });
    if (withBare) {
      await apply(from);
      await fleet.alone(bareName, { model, revision: from, pods: REPLICAS });
    }
    await sleep(GAP_MS, undefined, { signal });

    const startedAt = performance.now();
    const arrived = fleet.alone(model, { model, revision, pods: REPLICAS });
    const sent = await fleet.order(model, 'promote', revision);
    result.switched.push((await arrived) - startedAt);
    result.promotes.push({ model, sent });
    await sleep(GAP_MS, undefined, { signal });

    if (!withBare) continue;
    const barely = fleet.alone(bareName, { model, revision, pods: REPLICAS });
    const patchedAt = performance.now();
    await apply(revision);
    result.bare.push((await barely) - patchedAt);
  }
  await fleet.phase(names, 'Watching');
  await rest();
  for (const model of names) {
    const revision = fleet.model(model).status?.rollback?.revision ?? '';
    await sleep(ROLLBACK_GAP_MS, undefined, { signal });
    const startedAt = performance.now();
    const arrived = fleet.alone(model, { model, revision, pods: REPLICAS });
    const sent = await fleet.order(model, 'rollback', revision);
    result.returned.push((await arrived) - startedAt);
    result.rollbacks.push({ model, sent });
  }
  await fleet.phase(names, 'Held');
  await rest();
  return result;
}

/** A spec that no round before has asked for. */
function versionOf(round: number): object {
  return { model: { maxModelLen: 4096 + 256 * (round + 1) } };
}

/** Rounds of other versions than those of the orders. */
const FLIP_ROUNDS = 100;

async function measureFlips(
  { cluster }: BenchCluster,
  fleet: Fleet,
  count: number,
  { signal, log }: BenchContext,
): Promise<Figure[]> {
  const audit = new AuditReader(cluster.auditLog);
  await audit.read();
  const runs: Run[] = [];
  const entries: AuditEntry[] = [];
  for (let round = 0; runs.length < count; round++) {
    log(`round ${round + 1}: a new version for each model, which takes over as soon as it is available`);
    for (const model of fleet.names) {
      const spec = { ...versionOf(FLIP_ROUNDS + round), rollout: BY_ITSELF };
      runs.push({ model, sent: await fleet.change(model, spec) });
      await fleet.phase([model], 'Switching');
      await sleep(GAP_MS, undefined, { signal });
    }
    await fleet.phase(fleet.names, 'Idle');
    await waitForRest(cluster, OPERATOR, { quietMs: 3_000, signal });
    entries.push(...(await audit.read()));
  }
  const { fromDeployment, fromLast } = availableToFlip(runs, entries, USERS);
  const values = fromDeployment.map(({ milliseconds }) => milliseconds);
  return [
    atMost({
      name: 'available-to-flip',
      title: 'Last pod available -> active Service written, proof off: P50',
      value: quantile(values, 0.5),
      limit: 15,
      unit: ' ms',
      note: `n ${values.length}, P99 ${quantile(values, 0.99).toFixed(0)} ms; from the last thing waited for ${describe(fromLast.map(({ milliseconds }) => milliseconds))}`,
      details: { fromDeployment: values, fromLast },
    }),
  ];
}

function latencyFigures(name: string, title: string, latencies: readonly Latency[]): Figure[] {
  const values = latencies.map(({ milliseconds }) => milliseconds);
  const unit = ' ms';
  return [
    atMost({
      name: `${name}-p50`,
      title: `${title} -> active Service written: P50`,
      value: quantile(values, 0.5),
      limit: 50,
      unit,
      note: `n ${values.length}`,
      details: { values },
    }),
    atMost({
      name: `${name}-p99`,
      title: `${title} -> active Service written: P99`,
      value: quantile(values, 0.99),
      limit: 250,
      unit,
      note: `at most ${Math.max(...values).toFixed(0)} ms`,
    }),
  ];
}
