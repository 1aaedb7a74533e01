import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { podNetworkEnv } from '../../demo/pod-network.ts';
import { waitForRest } from '../audit.ts';
import { startBenchCluster, type BenchCluster } from '../bench-cluster.ts';
import { atMost, type BenchContext, type Figure, type Scenario } from '../figure.ts';
import { createModels, waitUntilReady } from '../models.ts';
import { readMetrics, startOperator, type OperatorProcess } from '../operator.ts';
import { compilePreload } from '../preload.ts';
import { readMemory } from '../proc.ts';
import { load } from '../scale/stage.ts';
import { countTimersEnv } from '../soak/count-timers.ts';
import { editAtRandom, SPEC } from '../soak/edits.ts';
import { ERRORS, verdictOfSlope, WIDEST_MB_PER_HOUR } from '../soak/slope.ts';
import { median, trend } from '../statistics.ts';

const OPERATOR = 'soak-operator';
const NAMESPACE = 'default';
const MINUTE_MS = 60_000;
const EDIT_EVERY_MS = 1_000;
const SAMPLE_EVERY_MS = 5_000;
/** Caches, pools and compiled code fill up at first: this part of the time counts for nothing. */
const WARM_UP = 1 / 3;

/** Whether hours of changes leave anything behind. */
export const soak: Scenario = {
  name: 'soak',
  method: `200 models live through 20 minutes (60 by \`make soak\`) in which each second one of them, drawn at random, gets another version, another
number of replicas or another label, loses its Service, or is deleted and created again. Every five seconds the operator's
memory is read from /proc, and its work queue, its handles and its timers (those that hold no process included) are counted. The first third counts for
nothing. *Slope*: of a straight line through RSS; its error allows for values that depend on the one before, and
twice the error may be ${WIDEST_MB_PER_HOUR} MB/h at most, or nothing is known. *Queue, handles, timers*: the median of
the last third of the counted time against that of the first.`,
  run: measure,
};

/** The operator at one moment. */
interface Sample {
  readonly minutes: number;
  readonly rss: number;
  readonly anonymous: number;
  readonly heapUsed: number;
  readonly queue: number;
  /** Sockets, servers and other handles that are open. */
  readonly handles: number;
  readonly timers: number;
}

async function measure(context: BenchContext): Promise<readonly Figure[]> {
  const { signal, log, sizes } = context;
  const { models, minutes } = sizes.soak;
  await using bench = await startBenchCluster('simulated', context, 'dense');
  const { cluster, client, enginePort = 0 } = bench;
  const timersFile = join(cluster.dir, 'timers');
  const preload = (name: string, source: string): Promise<string> =>
    compilePreload(name, new URL(source, import.meta.url), cluster.dir);
  const network = podNetworkEnv(enginePort, await preload('pod-network', '../../demo/pod-network.ts'));
  const env = countTimersEnv(timersFile, network, await preload('count-timers', '../soak/count-timers.ts'));
  const operator = await startOperator({ cluster, user: OPERATOR, env, signal });
  log(`creating ${models} models`);
  await createModels(client, { namespace: NAMESPACE, count: models, spec: SPEC, signal });
  await waitUntilReady(client, NAMESPACE, models, signal);
  await waitForRest(cluster, OPERATOR, { quietMs: 5_000, signal });
  log(`editing for ${minutes} minutes`);
  const over = AbortSignal.any([signal, AbortSignal.timeout(minutes * MINUTE_MS)]);
  const [edits, samples] = await Promise.all([edit(bench, models, over), watch(operator, timersFile, over)]);
  signal.throwIfAborted();
  await operator.stop();
  const settled = samples.filter((sample) => sample.minutes >= minutes * WARM_UP);
  return [slopeFigure(settled, edits, minutes), ...countFigures(settled)];
}

/** Until the signal; returns how many edits of each sort there were. */
async function edit(
  { client }: BenchCluster,
  models: number,
  over: AbortSignal,
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  await every(EDIT_EVERY_MS, over, async () => {
    const name = `model-${String(randomInt(models)).padStart(4, '0')}`;
    const sort = await editAtRandom({ client, namespace: NAMESPACE, name, signal: over });
    counts[sort] = (counts[sort] ?? 0) + 1;
  });
  return counts;
}

async function watch(operator: OperatorProcess, timersFile: string, over: AbortSignal): Promise<Sample[]> {
  const startedAt = performance.now();
  const samples: Sample[] = [];
  await every(SAMPLE_EVERY_MS, over, async () => {
    const metrics = await readMetrics(operator);
    const { rss, anonymous } = await readMemory(operator.pid);
    samples.push({
      minutes: (performance.now() - startedAt) / MINUTE_MS,
      ...{ rss, anonymous },
      heapUsed: metrics.value('nodejs_heap_size_used_bytes') / 1e6,
      queue: metrics.sum('workqueue_depth'),
      handles: metrics.value('nodejs_active_handles_total'),
      timers: Number(await readFile(timersFile, 'utf8')),
    });
  });
  return samples;
}

/** Does something again and again until the signal, which ends it without an error. */
async function every(ms: number, over: AbortSignal, task: () => Promise<void>): Promise<void> {
  try {
    for (;;) {
      const next = sleep(ms, undefined, { signal: over });
      await Promise.all([next, task()]);
    }
  } catch (error) {
    if (!over.aborted) throw error;
  }
}

function slopeFigure(samples: readonly Sample[], edits: Readonly<Record<string, number>>, minutes: number): Figure {
  const times = samples.map((sample) => sample.minutes / 60);
  const of = (key: 'rss' | 'anonymous' | 'heapUsed') =>
    trend(
      times,
      samples.map((sample) => sample[key]),
    );
  const { slope, error } = of('rss');
  const rss = samples.map((sample) => sample.rss);
  const total = Object.values(edits).reduce((sum, count) => sum + count, 0);
  return {
    name: 'soak-memory',
    title: `Slope of RSS in ${minutes} minutes of random edits`,
    limit: `0 within an error of <= ${WIDEST_MB_PER_HOUR} MB/h`,
    measured: `${slope.toFixed(1)} ± ${(ERRORS * error).toFixed(1)} MB/h (${total} edits; ${Math.min(...rss).toFixed(0)} to ${Math.max(...rss).toFixed(0)} MB, median ${median(rss).toFixed(0)})`,
    verdict: verdictOfSlope({ slope, error }),
    details: { slope, error, anonymous: of('anonymous'), heapUsed: of('heapUsed'), edits, samples, load: load() },
  };
}

function countFigures(samples: readonly Sample[]): Figure[] {
  const third = Math.ceil(samples.length / 3);
  const counts = (key: 'queue' | 'handles' | 'timers', title: string, noise: number): Figure => {
    const values = samples.map((sample) => sample[key]);
    const [first, last] = [median(values.slice(0, third)), median(values.slice(-third))];
    return atMost({
      name: `soak-${key}`,
      title: `Growth of ${title} meanwhile`,
      value: last - first,
      limit: noise,
      note: `${first} and ${last}, at most ${Math.max(...values)}`,
    });
  };
  return [counts('queue', 'the work queue', 1), counts('handles', 'open handles', 2), counts('timers', 'timers', 5)];
}
