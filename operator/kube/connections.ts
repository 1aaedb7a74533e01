import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import type { Credentials, TlsMaterial } from './credentials.ts';

/** Also the longest time between a fence's consent and the write leaving this process, when a connection must be opened. */
const CONNECT_TIMEOUT_MS = 5_000;
const HEADERS_TIMEOUT_MS = 30_000;
/** Between two parts of a body; watches set their own limit. */
const BODY_TIMEOUT_MS = 30_000;
/** Below the API server's 90 s, so that we are the first to close an idle connection. */
const IDLE_CONNECTION_MS = 60_000;

/** One pool of connections, made with one set of certificates. */
export interface ConnectionPool {
  readonly dispatcher: Dispatcher;
  readonly tls: TlsMaterial;
  /** Aborted when certificates have changed: streams that have no end of their own (watches) move to the next pool. */
  readonly moved: AbortController;
}

/**
 * The pooled connections to the API server. The pool is replaced when certificates change, and when a connection has
 * gone silent (its idle neighbours are then as suspect); requests under way end on the old one.
 */
export class Connections {
  readonly #credentials: Credentials;
  #pool: ConnectionPool | undefined;
  #reading: Promise<TlsMaterial> | undefined;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** The pool for the certificates as they are now. */
  async current(): Promise<ConnectionPool> {
    const tls = await this.#currentTls();
    if (this.#pool !== undefined && this.#pool.tls !== tls) {
      const { moved } = this.#pool;
      this.#retire(this.#pool);
      moved.abort();
    }
    this.#pool ??= { dispatcher: createDispatcher(this.#credentials, tls), tls, moved: new AbortController() };
    return this.#pool;
  }

  /** One look at the certificates at a time: two would be two objects, and the pools of both would chase each other. */
  #currentTls(): Promise<TlsMaterial> {
    this.#reading ??= this.#credentials.tls().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** A connection of `pool` has gone silent: nothing new is sent over its idle connections. */
  suspect(pool: ConnectionPool): void {
    if (pool === this.#pool) this.#retire(pool);
  }

  /** Ends all connections, and all requests under way with them. */
  async destroy(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await pool?.dispatcher.destroy();
  }

  /** Idle connections close now, the others when their request has ended. */
  #retire(pool: ConnectionPool): void {
    if (pool === this.#pool) this.#pool = undefined;
    pool.dispatcher.close().catch(() => undefined);
  }
}

function createDispatcher(credentials: Credentials, tls: TlsMaterial): Dispatcher {
  const tlsOptions = {
    rejectUnauthorized: tls.verify,
    ...(tls.ca && { ca: tls.ca }),
    ...(tls.cert && { cert: tls.cert }),
    ...(tls.key && { key: tls.key }),
    ...(tls.servername !== undefined && { servername: tls.servername }),
  };
  const options = {
    // A connection per watch: cutting one touches no other, and a stalled stream cannot block its neighbours.
    allowH2: false,
    pipelining: 1,
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    keepAliveTimeout: IDLE_CONNECTION_MS,
  };
  return credentials.proxyUrl === undefined
    ? new Agent({ ...options, connect: { ...tlsOptions, timeout: CONNECT_TIMEOUT_MS } })
    : new ProxyAgent({
        ...options,
        uri: credentials.proxyUrl,
        requestTls: { ...tlsOptions, timeout: CONNECT_TIMEOUT_MS },
      });
}
