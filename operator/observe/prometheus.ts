import type { QueryResult } from '../rollout/measurements.ts';
import type { Clock } from './clock.ts';
import { BoundedHttp } from './http.ts';
import { oneLine } from './words.ts';

export interface PrometheusOptions {
  /** Where its API is, with the prefix of a path if it has one: `http://prometheus.monitoring:9090`. */
  readonly url: string;
  /** Asked for with each query: tokens of ServiceAccounts are replaced every hour. */
  readonly bearerToken?: () => Promise<string>;
  /** For a whole query, milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  readonly clock: Clock;
}

const TIMEOUT_MS = 10_000;
/** An answer of one series is some hundred bytes. */
const MAX_BYTES = 2 ** 20;
/**
 * Samples that are older are none: two scrape intervals of a minute, Prometheus' default. It is told so (lookback_delta,
 * else five minutes), because the instant in an instant query's answer is that of the evaluation.
 */
export const MAX_SAMPLE_AGE_MS = 120_000;

/** PromQL, one number at a time. */
export class PrometheusClient {
  readonly #options: PrometheusOptions;
  readonly #origin: string;
  readonly #path: string;
  readonly #http: BoundedHttp;

  /** @throws TypeError when `url` is none. */
  constructor(options: PrometheusOptions) {
    const url = new URL(options.url);
    if (!/^https?:$/.test(url.protocol)) throw new TypeError(`${oneLine(options.url)} is no address of HTTP`);
    this.#options = options;
    this.#origin = url.origin;
    this.#path = `${url.pathname.replace(/\/+$/, '')}/api/v1/query`;
    this.#http = new BoundedHttp(options.clock);
  }

  /**
   * The one number that a query yields now. What goes wrong with Prometheus is a result.
   *
   * @throws the signal's reason when it aborts.
   */
  async query(promql: string, signal: AbortSignal): Promise<QueryResult> {
    const { clock, timeoutMs = TIMEOUT_MS } = this.#options;
    const askedAt = clock.now();
    let token: string | undefined;
    try {
      token = (await this.#options.bearerToken?.())?.trim();
    } catch (error) {
      return failure(`Prometheus: its token cannot be read: ${oneLine((error as Error).message)}`);
    }
    const parameters = new URLSearchParams({
      query: promql,
      timeout: `${Math.ceil(timeoutMs / 1000)}s`,
      lookback_delta: `${MAX_SAMPLE_AGE_MS / 1000}s`,
    });
    const chunks: Buffer[] = [];
    const request = {
      method: 'POST',
      origin: this.#origin,
      path: this.#path,
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: parameters.toString(),
      limitMs: timeoutMs,
      maxBytes: MAX_BYTES,
      ...(token && { secret: token }),
    } as const;
    const collect = (chunk: Buffer): boolean => {
      chunks.push(chunk);
      return false;
    };
    const outcome = await this.#http.send(request, collect, signal);
    if (!outcome.ok) return failure(`Prometheus: ${outcome.error}`);
    return parseAnswer(Buffer.concat(chunks).toString('utf8'), askedAt, clock.now());
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.#http.close();
  }
}

/**
 * Puts a revision into a query, wherever it says `{{revision}}`.
 *
 * @throws RangeError for what is no name of a revision: it could end a string of PromQL.
 */
export function renderQuery(template: string, revision: string): string {
  if (!/^[a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?$/.test(revision)) {
    throw new RangeError(`"${oneLine(revision)}" is no name of a revision`);
  }
  return template.replaceAll('{{revision}}', revision);
}

function parseAnswer(text: string, askedAt: number, now: number): QueryResult {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return failure('Prometheus: the answer is not JSON; is this its address?');
  }
  const data = member(answer, 'data');
  if (member(answer, 'status') !== 'success' || data === undefined)
    return failure('Prometheus: the answer is none of its API; is this its address?');
  const [type, result] = [member(data, 'resultType'), member(data, 'result')];
  if (type === 'scalar') return parseValue(result, askedAt, now);
  if (type !== 'vector' || !Array.isArray(result)) {
    const what = typeof type === 'string' ? oneLine(type, undefined, 40) : 'nothing that is known';
    return failure(
      `the query yields ${what}: it has to yield one number (an instant vector of one series, or a scalar)`,
    );
  }
  if (result.length === 0) return noData('the query yields no series');
  if (result.length > 1) {
    return failure(`the query yields ${result.length} series: it has to yield one, for example with sum(...)`);
  }
  const value = member(result[0], 'value');
  return value === undefined
    ? failure('the query yields a histogram: it has to yield one number')
    : parseValue(value, askedAt, now);
}

function parseValue(sample: unknown, askedAt: number, now: number): QueryResult {
  const [seconds, text] = Array.isArray(sample) ? (sample as readonly unknown[]) : [];
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || typeof text !== 'string' || text.trim() === '') {
    return failure('Prometheus: the answer has no sample where its API has one');
  }
  const value = Number(text);
  if (!Number.isFinite(value)) return noData(`the query yields ${oneLine(text, undefined, 40)}, no number`);
  const at = Math.round(seconds * 1000);
  const age = now - at;
  if (age > MAX_SAMPLE_AGE_MS) {
    const limit = MAX_SAMPLE_AGE_MS / 1000;
    return noData(
      `the answer is ${Math.round(age / 1000)} s old, more than ${limit} s: does a cache stand before Prometheus?`,
    );
  }
  if (-age > MAX_SAMPLE_AGE_MS) return noData('the answer is of a time to come: are the clocks set?');
  // Prometheus' clock may be ahead of ours: what was asked before a version had traffic says nothing of its traffic.
  return { kind: 'Value', value, at: Math.min(at, askedAt) };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function failure(message: string): QueryResult {
  return { kind: 'Error', message };
}

function noData(message: string): QueryResult {
  return { kind: 'NoData', message };
}
