import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { AuditEntry } from '../../cluster/index.ts';
import { countRequests, readerFromNow, waitForRest } from '../audit.ts';
import type { LiveModel } from '../../demo/manifests.ts';
import type { BenchCluster } from '../bench-cluster.ts';
import { atMost, type BenchContext, type Figure } from '../figure.ts';
import { Fleet } from './fleet.ts';

const NAMESPACE = 'kube-public';
const LIMIT = 16;
/** Longer than the wait after the flip, the watch and the window together. */
const ENDED_QUIET_MS = 10_000;

/** What one rollout writes, from the change of the spec until all that it leaves is gone. */
export async function measureWrites(
  bench: BenchCluster,
  operator: string,
  { signal, log }: BenchContext,
): Promise<Figure> {
  log('counting the writes of one rollout');
  const rollout = { watch: { duration: '20s' }, rollbackWindow: '25s' };
  const termination = { preStopDelay: '0s', drainDeadline: '1s', rollbackDrain: '1s' };
  const spec = { replicas: 2, rollout, termination };
  await using fleet = await Fleet.create(bench, { namespace: NAMESPACE, count: 1, spec, signal });
  const [name = ''] = fleet.names;
  await waitForRest(bench.cluster, operator, { quietMs: 3_000, signal });
  const before = fleet.model(name).status?.serving?.revision;
  const reader = await readerFromNow(bench.cluster, operator);
  const statuses: Status[] = [fleet.model(name).status];
  fleet.follow(name, ({ status }) => {
    if (!isDeepStrictEqual(status, statuses.at(-1))) statuses.push(status);
  });
  await fleet.change(name, { model: { maxModelLen: 4096 } });
  await fleet.phase([name], 'Watching');
  await fleet.phase([name], 'Idle');
  await sleep(ENDED_QUIET_MS, undefined, { signal });
  await waitForRest(bench.cluster, operator, { quietMs: ENDED_QUIET_MS, signal });
  const entries = await reader.read();
  const after = fleet.model(name).status?.serving?.revision;
  if (before === after) throw new Error(`${name} was not switched: it still serves ${before ?? 'nothing'}`);
  const { writes, events } = countRequests(entries);
  const list = writesOf(entries, statuses);
  for (const line of list) log(line);
  return atMost({
    name: 'rollout-writes',
    title: 'API writes of one blue-green rollout, 2 replicas, default proof',
    value: writes,
    limit: LIMIT,
    note: `and ${events} Events`,
    details: { writes: list },
  });
}

type Status = LiveModel['status'];

/** `+0.12 s  patch services chat`, in the order of their time; behind those of the status what they changed. */
function writesOf(entries: readonly AuditEntry[], statuses: readonly Status[]): string[] {
  const written = entries.filter((entry) => countRequests([entry]).writes === 1);
  const start = written[0]?.received.getTime() ?? 0;
  let states = 0;
  return written.map(({ received, verb, resource = '', subresource, name = '' }) => {
    const seconds = ((received.getTime() - start) / 1000).toFixed(2);
    const what = `+${seconds} s  ${verb} ${[resource, subresource].filter(Boolean).join('/')} ${name}`;
    if (subresource !== 'status') return what;
    states++;
    return `${what}: ${changed(statuses[states - 1] ?? {}, statuses[states] ?? {}).join(', ')}`;
  });
}

/** Paths of what differs, for a phase with both values. */
function changed(before: unknown, after: unknown, path = ''): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (path === '.rollout.phase') return [`phase ${String(before)} to ${String(after)}`];
  if (!isTree(before) || !isTree(after)) return [path.slice(1)];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => changed(before[key], after[key], `${path}.${conditionType(after[key]) ?? key}`));
}

type Tree = Readonly<Record<string, unknown>>;
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

/** Conditions and gates are lists by name. */
function conditionType(value: unknown): string | undefined {
  return isTree(value) && typeof value['type'] === 'string' ? value['type'] : undefined;
}
