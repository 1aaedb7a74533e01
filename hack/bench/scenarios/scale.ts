import { setTimeout as sleep } from 'node:timers/promises';
import { AuditReader } from '../../cluster/index.ts';
import { countRequests, readerFromNow, tally, waitForRest } from '../audit.ts';
import { atMost, type BenchContext, type Figure, type Scenario } from '../figure.ts';
import { BENCH_USER, createModel } from '../models.ts';
import type { OperatorProcess } from '../operator.ts';
import { readMemory } from '../proc.ts';
import { UNMEASURED } from '../record.ts';
import { Fleet } from '../rollouts/fleet.ts';
import { describe, orderToFlip, type Run } from '../rollouts/latency.ts';
import { measureForeign } from '../scale/foreign.ts';
import { changeToCandidate, createToChildren } from '../scale/latency.ts';
import { measureRestart } from '../scale/restart.ts';
import { fill, load, NAMESPACE, readUsage, startStage, type Stage, type Usage } from '../scale/stage.ts';
import { measureTakeovers } from '../scale/takeover.ts';
import { quantile } from '../statistics.ts';

const OPERATOR = 'scale-operator';
const USERS = { orders: BENCH_USER, operator: OPERATOR };
/** Of a model of one replica. */
const CHILDREN = 6;
const MINUTE_MS = 60_000;
/** Between two samples, so that one is not measured by what the one before still causes. */
const GAP_MS = 400;
/** The models that are rolled out are in a namespace of their own. */
const CHANGED = 'kube-public';
/** Watched and kept for so long that only orders end anything. */
const ROLLOUT = {
  promotion: 'Manual',
  proof: { warmUpRequests: 1, pairedRequests: 0 },
  watch: { duration: '2h' },
  rollbackWindow: '2h',
};

/** What an operator costs, and how quick it is, with many models. */
export const scale: Scenario = {
  name: 'scale',
  method: `1,000 models of one replica are Ready on the simulated cluster, the operator runs as it ships, leader election on. *Memory* is read
from /proc ten seconds after the last of them has come to rest, and told apart: what is the operator's own, and the pages of files (the node
binary, for the most part), which all node processes of a machine share. *Rest*: ten minutes in which its requests in the audit log are
counted. *Create to children*: right after these ten minutes 50 models are created, one after the other, 0.4 s apart, so that only the
first follows the idle minutes: its time is told by itself; from the server's receipt of the creation to its answer to the last of the
six children that is written. *Restart*: SIGTERM, then a new process, until it leads and has had
a pass over each model and no model is in its queue or in work (its own metrics, looked at every 200 ms); and its requests until it is at rest. *Change to candidate* and *promote*: 200 of the models get a new version, 100 of them each when the one before waits for its promotion (server's receipt of
the change to its answer to the new Deployment), and are promoted, one after the other, once all wait for it (receipt of the order to
the answer to the write of the active Service). *Leader*: a second operator stands by; the leader is killed, or told to go, a model is changed in
the same moment, and what counts is the second operator's first write (Lease apart). *Foreign objects*: before and after 10,000 running pods, 10,000 Services and 10,000 Deployments
of somebody else are created, the pods on nodes of their own, ten models get a new version, one after the other, until it waits for its
promotion (a rollout counts GPUs on a list of all pods of others), and go back to what they serve. At rest three minutes are
compared: two after the first ten rollouts and one after the creation; it may be above the second by what the two before it differ by, and by
6 MB and half a second of CPU in any case.`,
  run: measure,
};

async function measure(context: BenchContext): Promise<readonly Figure[]> {
  const { signal, log, sizes } = context;
  const { models, changed, restMinutes } = sizes.scale;
  await using stage = await startStage(context);
  const operator = await stage.start(OPERATOR);
  log(`creating ${models} models`);
  const started = performance.now();
  const spec = { replicas: 1, rollout: ROLLOUT };
  await using fleet = await Fleet.create(stage, { namespace: CHANGED, count: changed, spec, signal });
  await fill(stage, { count: models - changed, user: OPERATOR, signal });
  const flood = { seconds: (performance.now() - started) / 1000, usage: await readUsage(operator) };
  const figures: Figure[] = await measureMemory(operator, models, flood);
  try {
    log(`watching ${restMinutes} minutes of rest`);
    figures.push(...(await measureRest(stage, operator, context)));
    figures.push(await measureCreation(stage, context));
    await operator.stop();
    const [restarted, restart] = await measureRestart(stage, OPERATOR, context);
    figures.push(...restart);
    figures.push(...(await measureRollouts(stage, fleet, context)));
    figures.push(...(await measureForeign(stage, { user: OPERATOR, operator: restarted, fleet }, context)));
    figures.push(...(await measureTakeovers(stage, { user: OPERATOR, operator: restarted }, context)));
  } catch (error) {
    signal.throwIfAborted();
    // What half an hour has measured until here is not lost.
    log(String(error));
    figures.push({
      name: 'scale',
      title: 'The rest of this scenario',
      limit: '',
      measured: UNMEASURED,
      verdict: 'miss',
    });
  }
  return figures;
}

async function measureMemory(
  operator: OperatorProcess,
  models: number,
  { seconds, usage }: { readonly seconds: number; readonly usage: Usage },
): Promise<Figure[]> {
  const memory = await readMemory(operator.pid);
  const { cpuSeconds, passes, loopDelayMs } = usage;
  return [
    atMost({
      name: 'scale-memory',
      title: `RSS with ${models} Ready models`,
      value: memory.rss,
      limit: 150,
      unit: ' MB',
      note: `its own ${memory.anonymous.toFixed(0)} MB, files ${memory.file.toFixed(0)} MB, peak ${memory.peak.toFixed(0)} MB`,
      details: { ...memory, load: load() },
    }),
    {
      name: 'scale-cpu',
      title: `CPU per pass of the loop, ${models} models from their creation to Ready`,
      limit: '',
      measured: `${((cpuSeconds / passes) * 1000).toFixed(1)} ms (${cpuSeconds.toFixed(1)} s in ${passes} passes and ${seconds.toFixed(0)} s, the start included)`,
      verdict: 'info',
      details: { cpuSeconds, passes, seconds },
    },
    {
      name: 'scale-loop',
      title: 'Event-loop delay meanwhile: P99',
      limit: '',
      measured: `${loopDelayMs.toFixed(0)} ms`,
      verdict: 'info',
      details: { loopDelayMs },
    },
  ];
}

async function measureRest(
  { cluster }: Stage,
  operator: OperatorProcess,
  { signal, sizes }: BenchContext,
): Promise<Figure[]> {
  const { models, restMinutes } = sizes.scale;
  const reader = await readerFromNow(cluster, OPERATOR);
  const before = await readUsage(operator);
  await sleep(restMinutes * MINUTE_MS, undefined, { signal });
  const after = await readUsage(operator);
  const entries = await reader.read();
  const { reads, writes, events, watches, leases } = countRequests(entries);
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  return [
    atMost({
      name: 'scale-rest',
      title: `Reads and writes with ${models} Ready models in ${restMinutes} minutes of rest`,
      value: reads + writes + events,
      limit: 0,
      note: `and ${leases} of the Lease, ${watches} watches resumed, ${cpuSeconds.toFixed(1)} s of CPU, event-loop delay P99 ${after.loopDelayMs.toFixed(1)} ms`,
      details: { restMinutes, cpuSeconds, requests: tally(entries), load: load() },
    }),
  ];
}

async function measureCreation({ cluster, client }: Stage, { signal, log, sizes }: BenchContext): Promise<Figure> {
  const { models, created, restMinutes } = sizes.scale;
  log(`creating ${created} more, one after the other`);
  const audit = new AuditReader(cluster.auditLog);
  await audit.read();
  const names = Array.from({ length: created }, (_, index) => `late-${index}`);
  for (const name of names) {
    await createModel(client, { namespace: NAMESPACE, name, spec: { replicas: 1 }, signal });
    await sleep(GAP_MS, undefined, { signal });
  }
  await waitForRest(cluster, OPERATOR, { quietMs: 10_000, signal });
  const values = createToChildren(names, await audit.read(), USERS, CHILDREN).map(({ milliseconds }) => milliseconds);
  return latency({
    name: 'create-to-children',
    title: `Created -> its children exist, after ${restMinutes} idle minutes, under ${models} models: P99`,
    values,
    note: `the first, which alone follows them, ${values[0]} ms; `,
  });
}

async function measureRollouts(
  { cluster }: Stage,
  fleet: Fleet,
  { signal, log, sizes }: BenchContext,
): Promise<Figure[]> {
  const { models } = sizes.scale;
  const rest = (): Promise<void> => waitForRest(cluster, OPERATOR, { quietMs: 3_000, signal });
  const audit = new AuditReader(cluster.auditLog);
  await audit.read();
  log(`${fleet.names.length} new versions, half of them one after the other`);
  const half = Math.ceil(fleet.names.length / 2);
  const version = { model: { maxModelLen: 4_096 } };
  const changes: Run[] = [];
  for (const model of fleet.names.slice(0, half)) {
    changes.push({ model, sent: await fleet.change(model, version) });
    await fleet.phase([model], 'AwaitingPromotion');
    await sleep(GAP_MS, undefined, { signal });
  }
  for (const model of fleet.names.slice(half)) await fleet.change(model, version);
  await fleet.phase(fleet.names, 'AwaitingPromotion');
  await rest();
  const candidates = changeToCandidate(changes, await audit.read(), USERS);
  log('and each is promoted');
  const promotes: Run[] = [];
  for (const model of fleet.names) {
    promotes.push({
      model,
      sent: await fleet.order(model, 'promote', fleet.model(model).status?.candidate?.revision ?? ''),
    });
    await sleep(GAP_MS, undefined, { signal });
  }
  await fleet.phase(fleet.names, 'Watching');
  await rest();
  // Or the engines of what has just been switched to would be asked for their traffic for hours.
  for (const model of fleet.names) await fleet.change(model, { rollout: { watch: { duration: '1s' } } });
  await fleet.phase(fleet.names, 'Idle');
  await rest();
  const flips = orderToFlip(promotes, await audit.read(), USERS).map(({ milliseconds }) => milliseconds);
  const title = `Promote order -> active Service written, under ${models} models`;
  return [
    latency({
      name: 'change-to-candidate',
      title: `Changed spec -> candidate Deployment exists, under ${models} models: P99`,
      values: candidates.map(({ milliseconds }) => milliseconds),
    }),
    atMost({
      name: 'scale-promote-p50',
      title: `${title}: P50`,
      value: quantile(flips, 0.5),
      limit: 50,
      unit: ' ms',
      note: `n ${flips.length}`,
      details: { values: flips, load: load() },
    }),
    latency({ name: 'scale-promote-p99', title: `${title}: P99`, values: flips, limit: 250 }),
  ];
}

function latency({
  name,
  title,
  values,
  limit = 1_000,
  note = '',
}: {
  readonly name: string;
  readonly title: string;
  readonly values: readonly number[];
  readonly limit?: number;
  readonly note?: string;
}): Figure {
  return atMost({
    name,
    title,
    value: quantile(values, 0.99),
    limit,
    unit: ' ms',
    note: `${note}${describe(values)}; n ${values.length}`,
    details: { values, load: load() },
  });
}
