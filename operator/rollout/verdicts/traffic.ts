import type { QueryResult, TrafficMeasurements } from '../measurements.ts';
import { requestRate } from './baseline.ts';
import { type Finding, gateVerdict, stageVerdict } from './findings.ts';
import { gateName, latencyGate, type LatencyGate } from './gates.ts';
import { histogramProblem, isWithin, provenBound, quantileBucket, sampleCount, samplesAbove } from './histograms.ts';
import { isProvenAbove, lowerBoundAnytime, upperBound } from './proportions.ts';
import type { Baseline, Gate, StageVerdict } from './types.ts';
import { change, count, share, shortName, time } from './words.ts';

/** What users’ traffic is judged by. */
export interface TrafficJudgement {
  /** Canary: both versions have traffic. Watch: the old one has none left. */
  readonly stage: 'Canary' | 'Watch';
  readonly gates: readonly Gate[];
  /**
   * What the version did since the stage began: always from the same beginning, so that looks at a growing count can be
   * made as often as one likes. A window that slides would void the confidence.
   */
  readonly measurements: TrafficMeasurements;
  /** Watch: what the old version did just before the switch. */
  readonly baseline?: Baseline;
  /** Canary: what the old version did in the same time. */
  readonly base?: TrafficMeasurements;
  /** Answers to the gates on queries, by gate name. */
  readonly queries: ReadonlyMap<string, QueryResult>;
  /** Fewest requests for a Pass. Default: {@link minRequestsOf}. */
  readonly minRequests?: number;
  /** The stage is over: what has too little by now has NoData. */
  readonly final: boolean;
}

/**
 * Chance that a version that keeps all its limits fails in a stage, over all looks and all gates. A watch with a stored
 * baseline has it twice with half of it: see BASELINE_ALPHA.
 */
const STAGE_ALPHA = 0.01;
const WATCH_ALPHA = 0.005;
/** One-sided, of bounds that are only shown. */
const SHOWN_CONFIDENCE = 0.95;
/** Requests that a quantile needs, so that 3 of 100 do not decide about its last percent. */
const MIN_QUANTILE_REQUESTS = 300;
/** A baseline says nothing about a load that is not its own: the rate may differ by this share of it. */
const MAX_RATE_CHANGE = 0.5;
/** Share of failed requests that nobody expects, whatever the gates. */
const BROKEN = 0.5;

interface Context extends TrafficJudgement {
  /** Chance of a false alarm that each limit has. */
  readonly alpha: number;
}

/**
 * What users’ traffic says of a version. Looks may be repeated as often as one likes; only a Fail is final before `final`.
 * A Pass needs `minRequests`; a Fail does not. A measurement that misses pods is never a Pass.
 */
export function judgeTraffic(judgement: TrafficJudgement): StageVerdict {
  const { gates, stage, baseline } = judgement;
  // One more for what is always judged.
  const limits = 1 + gates.reduce((sum, gate) => sum + limitsOf(gate), 0);
  const context = { ...judgement, alpha: (baseline === undefined ? STAGE_ALPHA : WATCH_ALPHA) / limits };
  const broken = gates.some(({ metric }) => metric === 'ErrorRatio') ? undefined : brokenRequests(context);
  return stageVerdict([
    ...(broken === undefined ? [] : [gateVerdict('Requests', stage, [broken])]),
    ...gates.map((gate) => gateVerdict(gateName(gate), stage, judgeGate(gate, context))),
  ]);
}

/** Fewest requests for a Pass: by the rule of three for a ratio (none of 3/p failed: at most p, 95 % confident), 300 for a quantile. */
export function minRequestsOf(gate: Gate): number {
  if (gate.metric === 'Query') return 0;
  if (gate.metric === 'ErrorRatio') return Math.ceil(3 / Number(gate.max) - 1e-6);
  return MIN_QUANTILE_REQUESTS;
}

function limitsOf({ metric, max, maxIncreasePercent }: Gate): number {
  return metric === 'Query' ? 0 : Number(max !== undefined) + Number(maxIncreasePercent !== undefined);
}

function judgeGate(gate: Gate, context: Context): readonly [Finding, ...Finding[]] {
  if (gate.metric === 'Query') return [query(gate, context)];
  const problem = measurementProblem(context.measurements);
  if (problem !== undefined) return [problem];
  const minimum = context.minRequests ?? minRequestsOf(gate);
  const read = latencyGate(gate);
  if (read === undefined) return [complete(errorRatio(gate, minimum, context), context.measurements)];
  const [first, ...rest] = latency(read, minimum, context).map((finding) => complete(finding, context.measurements));
  if (first === undefined) throw new RangeError(`the gate ${read.name} has neither max nor maxIncreasePercent`);
  return [first, ...rest];
}

function measurementProblem({ requests, errors = 0, podsRead, podsFailed }: TrafficMeasurements): Finding | undefined {
  if (podsRead === 0 && requests === 0 && podsFailed[0] !== undefined)
    return { verdict: 'NoData', samples: 0, message: `No metrics could be read: ${podsFailed[0].error}` };
  return requests < 0 || errors < 0 || errors > requests
    ? {
        verdict: 'Inconclusive',
        samples: Math.max(0, requests),
        message: `The counters contradict each other: ${errors} of ${count(requests, 'request')} failed`,
      }
    : undefined;
}

/** The pods that cannot be read may be the bad ones. */
function complete(finding: Finding, { podsRead, podsFailed }: TrafficMeasurements): Finding {
  const [missing] = podsFailed;
  if (missing === undefined || finding.verdict !== 'Pass') return finding;
  const all = count(podsRead + podsFailed.length, 'pod');
  const message = `${finding.message}; metrics of ${podsFailed.length} of ${all} cannot be read (${missing.pod}: ${missing.error})`;
  return { ...finding, verdict: 'Inconclusive', message };
}

/** What came of a limit that nothing is proven against: too few requests are NoData in the end, and never a Pass. */
function unless(samples: number, minimum: number, final: boolean, otherwise: Finding): Finding {
  if (samples >= minimum) return otherwise;
  const message = `${samples.toLocaleString('en-US')} of the ${count(minimum, 'request')} that a verdict needs; ${otherwise.message}`;
  return { ...otherwise, verdict: final ? 'NoData' : 'NotRefuted', message };
}

function errorRatio(gate: Gate, minimum: number, context: Context): Finding {
  const { requests, errors } = context.measurements;
  const limit = Number(gate.max);
  if (errors === undefined) {
    return {
      verdict: 'NoData',
      samples: requests,
      limit,
      message:
        'This engine has no counter of failed requests. Use a gate with metric Query on the 5xx answers that your gateway or proxy counts.',
    };
  }
  const ratio = requests === 0 ? 0 : errors / requests;
  const isProven = isProvenAbove(errors, requests, limit, context.alpha);
  const bound = isProven
    ? `at least ${share(lowerBoundAnytime(errors, requests, context.alpha))}, ${confident(context)}`
    : `at most ${share(upperBound(errors, requests, SHOWN_CONFIDENCE))}, 95 % confident`;
  const other = context.base;
  const baseRatio = other?.errors === undefined || other.requests === 0 ? undefined : other.errors / other.requests;
  const against = baseRatio === undefined ? '' : `, ${share(baseRatio)} at the old version`;
  const finding: Finding = {
    verdict: isProven ? 'Fail' : ratio <= limit ? 'Pass' : 'NotRefuted',
    samples: requests,
    ...(requests > 0 && { value: ratio }),
    ...(baseRatio !== undefined && { base: baseRatio }),
    limit,
    message: `${errors.toLocaleString('en-US')} of ${count(requests, 'request')} failed: ${share(ratio)} (${bound})${against}, allowed ${share(limit)}`,
  };
  return isProven ? finding : unless(requests, minimum, context.final, finding);
}

/** Judged without a gate on errors: most requests fail. */
function brokenRequests({ measurements: { requests, errors }, alpha }: Context): Finding | undefined {
  if (errors === undefined || errors > requests || !isProvenAbove(errors, requests, BROKEN, alpha)) return undefined;
  const message = `${errors.toLocaleString('en-US')} of ${count(requests, 'request')} failed`;
  return { verdict: 'Fail', samples: requests, value: errors / requests, limit: BROKEN, message };
}

const MISSING_HISTOGRAM = {
  TimeToFirstToken: 'time to first token (vllm:time_to_first_token_seconds, sglang:…, trtllm_…)',
  TimePerOutputToken:
    'time per output token (vllm:inter_token_latency_seconds, sglang:…, trtllm_time_per_output_token_…)',
  RequestLatency: 'request latency (vllm:e2e_request_latency_seconds, sglang:…, trtllm_…)',
} as const;

function latency(gate: LatencyGate, minimum: number, context: Context): Finding[] {
  const histogram = context.measurements.latencies[gate.metric];
  if (histogram === undefined) {
    const message = `This engine has no histogram of the ${MISSING_HISTOGRAM[gate.metric]}; llama.cpp has none at all. Use a gate with metric Query on what your gateway or proxy measures.`;
    return [{ verdict: 'NoData', samples: 0, message }];
  }
  const problem = histogramProblem(histogram);
  if (problem !== undefined) {
    const message = `The histogram of ${gate.metric} is none: ${problem}`;
    return [{ verdict: 'Inconclusive', samples: 0, message }];
  }
  const findings: Finding[] = [];
  if (gate.max !== undefined)
    findings.push(
      quantileFinding(gate, minimum, context, {
        limit: gate.max,
        alpha: context.alpha,
        allowed: `allowed ${time(gate.max)}`,
      }),
    );
  if (gate.maxRatio !== undefined) {
    const limit = increaseLimit(gate, gate.maxRatio, context);
    const samples = sampleCount(histogram);
    findings.push('verdict' in limit ? { ...limit, samples } : quantileFinding(gate, minimum, context, limit));
  }
  return findings;
}

/** What a quantile is held against. */
interface QuantileLimit {
  /** Seconds that must not be exceeded. */
  readonly limit: number;
  readonly alpha: number;
  /** The same version’s value, where the limit is an increase. */
  readonly base?: number;
  /** For people. */
  readonly allowed: string;
}

/**
 * A quantile out of the buckets of a histogram: the engine only tells how many samples are above a bound. Fail when, with
 * confidence, more samples than the quantile leaves are above the first bound from the limit on. Pass when the
 * whole bucket of the quantile keeps the limit. A limit inside that bucket cannot be decided.
 */
function quantileFinding(
  gate: LatencyGate,
  minimum: number,
  context: Context,
  { limit, alpha, base, allowed }: QuantileLimit,
): Finding {
  const histogram = context.measurements.latencies[gate.metric] ?? { bounds: [], cumulative: [] };
  const samples = sampleCount(histogram);
  const common = { samples, limit, ...(base !== undefined && { base }) };
  if (samples === 0) {
    const empty: Finding = {
      ...common,
      verdict: 'NotRefuted',
      message: `${shortName(gate)}: no request yet, ${allowed}`,
    };
    return unless(0, Math.max(1, minimum), context.final, empty);
  }
  const left = 1 - gate.quantile;
  const slow = samplesAbove(histogram, limit);
  const { above, upTo, estimate } = quantileBucket(histogram, gate.quantile);
  const said = `${shortName(gate)} about ${time(estimate)} (between ${time(above)} and ${time(upTo)}), ${allowed}`;
  if (isProvenAbove(slow.samples, samples, left, alpha)) {
    const atLeast = share(lowerBoundAnytime(slow.samples, samples, alpha));
    return {
      ...common,
      verdict: 'Fail',
      value: estimate,
      message: `${said}: ${slow.samples.toLocaleString('en-US')} of ${count(samples, 'request')} took longer than ${time(slow.edge)}, at least ${atLeast} (${confident(context)}), where ${share(left)} may`,
    };
  }
  const verdict = isWithin(upTo, limit) ? 'Pass' : isWithin(limit, above) ? 'NotRefuted' : 'Inconclusive';
  const hint = verdict === 'Inconclusive' ? `; the limit lies inside the engine’s bucket, which cannot decide it` : '';
  const message = `${said}, ${count(samples, 'request')}${hint}`;
  return unless(samples, minimum, context.final, { ...common, verdict, value: estimate, message });
}

/** The limit that an increase gives, or why there is none to hold the version against. */
function increaseLimit(
  gate: LatencyGate,
  maxRatio: number,
  context: Context,
): QuantileLimit | Omit<Finding, 'samples'> {
  return context.stage === 'Canary' ? sameTimeLimit(gate, maxRatio, context) : baselineLimit(gate, maxRatio, context);
}

function limitFrom(base: number, maxRatio: number, alpha: number, where: string): QuantileLimit {
  const limit = base * maxRatio;
  return {
    limit,
    alpha,
    base,
    allowed: `allowed ${time(limit)} (${change(maxRatio)} of at most ${time(base)} ${where})`,
  };
}

/** In a canary both versions are measured: each has half of the chance to be wrong. */
function sameTimeLimit(
  gate: LatencyGate,
  maxRatio: number,
  context: Context,
): QuantileLimit | Omit<Finding, 'samples'> {
  const histogram = context.base?.latencies[gate.metric];
  const problem = histogram === undefined ? 'it has no histogram of it' : histogramProblem(histogram);
  if (histogram === undefined || problem !== undefined)
    return { verdict: 'NoData', message: `The old version cannot be compared with: ${problem ?? ''}` };
  const alpha = context.alpha / 2;
  const base = provenBound(histogram, (below, total) => isProvenAbove(below, total, gate.quantile, alpha));
  if (base !== undefined) return limitFrom(base, maxRatio, alpha, 'at the old version');
  return {
    verdict: context.final ? 'NoData' : 'NotRefuted',
    message: `${count(sampleCount(histogram), 'request')} at the old version are too few, or too slow for its buckets, to compare ${shortName(gate)} with`,
  };
}

function baselineLimit(
  gate: LatencyGate,
  maxRatio: number,
  context: Context,
): QuantileLimit | Omit<Finding, 'samples'> {
  const { baseline, measurements, final } = context;
  const base = baseline?.values[gate.name];
  if (baseline === undefined || base === undefined) {
    const why = baseline === undefined ? 'was not measured' : 'had too few requests, or was too slow for its buckets,';
    return { verdict: 'NoData', message: `The increase is not judged: the old version ${why} just before the switch` };
  }
  const rate = requestRate(measurements);
  const before = baseline.requestsPerSecond;
  if (Math.abs(rate - before) <= MAX_RATE_CHANGE * before)
    return limitFrom(base, maxRatio, context.alpha, 'before the switch');
  const message = `The increase is not judged: ${perSecond(rate)} now are not comparable with ${perSecond(before)} before the switch (more than 50 % apart)`;
  return { verdict: final ? 'NoData' : 'NotRefuted', message };
}

/** One number of the user’s own; what it rests on, the query decides. */
function query(gate: Gate, { queries, measurements, final }: Context): Finding {
  const result = queries.get(gateName(gate));
  const limit = Number(gate.max);
  const nothing = (message: string): Finding => ({
    verdict: final ? 'NoData' : 'NotRefuted',
    samples: 0,
    limit,
    message,
  });
  if (result === undefined) return nothing('The query has not been asked');
  if (result.kind !== 'Value') return nothing(`The query gave no number: ${result.message}`);
  if (result.at < measurements.from) return nothing('The query’s last sample is from before the version had traffic');
  const { value } = result;
  if (!Number.isFinite(value)) return nothing(`The query gave ${value}`);
  const verdict = value > limit ? 'Fail' : 'Pass';
  return {
    verdict,
    samples: 1,
    value,
    limit,
    message: `${value} ${verdict === 'Fail' ? 'exceeds' : 'keeps'} the limit of ${limit}`,
  };
}

function confident({ alpha }: Context): string {
  return `${(100 * (1 - alpha)).toFixed(1).replace('.0', '')} % confident over all looks`;
}

function perSecond(rate: number): string {
  return `${rate >= 10 ? rate.toFixed(0) : Number(rate.toPrecision(2))} requests/s`;
}
