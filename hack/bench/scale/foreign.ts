import { setTimeout as sleep } from 'node:timers/promises';
import { AuditReader } from '../../cluster/index.ts';
import { countRequests, readerFromNow, waitForRest } from '../audit.ts';
import type { BenchContext, Figure } from '../figure.ts';
import { BENCH_USER } from '../models.ts';
import type { OperatorProcess } from '../operator.ts';
import { readCpuSeconds, readMemory } from '../proc.ts';
import type { Fleet } from '../rollouts/fleet.ts';
import { describe, type Run } from '../rollouts/latency.ts';
import { createForeign, createForeignPlace } from './foreign-objects.ts';
import { changeToCandidate } from './latency.ts';
import { comparison, type Look } from './looks.ts';
import { load, type Stage } from './stage.ts';

/** Memory and processor time are compared over so long. */
const WINDOW_MS = 60_000;
/** Rollouts before and after. */
const ROLLOUTS = 10;
/** Between two of them. */
const GAP_MS = 400;
const QUIET_MS = 3_000;

/** Whom it costs something. */
export interface Measured {
  readonly user: string;
  readonly operator: OperatorProcess;
  /** At rest. It is at rest again afterwards, and serves what it served. */
  readonly fleet: Fleet;
}

/** What objects that are none of ours cost the operator: at rest, and in rollouts, which count the pods of others, too. */
export async function measureForeign(
  stage: Stage,
  measured: Measured,
  { signal, log, sizes }: BenchContext,
): Promise<Figure[]> {
  const { user, operator } = measured;
  const { foreign } = sizes.scale;
  await createForeignPlace(stage.client, signal);
  log(`${ROLLOUTS} rollouts, and two minutes of rest`);
  const began = await rollOut(stage, measured, 'before', signal);
  const first = await observe(operator, signal);
  const second = await observe(operator, signal);
  log(`creating ${foreign} pods, Services and Deployments that are none of ours`);
  const reader = await readerFromNow(stage.cluster, user);
  const cpuBefore = await readCpuSeconds(operator.pid);
  await createForeign(stage.client, foreign, signal);
  const during = (await readCpuSeconds(operator.pid)) - cpuBefore;
  const third = await observe(operator, signal);
  const { reads, writes } = countRequests(await reader.read());
  log(`and ${ROLLOUTS} rollouts`);
  const after = await rollOut(stage, measured, 'after', signal);
  const looks = [first, second, third] as const;
  const kinds = `${foreign.toLocaleString('en')} foreign pods, Services and Deployments`;
  const details = { looks, cpuSecondsDuring: during, requests: reads + writes, load: load() };
  const names = { memory: `RSS at rest with ${kinds} more`, cpu: `CPU in a minute of rest with ${kinds} more` };
  const note = `${reads + writes} requests meanwhile`;
  return [
    comparison('rss', looks, { name: 'foreign-memory', title: names.memory, note, details }),
    comparison('cpuSeconds', looks, {
      ...{ name: 'foreign-cpu', title: names.cpu },
      note: `${during.toFixed(2)} while they were created`,
    }),
    ...rolloutFigures(kinds, {
      before: began,
      after,
      atRest: [(first.cpuSeconds + second.cpuSeconds) / 2, third.cpuSeconds],
    }),
  ];
}

/** Rollouts one after the other, each from the change of the spec until it waits for a person. */
interface RolledOut {
  /** Of processor time, and how long it took until the operator was at rest. */
  readonly cpuSeconds: number;
  readonly seconds: number;
  /** From the change of the spec to the candidate's Deployment, milliseconds. */
  readonly delays: readonly number[];
  /** Reads, watches apart. */
  readonly reads: number;
  /** Afterwards, megabytes. */
  readonly rss: number;
}

async function rollOut(
  { cluster }: Stage,
  { user, operator, fleet }: Measured,
  version: string,
  signal: AbortSignal,
): Promise<RolledOut> {
  const names = fleet.names.slice(0, ROLLOUTS);
  const rest = (): Promise<void> => waitForRest(cluster, user, { quietMs: QUIET_MS, signal });
  await rest();
  const audit = new AuditReader(cluster.auditLog);
  await audit.read();
  const [startedAt, cpuBefore] = [performance.now(), await readCpuSeconds(operator.pid)];
  const runs: Run[] = [];
  for (const model of names) {
    const sent = await fleet.change(model, { engine: { env: [{ name: 'FOREIGN', value: version }] } });
    runs.push({ model, sent });
    await fleet.phase([model], 'AwaitingPromotion');
    await sleep(GAP_MS, undefined, { signal });
  }
  await rest();
  const cpuSeconds = (await readCpuSeconds(operator.pid)) - cpuBefore;
  const seconds = (performance.now() - startedAt) / 1000;
  const { rss } = await readMemory(operator.pid);
  const entries = await audit.read();
  const delays = changeToCandidate(runs, entries, { orders: BENCH_USER, operator: user });
  // What serves is asked for again: the candidates go.
  for (const model of names) await fleet.change(model, { engine: null });
  await fleet.phase(names, 'Idle');
  await rest();
  const { reads } = countRequests(entries.filter((entry) => entry.user === user));
  return { cpuSeconds, seconds, delays: delays.map(({ milliseconds }) => milliseconds), reads, rss };
}

function rolloutFigures(
  kinds: string,
  {
    before,
    after,
    atRest,
  }: { readonly before: RolledOut; readonly after: RolledOut; readonly atRest: readonly [number, number] },
): Figure[] {
  const cost = ({ cpuSeconds, seconds, delays }: RolledOut, perMinute: number): string =>
    (((cpuSeconds - (perMinute * seconds) / 60) / delays.length) * 1000).toFixed(0);
  const reads = ({ reads: all, delays }: RolledOut): string => (all / delays.length).toFixed(1);
  return [
    {
      name: 'foreign-rollout-cpu',
      title: `CPU of a rollout until its candidate waits for a person, with ${kinds} more, what rest takes apart`,
      limit: '',
      measured: `${cost(after, atRest[1])} ms (${cost(before, atRest[0])} ms before; ${reads(after)} and ${reads(before)} reads; RSS afterwards ${after.rss.toFixed(0)} and ${before.rss.toFixed(0)} MB; n ${after.delays.length})`,
      verdict: 'info',
      details: { before, after, atRest },
    },
    {
      name: 'foreign-rollout-delay',
      title: `Changed spec -> candidate Deployment exists, with ${kinds} more`,
      limit: '',
      measured: `${describe(after.delays)} (${describe(before.delays)} before; n ${after.delays.length})`,
      verdict: 'info',
    },
  ];
}

async function observe({ pid }: OperatorProcess, signal: AbortSignal): Promise<Look> {
  const cpuBefore = await readCpuSeconds(pid);
  await sleep(WINDOW_MS, undefined, { signal });
  const { rss, anonymous } = await readMemory(pid);
  return { rss, anonymous, cpuSeconds: (await readCpuSeconds(pid)) - cpuBefore };
}
