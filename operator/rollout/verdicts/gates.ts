import type { LatencyMetric, PromptSample } from '../measurements.ts';
import type { Gate } from './types.ts';

/** A gate on a latency, read. */
export interface LatencyGate {
  readonly name: string;
  readonly metric: LatencyMetric;
  /** 0 to 1. */
  readonly quantile: number;
  /** Seconds. */
  readonly max?: number;
  /** Highest ratio to the other version: 1.2 for an increase of 20 %. */
  readonly maxRatio?: number;
}

/** `TimeToFirstToken P95`, `ErrorRatio`, or the name of a query: unique enough for people, and the key of a baseline. */
export function gateName(gate: Gate): string {
  if (gate.metric === 'Query') return gate.name ?? gate.metric;
  return gate.quantile === undefined ? gate.metric : `${gate.metric} ${percentile(gate.quantile)}`;
}

/** A gate as one on a latency; undefined when it is about something else. */
export function latencyGate(gate: Gate): LatencyGate | undefined {
  const { metric, quantile, max, maxIncreasePercent } = gate;
  if (metric === 'ErrorRatio' || metric === 'Query' || quantile === undefined) return undefined;
  return {
    name: gateName(gate),
    metric,
    quantile: Number(quantile),
    ...(max !== undefined && { max: Number(max) }),
    ...(maxIncreasePercent !== undefined && { maxRatio: 1 + maxIncreasePercent / 100 }),
  };
}

/** The latency of a prompt in seconds; undefined when it has none: it failed, or had too few tokens. */
export function latencyOf(sample: PromptSample, metric: LatencyMetric): number | undefined {
  const seconds = {
    TimeToFirstToken: 'timeToFirstToken',
    TimePerOutputToken: 'timePerOutputToken',
    RequestLatency: 'requestLatency',
  } as const;
  const value = sample[seconds[metric]];
  return sample.ok && value > 0 && Number.isFinite(value) ? value : undefined;
}

/** `P95` of "0.95", `P99.9` of "0.999". */
function percentile(quantile: string): string {
  const digits = quantile.replace(/^0?\./, '').replace(/0+$/, '').padEnd(2, '0');
  const rest = digits.slice(2);
  return `P${Number(digits.slice(0, 2))}${rest === '' ? '' : `.${rest}`}`;
}
