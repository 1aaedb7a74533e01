import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Undefined when all is well, else the reason in words. */
export type HealthCheck = () => string | undefined;

export interface TelemetryServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Checks of `/healthz`: the kubelet restarts the pod when one fails. */
  readonly live: Readonly<Record<string, HealthCheck>>;
  /** Checks of `/readyz`. */
  readonly ready: Readonly<Record<string, HealthCheck>>;
  /** A registry of prom-client. */
  readonly registry: { metrics(): Promise<string>; readonly contentType: string };
  /** Ends the server. */
  readonly signal: AbortSignal;
}

export interface TelemetryServer {
  readonly host: string;
  readonly port: number;
  /** Resolves when the server is closed and its connections are gone. */
  readonly closed: Promise<void>;
}

/** More than the probes and a few scrapers need; a flood on this port cannot take the process's descriptors. */
const MAX_CONNECTIONS = 64;

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
}

/** Serves `/healthz`, `/readyz` and `/metrics`. Rejects when the address cannot be bound. */
export async function startTelemetryServer(options: TelemetryServerOptions): Promise<TelemetryServer> {
  const { host, port, signal } = options;
  signal.throwIfAborted();
  const server = createServer(
    { headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 30_000, maxHeaderSize: 8_192 },
    (request, response) => void handle(options, request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, host, port);
  const closed = new Promise<void>((resolve) => {
    server.once('close', resolve);
  });
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  const { address, port: boundPort } = server.address() as AddressInfo;
  return { host: address, port: boundPort, closed };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // A broken connection is its client's matter.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

async function handle(
  options: TelemetryServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, body, contentType = 'text/plain; charset=utf-8' } = await reply(options, request);
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function reply(options: TelemetryServerOptions, request: IncomingMessage): Promise<Reply> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, body: 'only GET and HEAD\n' };
  switch (request.url?.split('?', 1)[0]) {
    case '/healthz':
      return health(options.live);
    case '/readyz':
      return health(options.ready);
    case '/metrics':
      return metrics(options.registry);
    default:
      return { status: 404, body: 'one of /healthz, /readyz, /metrics\n' };
  }
}

async function metrics(registry: TelemetryServerOptions['registry']): Promise<Reply> {
  try {
    return { status: 200, body: await registry.metrics(), contentType: registry.contentType };
  } catch (error) {
    return { status: 500, body: `metrics cannot be collected: ${String(error)}\n` };
  }
}

/** One line per check, as the API server's own health endpoints answer. */
function health(checks: Readonly<Record<string, HealthCheck>>): Reply {
  const failures: string[] = [];
  for (const [name, check] of Object.entries(checks)) {
    const reason = outcome(check);
    if (reason !== undefined) failures.push(`[-] ${name}: ${reason}`);
  }
  return failures.length === 0 ? { status: 200, body: 'ok\n' } : { status: 503, body: `${failures.join('\n')}\n` };
}

function outcome(check: HealthCheck): string | undefined {
  try {
    return check();
  } catch (error) {
    return `the check failed: ${String(error)}`;
  }
}
