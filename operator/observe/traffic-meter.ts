import type { Histogram, LatencyMetric, TrafficMeasurements } from '../rollout/measurements.ts';
import { inParallel } from './in-parallel.ts';
import type { EngineEndpoint } from './endpoint.ts';
import { addHistograms, subtractHistograms } from './histogram.ts';
import type { EngineMetrics, MetricsResult } from './metrics.ts';

export interface TrafficMeterOptions {
  readonly client: { scrape(endpoint: EngineEndpoint, signal: AbortSignal): Promise<MetricsResult> };
  readonly clock: { /** Wall clock, milliseconds since the epoch. */ now(): number };
  /** Pods that are asked at once. Default 16. */
  readonly maxParallel?: number;
}

type Latencies = Partial<Record<LatencyMetric, Histogram>>;
/** What was counted between two readings. */
type Counted = Pick<EngineMetrics, 'requests' | 'errors' | 'latencies' | 'activity'>;

const NOTHING: Counted = { requests: 0, errors: undefined, latencies: {}, activity: 0 };
/** How far apart readings may be for what lies between them to count as watched: some of the usual five seconds. */
const WATCHED_MS = 30_000;
const LATENCY_METRICS: readonly LatencyMetric[] = ['TimeToFirstToken', 'TimePerOutputToken', 'RequestLatency'];

/**
 * What the traffic does at the pods of one revision: it adds up what their counters rise by from reading to reading,
 * whichever pods come, go, restart or cannot be read in between. Requests of our own (warm-up, prompts of a proof) are
 * counted like others. One reading at a time.
 */
export class TrafficMeter {
  readonly #options: TrafficMeterOptions;
  /** By pod, as it was read last. Pods that are gone are kept: one that was only unready comes back. */
  readonly #last = new Map<string, { readonly container: string | undefined; readonly metrics: EngineMetrics }>();
  #total: Counted = NOTHING;
  #from: number | undefined;
  #readAt: number | undefined;
  #idleSince: number | undefined;
  #stalledSince: number | undefined;

  constructor(options: TrafficMeterOptions) {
    this.#options = options;
  }

  /** What is measured from now on counts from the last reading, and not what came before. */
  startWindow(): void {
    this.#total = NOTHING;
    this.#from = this.#readAt;
  }

  /**
   * Reads all pods, and gives what has been measured since the window began. What a pod had counted before it was first
   * read is nobody's: the first reading of a window of a new meter has no requests.
   *
   * @throws the signal's reason when it aborts; nothing of that reading is kept then.
   */
  async read(endpoints: readonly EngineEndpoint[], signal: AbortSignal): Promise<TrafficMeasurements> {
    const { client, clock, maxParallel = 16 } = this.#options;
    const results = await inParallel(endpoints, maxParallel, (endpoint) => client.scrape(endpoint, signal));
    signal.throwIfAborted();
    const to = clock.now();
    const before = this.#readAt;
    this.#from ??= to;
    this.#readAt = to;

    const podsFailed: { pod: string; error: string }[] = [];
    const metrics: EngineMetrics[] = [];
    let counted = NOTHING;
    results.forEach((result, index) => {
      const { pod = '', container } = endpoints[index] ?? {};
      if (result.ok) {
        metrics.push(result.metrics);
        const last = this.#last.get(pod);
        const anew = last?.container !== undefined && container !== undefined && last.container !== container;
        counted = add(counted, anew ? result.metrics : difference(result.metrics, last?.metrics));
        this.#last.set(pod, { container, metrics: result.metrics });
      } else podsFailed.push({ pod, error: result.error });
    });
    this.#total = add(this.#total, counted);

    const idle = podsFailed.length === 0 && metrics.every(({ running, waiting }) => running === 0 && waiting === 0);
    // What ran between two readings is in no gauge: the counters tell.
    if (!idle || counted.activity > 0) this.#idleSince = undefined;
    if (idle) this.#idleSince ??= to;
    const running = metrics.reduce((sum, { running: now = 0 }) => sum + now, 0);
    // vLLM counts tokens as it makes them; the others do at the end of a request, which may be minutes away.
    const counts = endpoints.every(({ engine }) => engine.type === 'vLLM') && podsFailed.length === 0;
    const stalled = running > 0 && counted.activity === 0 && before !== undefined && counts;
    // What nobody watched is no evidence: an operator that stood still saw neither tokens nor that there were none.
    const watched = before !== undefined && to - before <= WATCHED_MS;
    this.#stalledSince = stalled ? (watched ? (this.#stalledSince ?? before) : to) : undefined;

    return {
      from: this.#from,
      to,
      requests: this.#total.requests,
      errors: this.#total.errors,
      latencies: this.#total.latencies,
      podsRead: metrics.length,
      podsFailed,
      running,
      waiting: metrics.reduce((sum, { waiting = 0 }) => sum + waiting, 0),
      ...(this.#idleSince !== undefined && { idleSince: this.#idleSince }),
      ...(this.#stalledSince !== undefined && { stalledSince: this.#stalledSince }),
    };
  }
}

/**
 * What was counted since `before`; all of it when a counter fell, because the process began anew (as PromQL's increase).
 * One that has counted as much again meanwhile is known by its container alone.
 */
function difference(now: EngineMetrics, before: EngineMetrics | undefined): Counted {
  if (before === undefined) return { ...NOTHING, errors: now.errors === undefined ? undefined : 0 };
  const latencies: Latencies = {};
  let restarted =
    now.requests < before.requests || (now.errors ?? 0) < (before.errors ?? 0) || now.activity < before.activity;
  for (const metric of LATENCY_METRICS) {
    const later = now.latencies[metric];
    if (later === undefined) continue;
    const earlier = before.latencies[metric];
    const rise = earlier === undefined ? later : subtractHistograms(later, earlier);
    if (rise === undefined) restarted = true;
    else latencies[metric] = rise;
  }
  if (restarted) return now;
  return {
    requests: now.requests - before.requests,
    errors: now.errors === undefined ? undefined : now.errors - (before.errors ?? 0),
    latencies,
    activity: now.activity - before.activity,
  };
}

function add(a: Counted, b: Counted): Counted {
  const latencies: Latencies = {};
  for (const metric of LATENCY_METRICS) {
    const [left, right] = [a.latencies[metric], b.latencies[metric]];
    const both = left && right ? addHistograms(left, right) : (left ?? right);
    if (both !== undefined) latencies[metric] = both;
  }
  const errors = a.errors === undefined && b.errors === undefined ? undefined : (a.errors ?? 0) + (b.errors ?? 0);
  return { requests: a.requests + b.requests, errors, latencies, activity: a.activity + b.activity };
}
