import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { FaultyConnection } from './faulty-connection.ts';

/** A request as the proxy saw it. */
export interface ProxiedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly isWatch: boolean;
  /** A GET of a collection that is no watch. */
  readonly isList: boolean;
  readonly authorization: string | undefined;
  /** Milliseconds, monotonic. */
  readonly at: number;
  /** Which connection carried it; connections are numbered from 1. */
  readonly connection: number;
}

/** What to do to a request, instead of just passing it on. */
export type Fault =
  /** Answers in the API server's place; the request does not reach it. */
  | { readonly kind: 'respond'; readonly status: number; readonly reason?: string; readonly retryAfterSeconds?: number }
  /** Passes the request on and closes the connection after so many bytes of the answer (0: before any). */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Passes the request on and lets the connection go half-open after so many bytes of the answer. */
  | { readonly kind: 'freeze'; readonly afterBytes: number }
  /** Passes the request on after a while. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Passes the request on at once, and the answer after a while: by then it may be out of date. */
  | { readonly kind: 'hold'; readonly ms: number }
  /** Passes the request on, waits until the API server has answered, and closes the connection: done, but nobody knows. */
  | { readonly kind: 'lose-response' }
  /** Answers 200 with these lines, as a watch would, and ends in good order. */
  | { readonly kind: 'stream'; readonly lines: readonly string[] };

export interface FaultRule {
  readonly match: (request: ProxiedRequest) => boolean;
  readonly fault: Fault | ((request: ProxiedRequest) => Fault | undefined);
  /** How many requests it hits. Default 1. */
  readonly times?: number;
}

/** One line of a watch, on its way to the client. */
export interface WatchLine {
  readonly request: ProxiedRequest;
  readonly text: string;
  /** Passes a line on, now or later; never does, and it is lost. */
  readonly deliver: (text: string) => void;
}

export interface InjectedFault {
  /** Requests hit so far. A fault that never fired has proved nothing. */
  readonly fired: number;
  remove(): void;
}

export interface FaultProxyOptions {
  /** The real API server, and who the proxy is to it when a request carries no Authorization of its own. */
  readonly upstream: {
    readonly server: string;
    readonly ca?: Buffer;
    readonly cert?: Buffer;
    readonly key?: Buffer;
    readonly authorization?: string;
  };
  /** Serves HTTPS with this. Default: plain HTTP, which is enough unless TLS itself is under test. PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Stands between a client and a real kube-apiserver, on loopback, and breaks what it is told to break. */
export class FaultProxy {
  /** Every request that arrived, in order. */
  readonly requests: ProxiedRequest[] = [];
  readonly #options: FaultProxyOptions;
  readonly #http: Server;
  readonly #listener: TcpServer | TlsServer;
  readonly #anonymous: Agent;
  readonly #identified: Agent;
  readonly #rules = new Set<{ readonly rule: FaultRule; fired: number }>();
  readonly #open = new Map<FaultyConnection, number>();
  readonly #watches = new Set<FaultyConnection>();
  #tamper: ((line: WatchLine) => void) | undefined;
  #port = 0;
  #connections = 0;

  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    await proxy.acceptConnections();
    return proxy;
  }

  private constructor(options: FaultProxyOptions) {
    const { ca, cert, key } = options.upstream;
    this.#options = options;
    this.#anonymous = new Agent({ keepAlive: true, ca });
    this.#identified = new Agent({ keepAlive: true, ca, cert, key });
    this.#http = createHttpServer(
      { keepAliveTimeout: 90_000 },
      (request, response) => void this.#handle(request, response),
    );
    const accept = (socket: Socket): void => this.#accept(socket);
    this.#listener = options.tls === undefined ? createTcpServer(accept) : createTlsServer(options.tls, accept);
  }

  /** The address for clients. */
  get url(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  /** Connections accepted so far. */
  get connectionCount(): number {
    return this.#connections;
  }

  /** Watches that are open now. */
  get openWatches(): number {
    return this.#watches.size;
  }

  /** The next requests that match meet this fault. Of several rules the oldest that is not used up applies. */
  inject(rule: FaultRule): InjectedFault {
    const entry = { rule, fired: 0 };
    this.#rules.add(entry);
    return {
      get fired() {
        return entry.fired;
      },
      remove: () => void this.#rules.delete(entry),
    };
  }

  /** No fault any more for requests to come. */
  clearFaults(): void {
    this.#rules.clear();
  }

  /** From now on each line of each watch goes through this; undefined: passes as it is. */
  tamperWatches(tamper: ((line: WatchLine) => void) | undefined): void {
    this.#tamper = tamper;
  }

  /** Closes the connections of all open watches. Returns how many. */
  cutWatches(): number {
    const { size } = this.#watches;
    for (const connection of this.#watches) connection.cutAfter(0);
    return size;
  }

  /** Lets the connections of all open watches go half-open: no byte, no FIN. Returns how many. */
  freezeWatches(): number {
    for (const connection of this.#watches) connection.freezeAfter(0);
    return this.#watches.size;
  }

  /** Closes everything and refuses new connections, as a server that is down does. */
  async refuseConnections(): Promise<void> {
    const closed = new Promise((resolve) => this.#listener.close(resolve));
    this.#destroyConnections();
    await closed;
  }

  /** Listens (again), on the same port as before. */
  async acceptConnections(): Promise<void> {
    this.#listener.listen(this.#port, '127.0.0.1');
    await once(this.#listener, 'listening');
    this.#port = (this.#listener.address() as AddressInfo).port;
  }

  /** New connections meet this certificate. HTTPS only. */
  setCertificate(tls: { readonly cert: string; readonly key: string }): void {
    (this.#listener as TlsServer).setSecureContext(tls);
  }

  async close(): Promise<void> {
    await this.refuseConnections();
    this.#anonymous.destroy();
    this.#identified.destroy();
  }

  #accept(socket: Socket): void {
    this.#connections += 1;
    socket.setNoDelay(true);
    const connection = new FaultyConnection(socket);
    this.#open.set(connection, this.#connections);
    connection.on('error', () => undefined);
    connection.on('close', () => this.#open.delete(connection));
    this.#http.emit('connection', connection);
  }

  #destroyConnections(): void {
    for (const connection of this.#open.keys()) connection.destroy();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection = request.socket as unknown as FaultyConnection;
    const seen = describe(request, this.#open.get(connection) ?? 0);
    this.requests.push(seen);
    const fault = this.#faultFor(seen);
    if (seen.isWatch) {
      this.#watches.add(connection);
      response.once('close', () => this.#watches.delete(connection));
    }
    switch (fault?.kind) {
      case 'respond': {
        respond(response, fault);
        return;
      }
      case 'stream': {
        stream(response, fault.lines);
        return;
      }
      case 'cut':
        connection.cutAfter(fault.afterBytes);
        break;
      case 'freeze':
        connection.freezeAfter(fault.afterBytes);
        break;
      case 'delay':
        await new Promise((resolve) => setTimeout(resolve, fault.ms));
        if (response.destroyed) return; // the client has given up: what it gave up must not happen later
        break;
      default:
    }
    this.#forward(request, response, seen, fault);
  }

  #faultFor(request: ProxiedRequest): Fault | undefined {
    for (const entry of this.#rules) {
      const { match, fault, times = 1 } = entry.rule;
      if (entry.fired >= times || !match(request)) continue;
      const chosen = typeof fault === 'function' ? fault(request) : fault;
      if (chosen !== undefined) entry.fired += 1;
      return chosen;
    }
    return undefined;
  }

  #forward(request: IncomingMessage, response: ServerResponse, seen: ProxiedRequest, fault: Fault | undefined): void {
    const { server, authorization } = this.#options.upstream;
    const headers = { ...request.headers };
    delete headers.host;
    const isAnonymous = headers.authorization !== undefined;
    if (!isAnonymous && authorization !== undefined) headers.authorization = authorization;
    const upstream = httpsRequest(new URL(request.url ?? '/', server), {
      method: request.method,
      headers,
      agent: isAnonymous ? this.#anonymous : this.#identified,
    });
    upstream.on('error', () => response.destroy());
    upstream.on('response', (answer) => {
      answer.on('error', () => response.destroy());
      if (fault?.kind === 'lose-response') {
        answer.resume();
        answer.on('end', () => response.destroy());
        return;
      }
      const pass = (): void => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        response.flushHeaders();
        if (seen.isWatch) this.#passLines(answer, response, seen);
        else answer.pipe(response);
      };
      if (fault?.kind === 'hold') setTimeout(pass, fault.ms);
      else pass();
    });
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
  }

  #passLines(answer: IncomingMessage, response: ServerResponse, request: ProxiedRequest): void {
    const deliver = (text: string): void => {
      if (!response.destroyed && !response.writableEnded) response.write(`${text}\n`);
    };
    let rest = '';
    answer.setEncoding('utf8').on('data', (piece: string) => {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) {
        if (this.#tamper === undefined) deliver(text);
        else this.#tamper({ request, text, deliver });
      }
    });
    answer.on('end', () => response.end());
  }
}

function describe(request: IncomingMessage, connection: number): ProxiedRequest {
  const { method = 'GET', url = '/' } = request;
  const { pathname, searchParams } = new URL(url, 'http://proxy');
  const isWatch = method === 'GET' && searchParams.get('watch') === 'true';
  return {
    method,
    path: pathname,
    query: searchParams,
    isWatch,
    isList: method === 'GET' && !isWatch && searchParams.has('limit'),
    authorization: request.headers.authorization,
    at: performance.now(),
    connection,
  };
}

function respond(response: ServerResponse, fault: Extract<Fault, { kind: 'respond' }>): void {
  const { status, reason, retryAfterSeconds } = fault;
  const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', code: status, reason, message: 'injected fault' }));
}

function stream(response: ServerResponse, lines: readonly string[]): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(lines.map((line) => `${line}\n`).join(''));
}

/** The line of a watch that ends it with an error. */
export function errorEvent(code: number, reason: string): string {
  const object = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: 'injected fault' };
  return JSON.stringify({ type: 'ERROR', object });
}
