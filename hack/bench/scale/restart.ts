import { waitFor } from '../../cluster/wait.ts';
import { countRequests, readerFromNow, tally, waitForRest } from '../audit.ts';
import { atMost, type BenchContext, type Figure } from '../figure.ts';
import { type Metrics, type OperatorProcess, readMetrics } from '../operator.ts';
import { readMemory } from '../proc.ts';
import { load, readUsage, type Stage } from './stage.ts';

/** Far beyond the limit: how long it took is told. */
const CAUGHT_UP_TIMEOUT_MS = 300_000;
/** Each look makes the operator render its metrics. */
const LOOK_EVERY_MS = 200;

/**
 * Whether an operator that has just begun has had a pass over each of so many models, and neither works on one nor has one that waits.
 * The queue holds all models, each once, before the first pass.
 */
export function isCaughtUp(metrics: Pick<Metrics, 'sum'>, models: number): boolean {
  return (
    metrics.sum('deepseek_operator_reconciles_total') >= models &&
    metrics.sum('workqueue_depth') === 0 &&
    metrics.sum('workqueue_unfinished_work_seconds') === 0
  );
}

/** Starts an operator in the place of one that was told to go, and measures until it has been over every model. */
export async function measureRestart(
  stage: Stage,
  user: string,
  { signal, log, sizes: { scale } }: BenchContext,
): Promise<readonly [OperatorProcess, Figure[]]> {
  log('restarting the operator');
  // Those that the latencies were measured on have been added.
  const count = scale.models + scale.created;
  const reader = await readerFromNow(stage.cluster, user);
  const startedAt = performance.now();
  const operator = await stage.start(user);
  await waitFor(async () => (isCaughtUp(await readMetrics(operator), count) ? true : undefined), {
    what: `an operator that has begun to have been over ${count} models`,
    timeoutMs: CAUGHT_UP_TIMEOUT_MS,
    intervalMs: LOOK_EVERY_MS,
    signal,
  });
  const seconds = (performance.now() - startedAt) / 1000;
  await waitForRest(stage.cluster, user, { quietMs: 10_000, signal });
  const entries = await reader.read();
  const { reads, writes, events } = countRequests(entries);
  const memory = await readMemory(operator.pid);
  const { cpuSeconds, passes } = await readUsage(operator);
  const models = `${count.toLocaleString('en')} Ready models`;
  const figures = [
    atMost({
      name: 'scale-restart',
      title: `Restart with ${models}: process start until each has had its pass`,
      value: seconds,
      limit: 10,
      unit: ' s',
      decimals: 1,
      note: `/readyz after ${operator.readySeconds.toFixed(1)} s; ${reads} reads, ${writes + events} writes, ${entries.length} requests in all; ${passes} passes, ${cpuSeconds.toFixed(1)} s of CPU until it is at rest; RSS then ${memory.rss.toFixed(0)} MB, peak ${memory.peak.toFixed(0)} MB`,
      details: { readySeconds: operator.readySeconds, memory, cpuSeconds, passes, load: load() },
    }),
    atMost({
      name: 'scale-restart-writes',
      title: `Writes after a restart with ${models}, Events included`,
      value: writes + events,
      limit: 0,
      note: `and ${reads} reads`,
      details: { requests: tally(entries) },
    }),
  ];
  return [operator, figures];
}
