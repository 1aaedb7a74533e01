import { Agent, type Dispatcher } from 'undici';
import type { Clock } from './clock.ts';
import { errorWords, oneLine } from './words.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Scheme, host and port. */
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** From now to the end of the answer, milliseconds. */
  readonly limitMs: number;
  /** Largest body that is read. */
  readonly maxBytes: number;
  /** What must be in no error, should the server repeat it. */
  readonly secret?: string;
}

/** Connection: nothing was answered. Status: something was, and not with 200. */
export type HttpFailure = 'Connection' | 'Time' | 'Status' | 'Size' | 'Protocol';

export type HttpOutcome =
  | { readonly ok: true; readonly contentType: string }
  | { readonly ok: false; readonly failure: HttpFailure; readonly error: string };

/** Takes a part of the body; true when it needs no more. */
export type Consumer = (chunk: Buffer) => boolean;

const CONNECT_TIMEOUT_MS = 5_000;
const MAX_HEADER_BYTES = 16 * 1024;
/**
 * Well below the 5 s after which uvicorn and llama-server close an idle connection: a request that meets the close would
 * look like an error of the engine.
 */
const IDLE_CONNECTION_MS = 1_000;
/** What is read of an answer that is not 200. */
const MAX_ERROR_BYTES = 4 * 1024;
/** For the end of a body of which all that matters has come, so that the server does not see a cut connection. */
const END_OF_BODY_MS = 1_000;

class LimitReached extends Error {}

/**
 * HTTP to servers that are not trusted to behave: a time limit on everything, caps on headers and bodies, no redirects,
 * no compression, and nothing of the environment's proxies (pods are reached directly). Whatever happens is an outcome;
 * only the caller's signal makes it throw.
 */
export class BoundedHttp {
  readonly #clock: Clock;
  readonly #agent: Agent;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#agent = new Agent({
      allowH2: false,
      pipelining: 1,
      maxHeaderSize: MAX_HEADER_BYTES,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      keepAliveTimeout: IDLE_CONNECTION_MS,
      keepAliveMaxTimeout: IDLE_CONNECTION_MS,
      // Every request has a limit of its own.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** @throws the signal's reason when it aborts, and nothing else. */
  async send(request: HttpRequest, consume: Consumer, signal: AbortSignal): Promise<HttpOutcome> {
    signal.throwIfAborted();
    const cut = new AbortController();
    const onAbort = (): void => cut.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const limit = { reached: false };
    const cancel = this.#clock.setTimeout(() => {
      limit.reached = true;
      cut.abort(new LimitReached());
    }, request.limitMs);
    try {
      return await this.#exchange(request, consume, cut);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const seconds = Number((request.limitMs / 1000).toFixed(1));
      return limit.reached
        ? failed('Time', `no whole answer within ${seconds} s`)
        : failed('Connection', connectionWords(error));
    } finally {
      cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Ends all connections, and everything under way on them. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #exchange(request: HttpRequest, consume: Consumer, cut: AbortController): Promise<HttpOutcome> {
    const response = await this.#agent.request({
      origin: request.origin,
      path: request.path,
      method: request.method,
      headers: { 'accept-encoding': 'identity', ...request.headers },
      body: request.body ?? null,
      signal: cut.signal,
    });
    if (response.statusCode !== 200) return this.#refused(response, request.secret);
    let size = 0;
    let done = false;
    let cancel: (() => void) | undefined;
    try {
      for await (const chunk of response.body as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > request.maxBytes) {
          if (done) break;
          return failed('Size', `the answer is larger than ${request.maxBytes} bytes`);
        }
        if (done) continue;
        done = consume(chunk);
        if (done) cancel = this.#clock.setTimeout(() => cut.abort(new LimitReached()), END_OF_BODY_MS);
      }
    } catch (error) {
      if (!done) throw error;
    } finally {
      cancel?.();
    }
    const contentType = response.headers['content-type'];
    return { ok: true, contentType: typeof contentType === 'string' ? contentType : '' };
  }

  async #refused(response: Dispatcher.ResponseData, secret: string | undefined): Promise<HttpOutcome> {
    const { statusCode } = response;
    const redirect = statusCode >= 300 && statusCode < 400;
    let text = '';
    try {
      for await (const chunk of response.body as AsyncIterable<Buffer>) {
        text += chunk.toString('utf8');
        if (text.length > MAX_ERROR_BYTES) break;
      }
    } catch (error) {
      if (error instanceof LimitReached && text === '') throw error;
    }
    const words = redirect ? 'redirects are not followed' : oneLine(errorWords(text), secret);
    return failed('Status', `answered ${statusCode}${words === '' ? '' : `: ${words}`}`);
  }
}

function failed(failure: HttpFailure, error: string): HttpOutcome {
  return { ok: false, failure, error };
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_CONNECT_TIMEOUT: `no connection within ${CONNECT_TIMEOUT_MS / 1000} s`,
  UND_ERR_HEADERS_OVERFLOW: `headers larger than ${MAX_HEADER_BYTES} bytes`,
  HPE_HEADER_OVERFLOW: `headers larger than ${MAX_HEADER_BYTES} bytes`,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the body is not as long as it was said to be',
  UND_ERR_INVALID_ARG: 'the request cannot be sent: the API key or the address has characters that HTTP does not allow',
};

/** By its code alone: messages of libraries may repeat what was sent. */
function connectionWords(error: unknown): string {
  if ((error as { readonly name?: unknown } | null)?.name === 'HTTPParserError') return 'the answer is not HTTP';
  const code = codeOf(error) ?? codeOf((error as { readonly cause?: unknown } | null)?.cause) ?? 'unknown';
  return WORDS[code] ?? `connection failed (${code})`;
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,63}$/.test(code) ? code : undefined;
}
