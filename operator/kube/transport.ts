import type { Dispatcher } from 'undici';
import { exponentialDelay } from './backoff.ts';
import { Connections, type ConnectionPool } from './connections.ts';
import type { Credentials } from './credentials.ts';
import {
  ApiError,
  isServerError,
  isTooManyRequests,
  isTransportError,
  KubeError,
  TimeoutError,
  TransportError,
} from './errors.ts';
import { limitSignal, type LimitedSignal } from './limited-signal.ts';
import type { ServerTime } from './server-clock.ts';
import type { Clock } from './types.ts';

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The API's verb: get, list, watch, create, apply, patch, update, delete. */
  readonly verb: string;
  /** Path and query, encoded. */
  readonly path: string;
  readonly body?: object;
  readonly contentType?: string;
  /** The form of the answer. Default: the whole object as JSON. */
  readonly accept?: string;
  /** Sent again after 429, 5xx and connection errors. True only for idempotent requests: what they did is then unknown. */
  readonly retry: boolean;
  /** Called right before the request is sent, each time; throws when it must not be sent any more. */
  readonly fence?: () => void;
  /** How long it may take with all its attempts, milliseconds, where that is less than any call may. */
  readonly limitMs?: number | undefined;
  readonly signal: AbortSignal;
}

/** One HTTP exchange, for client-go's metrics (rest_client_requests_total, rest_client_request_duration_seconds). */
export interface RequestSample {
  readonly method: string;
  readonly verb: string;
  /** HTTP status, or `<error>` when there was no answer. */
  readonly code: string;
  readonly host: string;
  /** From sending until the answer's headers. */
  readonly seconds: number;
}

export interface TransportOptions {
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** Uniform in [0, 1). Default: Math.random. */
  readonly random?: () => number;
  readonly userAgent?: string;
  readonly onRequest?: (sample: RequestSample) => void;
  /** Called with the time of every answer that has a Date header. Must not throw. */
  readonly onServerTime?: (time: ServerTime) => void;
  /** How often an idempotent request is sent at most. Default 5. */
  readonly maxAttempts?: number;
  /** How long a call may take with all its attempts, milliseconds. Default 60,000. */
  readonly callTimeoutMs?: number;
}

interface Exchange {
  readonly response: Dispatcher.ResponseData;
  readonly pool: ConnectionPool;
}

const RETRY_BASE_MS = 100;
const RETRY_MAX_MS = 5_000;

/** Error codes of Node's TLS that a rotated CA or client certificate explains. */
const TLS_FAILURE = /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)/;

/** HTTP to one API server: pooled connections, credentials that rotate, bounded retries, errors of one family. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #connections: Connections;
  readonly #origin: string;
  readonly #basePath: string;
  readonly #host: string;
  readonly #random: () => number;

  constructor(options: TransportOptions) {
    const server = new URL(options.credentials.server);
    this.#options = options;
    this.#connections = new Connections(options.credentials);
    this.#origin = server.origin;
    this.#basePath = server.pathname.replace(/\/$/, '');
    this.#host = server.host;
    this.#random = options.random ?? Math.random;
  }

  /**
   * The parsed JSON answer. Idempotent requests are sent again after 429, 5xx and connection errors, with exponential
   * backoff and jitter, or after exactly what Retry-After asks for; never beyond the call's own limit.
   */
  async call<T>(request: KubeRequest): Promise<T> {
    const { clock, maxAttempts = 5, callTimeoutMs = 60_000 } = this.#options;
    const limitMs = Math.min(request.limitMs ?? callTimeoutMs, callTimeoutMs);
    const deadline = clock.monotonic() + limitMs;
    const limit = limitSignal(request.signal, clock, limitMs, () => {
      return new TimeoutError(`${request.verb} ${request.path} took longer than ${limitMs} ms`);
    });
    try {
      for (let attempt = 1; ; attempt += 1) {
        const startedAt = clock.monotonic();
        try {
          return await this.#attempt<T>(request, limit.signal);
        } catch (error) {
          const delayMs = this.#retryDelay(request, error, attempt);
          // The next one takes as long as this one: cut short, it would say less than what the server has said now.
          const tookMs = clock.monotonic() - startedAt;
          const mayRetry = attempt < maxAttempts && clock.monotonic() + delayMs + tookMs < deadline;
          if (!mayRetry || limit.signal.aborted) throw error;
          await clock.sleep(delayMs, limit.signal);
        }
      }
    } finally {
      limit.release();
    }
  }

  /**
   * An answer without an end (a watch), as raw bytes. It is not retried. After `limitMs` it fails with a TimeoutError and
   * its connections are given up: the server had promised to end it before. It also fails when certificates rotate.
   */
  async stream(request: KubeRequest, limitMs: number): Promise<AsyncIterable<Uint8Array>> {
    const limit = limitSignal(request.signal, this.#options.clock, limitMs, () => {
      return new TimeoutError(
        `${request.verb} ${request.path} did not end within ${limitMs} ms: the connection is dead`,
      );
    });
    try {
      const { response, pool } = await this.#authenticated(request, limit.signal, { bodyTimeout: 0 });
      if (response.statusCode >= 300) throw await toApiError(response);
      return this.#bytes(response, pool, limit);
    } catch (error) {
      limit.release();
      throw error;
    }
  }

  /** Ends all connections and everything under way on them. */
  async close(): Promise<void> {
    await this.#connections.destroy();
  }

  async #attempt<T>(request: KubeRequest, signal: AbortSignal): Promise<T> {
    const { response, pool } = await this.#authenticated(request, signal, {});
    try {
      if (response.statusCode >= 300) throw await toApiError(response);
      return (await response.body.json()) as T;
    } catch (error) {
      throw this.#explain(error, request, signal, pool);
    }
  }

  /** Sends once more after a 401, with credentials read afresh: a token may have rotated under us. */
  async #authenticated(
    request: KubeRequest,
    signal: AbortSignal,
    options: { readonly bodyTimeout?: number },
  ): Promise<Exchange> {
    const first = await this.#send(request, signal, options);
    if (first.response.statusCode !== 401) return first;
    await first.response.body.dump();
    this.#options.credentials.invalidate();
    return this.#send(request, signal, options);
  }

  async #send(
    request: KubeRequest,
    signal: AbortSignal,
    options: { readonly bodyTimeout?: number },
  ): Promise<Exchange> {
    const { clock, credentials, onRequest, onServerTime, userAgent = 'kube-client' } = this.#options;
    signal.throwIfAborted();
    const headers: Record<string, string> = {
      accept: request.accept ?? 'application/json',
      'user-agent': userAgent,
      ...(request.body && { 'content-type': request.contentType ?? 'application/json' }),
      ...(await credentials.headers()),
    };
    const body = request.body === undefined ? null : JSON.stringify(request.body);
    const pool = await this.#connections.current();
    request.fence?.();
    const startedAt = clock.monotonic();
    const sample = (code: string): void => {
      const seconds = (clock.monotonic() - startedAt) / 1000;
      onRequest?.({ method: request.method, verb: request.verb, code, host: this.#host, seconds });
    };
    try {
      const response = await pool.dispatcher.request({
        origin: this.#origin,
        path: this.#basePath + request.path,
        method: request.method,
        headers,
        body,
        signal,
        ...options,
      });
      sample(String(response.statusCode));
      const { date } = response.headers;
      if (typeof date === 'string') onServerTime?.({ date, sentAt: startedAt, receivedAt: clock.monotonic() });
      return { response, pool };
    } catch (error) {
      sample('<error>');
      throw this.#explain(error, request, signal, pool);
    }
  }

  async *#bytes(
    response: Dispatcher.ResponseData,
    pool: ConnectionPool,
    limit: LimitedSignal,
  ): AsyncGenerator<Uint8Array> {
    const moved = pool.moved.signal;
    const end = (reason: Error): void => void response.body.destroy(reason);
    const onMoved = (): void => end(new TransportError('the connection was given up: certificates have changed'));
    const onLimit = (): void => {
      if (limit.expired) this.#connections.suspect(pool);
      end(limit.signal.reason as Error);
    };
    moved.addEventListener('abort', onMoved, { once: true });
    limit.signal.addEventListener('abort', onLimit, { once: true });
    // The certificates may have changed while the request was on its way.
    if (moved.aborted) onMoved();
    try {
      for await (const chunk of response.body) yield chunk as Uint8Array;
    } catch (error) {
      if (limit.signal.aborted) throw limit.signal.reason;
      throw error instanceof KubeError ? error : new TransportError('the stream was cut', { cause: error });
    } finally {
      moved.removeEventListener('abort', onMoved);
      limit.signal.removeEventListener('abort', onLimit);
      limit.release();
      response.body.destroy();
    }
  }

  /** Milliseconds until the next attempt; Infinity when there must be none. */
  #retryDelay(request: KubeRequest, error: unknown, attempt: number): number {
    if (!request.retry) return Number.POSITIVE_INFINITY;
    if (!isTooManyRequests(error) && !isServerError(error) && !isTransportError(error)) return Number.POSITIVE_INFINITY;
    if (error instanceof ApiError && error.retryAfterSeconds !== undefined) return error.retryAfterSeconds * 1000;
    return exponentialDelay(attempt - 1, { baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS, random: this.#random });
  }

  /** undici's and Node's errors as ours; what the caller's signal caused is thrown as it is. */
  #explain(error: unknown, request: KubeRequest, signal: AbortSignal, pool: ConnectionPool): unknown {
    if (signal.aborted) return signal.reason;
    if (error instanceof KubeError) return error;
    if (error instanceof SyntaxError)
      return new TransportError(`${request.verb} ${request.path}: the answer is not JSON`, { cause: error });
    const code = (error as { readonly code?: string } | null)?.code ?? 'unknown';
    const what = `${request.verb} ${request.path} at ${this.#host}`;
    if (TLS_FAILURE.test(code)) {
      this.#options.credentials.invalidate();
      return new TransportError(`${what}: TLS refused (${code}); check the kubeconfig's certificate authority`, {
        cause: error,
      });
    }
    if (code.endsWith('_TIMEOUT') || code === 'ETIMEDOUT') {
      this.#connections.suspect(pool);
      return new TimeoutError(`${what}: no answer in time (${code})`, { cause: error });
    }
    return new TransportError(`${what}: connection failed (${code})`, { cause: error });
  }
}

async function toApiError(response: Dispatcher.ResponseData): Promise<ApiError> {
  const retryAfter = response.headers['retry-after'];
  const body = await response.body.text();
  return ApiError.fromResponse(response.statusCode, body, typeof retryAfter === 'string' ? retryAfter : undefined);
}
