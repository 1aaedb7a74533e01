import { setTimeout as sleep } from 'node:timers/promises';
import { resources } from '../../../operator/kube/resources.ts';
import type { AuditEntry } from '../../cluster/index.ts';
import { AuditReader } from '../../cluster/index.ts';
import { type LiveModel, MODELS } from '../../demo/manifests.ts';
import { tally } from '../audit.ts';
import { startBenchCluster, type BenchCluster } from '../bench-cluster.ts';
import { atMost, type BenchContext, type Figure, type Scenario } from '../figure.ts';
import { BENCH_USER, createModels, model } from '../models.ts';
import { startOperator } from '../operator.ts';
import { startPlainClient } from '../plain-client/index.ts';
import { firstWrites } from '../plain-client/writes.ts';
import { readCpuSeconds } from '../proc.ts';
import { median, spread } from '../statistics.ts';

/** The operator's default of --workers. */
const WORKERS = 8;
const OPERATOR = 'mass-creation-operator';
const PLAIN = 'mass-creation-plain';
const FLOOD_TIMEOUT_MS = 1_800_000;

/** How near the operator comes to the fastest way to make the same writes. */
export const massCreation: Scenario = {
  name: 'mass-creation',
  method: `1,000 models are created at once; measured is the time from the first creation until the last child exists, by the API
server's own clock (audit log). Against it stands the floor, a plain client: a Node process with one pool of ${WORKERS} kept HTTP/1.1 connections,
each with one request at a time, and ${WORKERS} workers, as many as the operator has. It is handed each model as soon as it is created and sends the
same requests, a model's one after the other (children, then status; the operator also writes Events, the plain client does not), from texts
rendered beforehand. "One pooled connection" is taken to mean such a pool: a single connection with one request at a time would make
the floor slower and the ratio smaller. The cluster has the profile \`control-plane\` (etcd and kube-apiserver): both have it
to themselves: with kube-controller-manager and kube-scheduler running, their work would weigh on both sides and bring the
ratio nearer to 1. Three pairs, interleaved, in alternating order; the median of the pairs' ratios counts.`,
  run: measure,
};

/** One of the two that make the writes. */
interface Side {
  readonly name: 'operator' | 'plain';
  readonly user: string;
  readonly pid: number;
  readonly onCreated: (created: LiveModel) => void;
}

interface Flood {
  readonly seconds: number;
  /** Processor time of the side, from the first creation until it was at rest. */
  readonly cpuSeconds: number;
  readonly requests: Readonly<Record<string, number>>;
}

async function measure(context: BenchContext): Promise<readonly Figure[]> {
  const { signal, log, sizes } = context;
  await using bench = await startBenchCluster('control-plane', context);
  const { cluster } = bench;
  const writes = firstWrites(await sample(bench, signal));
  const children = writes.length - 1;
  await using plainClient = await startPlainClient({
    kubeconfig: await cluster.kubeconfig(PLAIN),
    workers: WORKERS,
    writes,
    signal,
  });
  const namespaces = await createNamespaces(bench, sizes.pairs, signal);
  // It must not touch the plain client's models, so it is told where to look.
  const watched = namespaces.map((pair) => pair.operator).join(',');
  const args = ['--no-leader-elect', `--workers=${WORKERS}`, `--watch-namespaces=${watched}`];
  const operator = await startOperator({ cluster, user: OPERATOR, args, signal });
  const sides: readonly [Side, Side] = [
    { name: 'operator', user: OPERATOR, pid: operator.pid, onCreated: () => undefined },
    {
      name: 'plain',
      user: PLAIN,
      pid: plainClient.pid,
      onCreated: ({ metadata: { namespace = '', name, uid = '' } }) => plainClient.write({ namespace, name, uid }),
    },
  ];
  const pairs: Record<Side['name'], Flood>[] = [];
  const audit = new AuditReader(cluster.auditLog);
  try {
    for (const [index, pair] of namespaces.entries()) {
      const order = index % 2 === 0 ? sides : sides.toReversed();
      const floods = {} as Record<Side['name'], Flood>;
      for (const side of order) {
        await audit.read();
        const options = { namespace: pair[side.name], children, models: sizes.flood, signal };
        floods[side.name] = await flood(bench, audit, side, options);
      }
      pairs.push(floods);
      log(`pair ${index + 1}: operator ${describe(floods.operator)}, plain client ${describe(floods.plain)}`);
    }
  } finally {
    await operator.stop();
  }
  return [figureOf(pairs, sizes.flood)];
}

function describe({ seconds, cpuSeconds }: Flood): string {
  return `${seconds.toFixed(2)} s (${cpuSeconds.toFixed(2)} s of CPU)`;
}

/** A model as the server stores it, which is gone again when this resolves. */
async function sample({ client }: BenchCluster, signal: AbortSignal): Promise<LiveModel> {
  const created = await client.create(MODELS, model('default', 'sample', { replicas: 1 }), { signal });
  await client.delete(MODELS, { namespace: 'default', name: 'sample' }, { signal });
  return created;
}

/** Each flood has a namespace of its own. */
async function createNamespaces({ client }: BenchCluster, pairCount: number, signal: AbortSignal) {
  const pairs = Array.from({ length: pairCount }, (_, index) => ({
    operator: `operator-${index + 1}`,
    plain: `plain-${index + 1}`,
  }));
  for (const name of pairs.flatMap((pair) => [pair.operator, pair.plain])) {
    await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, { signal });
  }
  return pairs;
}

interface FloodOptions {
  readonly namespace: string;
  /** Of each model. */
  readonly children: number;
  readonly models: number;
  readonly signal: AbortSignal;
}

/** Creates models and waits until `side` has made all of their children and come to rest. */
async function flood(
  { client }: BenchCluster,
  audit: AuditReader,
  { user, pid, onCreated }: Side,
  { namespace, children, models, signal }: FloodOptions,
): Promise<Flood> {
  const cpuBefore = await readCpuSeconds(pid);
  await createModels(client, { namespace, count: models, spec: { replicas: 1 }, onCreated, signal });
  const entries: AuditEntry[] = [];
  const deadline = performance.now() + FLOOD_TIMEOUT_MS;
  let news: readonly AuditEntry[];
  do {
    if (performance.now() > deadline)
      throw new Error(`${user} has not made all children within ${FLOOD_TIMEOUT_MS} ms`);
    await sleep(1_000, undefined, { signal });
    news = (await audit.read()).filter((entry) => entry.namespace === namespace);
    entries.push(...news);
  } while (made(entries, user).length < models * children || news.length > 0);
  const created = entries.filter((entry) => entry.user === BENCH_USER && entry.verb === 'create');
  const seconds = (latest(made(entries, user)) - earliest(created)) / 1000;
  const requests = tally(entries.filter((entry) => entry.user === user));
  return { seconds, cpuSeconds: (await readCpuSeconds(pid)) - cpuBefore, requests };
}

/** The requests that made a child: an apply that creates is answered with 201. */
function made(entries: readonly AuditEntry[], user: string): AuditEntry[] {
  return entries.filter(({ user: who, verb, code }) => who === user && verb === 'patch' && code === 201);
}

const earliest = (entries: readonly AuditEntry[]): number =>
  entries.reduce((time, { received }) => Math.min(time, received.getTime()), Number.POSITIVE_INFINITY);
const latest = (entries: readonly AuditEntry[]): number =>
  entries.reduce((time, { received }) => Math.max(time, received.getTime()), 0);

function figureOf(pairs: readonly Record<Side['name'], Flood>[], models: number): Figure {
  const ratios = pairs.map(({ operator, plain }) => operator.seconds / plain.seconds);
  const seconds = (side: Side['name']): string => median(pairs.map((pair) => pair[side].seconds)).toFixed(1);
  return atMost({
    name: 'mass-creation',
    title: `${models} models at once until the last child exists, against a plain client`,
    value: median(ratios),
    limit: 1.3,
    unit: 'x',
    decimals: 2,
    note: `${spread(ratios, 2)}; medians ${seconds('operator')} s and ${seconds('plain')} s`,
    details: { ratios, pairs },
  });
}
