import type { LatencyMetric } from '../measurements.ts';
import type { LatencyGate } from './gates.ts';

const SHORT: Readonly<Record<LatencyMetric, string>> = {
  TimeToFirstToken: 'TTFT',
  TimePerOutputToken: 'time per output token',
  RequestLatency: 'request latency',
};

/** `TTFT P95`. */
export function shortName({ name, metric }: LatencyGate): string {
  return name.replace(metric, SHORT[metric]);
}

/** A time with three significant digits: `8.31 ms`, `412 ms`, `1.25 s`, `73 s`. */
export function time(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'more than its buckets tell';
  const [value, unit] = seconds < 0.9995 ? [seconds * 1000, 'ms'] : [seconds, 's'];
  return `${digits(value)} ${unit}`;
}

/** A share as a percentage: `1.2 %`. */
export function share(value: number): string {
  return `${digits(value * 100)} %`;
}

/** A ratio as a change: `+38 %`, `-3.1 %`. */
export function change(ratio: number): string {
  const percent = (ratio - 1) * 100;
  return `${percent < 0 ? '-' : '+'}${digits(Math.abs(percent))} %`;
}

/** `1 request`, `12 requests`. */
export function count(number: number, one: string): string {
  return `${number.toLocaleString('en-US')} ${one}${number === 1 ? '' : 's'}`;
}

/** At most three significant digits, without an exponent. */
function digits(value: number): string {
  if (value === 0) return '0';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  const text = value.toFixed(Math.min(decimals, 5));
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Longest message that a status takes. */
const MAX_MESSAGE = 1000;

export function shortened(text: string, max: number = MAX_MESSAGE): string {
  const characters = Array.from(text);
  return characters.length <= max ? text : `${characters.slice(0, max - 1).join('')}…`;
}
