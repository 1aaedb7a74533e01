import type { EngineType } from '../api/index.ts';
import type { CanonicalMetric } from '../catalog/index.ts';
import { metricNames } from '../engines/index.ts';
import type { Histogram, LatencyMetric } from '../rollout/measurements.ts';
import type { EngineEndpoint } from './endpoint.ts';
import { parseSample, type Sample, sampleName } from './exposition.ts';
import { histogramOf } from './histogram.ts';
import { LineReader, LineTooLong } from './lines.ts';

/** What an engine has counted since its process began, over all of its series. */
export interface EngineMetrics {
  /** Requests that ended; 0 for an engine that does not count them (llama.cpp). */
  readonly requests: number;
  /** Those of them that failed in the engine; undefined when it does not count them. */
  readonly errors: number | undefined;
  readonly latencies: Readonly<Partial<Record<LatencyMetric, Histogram>>>;
  /** Now; undefined when it does not say. */
  readonly running: number | undefined;
  readonly waiting: number | undefined;
  /** Rises with everything that the engine does for a request: tells an idle engine from one between two requests. */
  readonly activity: number;
}

export type MetricsResult =
  { readonly ok: true; readonly metrics: EngineMetrics } | { readonly ok: false; readonly error: string };

/** Reads a scrape as it comes in. */
export interface ScrapeReader {
  /** Takes a part of the body; true when no more is wanted, because it is garbage. */
  push(chunk: Uint8Array): boolean;
  result(): MetricsResult;
}

type Engine = EngineEndpoint['engine'];
type Names = Readonly<Partial<Record<CanonicalMetric, string>>>;

const MAX_LINE_CHARACTERS = 64 * 1024;
const MAX_LINES = 200_000;
/** Series that are kept: those of interest are some hundred. */
const MAX_SAMPLES = 20_000;

/** What of an engine’s failed requests is its own failure. */
const ENGINE_FAILED: Readonly<Record<EngineType, (labels: Sample['labels']) => boolean>> = {
  // http_requests_total counts all routes, in groups of statuses.
  vLLM: ({ status = '', handler = '/v1/' }) => status.startsWith('5') && handler.startsWith('/v1/'),
  // Aborted requests, without why: clients that left are among them.
  SGLang: () => true,
  'TensorRT-LLM': ({ http_code = '5' }) => http_code.startsWith('5'),
  'llama.cpp': () => true,
};

const LATENCIES: readonly (readonly [LatencyMetric, readonly CanonicalMetric[]])[] = [
  ['TimeToFirstToken', ['timeToFirstToken']],
  // One sample per request where the engine has it, as a prompt of ours is one; else one per token.
  ['TimePerOutputToken', ['timePerOutputToken', 'interTokenLatency']],
  ['RequestLatency', ['requestLatency']],
];

/** A reader for the metrics of this engine, under the names that this version of it has. */
export function scrapeReader(engine: Engine): ScrapeReader {
  const names = metricNames(engine);
  const wanted = new Set(Object.values(names).flatMap((name) => [name, `${name}_bucket`]));
  const lines = new LineReader(MAX_LINE_CHARACTERS);
  const samples: Sample[] = [];
  let count = 0;
  let error: string | undefined;
  const take = (line: string): void => {
    if (!wanted.has(sampleName(line) ?? '')) return;
    const sample = parseSample(line);
    // Counters and gauges of requests are never negative, NaN says nothing, and beyond this no rise of 1 could be seen.
    if (sample !== undefined && sample.value >= 0 && sample.value <= Number.MAX_SAFE_INTEGER) samples.push(sample);
  };
  return {
    push: (chunk) => {
      try {
        const complete = lines.push(chunk);
        count += complete.length;
        complete.forEach(take);
      } catch (thrown) {
        if (!(thrown instanceof LineTooLong)) throw thrown;
        error = thrown.message;
      }
      if (count > MAX_LINES) error = `the metrics have more than ${MAX_LINES} lines`;
      if (samples.length > MAX_SAMPLES) error = `more than ${MAX_SAMPLES} series have names of this engine`;
      return error !== undefined;
    },
    result: () => {
      take(lines.end());
      if (error !== undefined) return { ok: false, error };
      if (samples.length > 0) return { ok: true, metrics: read(samples, engine.type, names) };
      return { ok: false, error: `the answer has no metric of ${engine.type} ${engine.version}` };
    },
  };
}

function read(samples: readonly Sample[], type: EngineType, names: Names): EngineMetrics {
  const ofSignal = (signal: CanonicalMetric, suffix = ''): readonly Sample[] => {
    const name = names[signal];
    return name === undefined ? [] : samples.filter((sample) => sample.name === name + suffix);
  };
  const gauge = (signal: CanonicalMetric): number | undefined => {
    const found = ofSignal(signal);
    return found.length === 0 ? undefined : sum(found);
  };
  const { requests, errors } = requestCounts(
    ofSignal('requestsSucceeded'),
    names.requestsFailed === undefined ? undefined : ofSignal('requestsFailed'),
    type,
  );
  const latencies = LATENCIES.flatMap(([latency, signals]) => {
    const signal = signals.find((candidate) => names[candidate] !== undefined);
    const histogram = signal && histogramOf(buckets(ofSignal(signal, '_bucket')));
    return histogram === undefined ? [] : [[latency, histogram] as const];
  });
  return {
    requests,
    errors,
    latencies: Object.fromEntries(latencies),
    running: gauge('requestsRunning'),
    waiting: gauge('requestsWaiting'),
    activity: requests + sum(ofSignal('promptTokens')) + sum(ofSignal('generationTokens')),
  };
}

/**
 * vLLM counts what ended by its reason, an error among them, and apart from it what HTTP answered: a request that failed
 * may be in either or in both. The others count a request as ended or as failed.
 */
function requestCounts(
  ended: readonly Sample[],
  failed: readonly Sample[] | undefined,
  type: EngineType,
): Pick<EngineMetrics, 'requests' | 'errors'> {
  const endedInError = sum(ended.filter(({ labels }) => labels['finished_reason'] === 'error'));
  if (failed === undefined) return { requests: sum(ended), errors: undefined };
  const failures = sum(failed.filter(({ labels }) => ENGINE_FAILED[type](labels)));
  const errors = Math.max(failures, endedInError);
  return { requests: sum(ended) - endedInError + errors, errors };
}

function buckets(samples: readonly Sample[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { labels, value } of samples) {
    const bound = labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le'] ?? Number.NaN);
    if (!Number.isNaN(bound)) counts.set(bound, (counts.get(bound) ?? 0) + value);
  }
  return counts;
}

function sum(samples: readonly Sample[]): number {
  return samples.reduce((total, { value }) => total + value, 0);
}
