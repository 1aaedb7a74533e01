import { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../telemetry/logger.ts';
import { admit } from './admit.ts';
import type { CertificateSource } from './certificates/source.ts';
import { type AdmissionRequest, parseReview, reviewOf } from './review.ts';
import type { Judge } from './verdict.ts';

/** Where the API server sends its reviews. */
export const VALIDATE_PATH = '/validate';

/** One that was answered, or could not be. */
export interface ReviewObservation {
  /** `error`: nobody was refused for it. */
  readonly verdict: 'allowed' | 'warned' | 'refused' | 'error';
  readonly seconds: number;
}

export interface WebhookServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly judge: Judge;
  readonly certificates: CertificateSource;
  /** Undefined when reviews can be answered, else why not. */
  readonly unready: () => string | undefined;
  readonly log: Logger;
  readonly onReview: (review: ReviewObservation) => void;
  /** The end of what is served from now on, milliseconds since the epoch. */
  readonly onCertificate: (notAfter: number) => void;
  /** Ends the server: what it has begun to answer it answers. */
  readonly signal: AbortSignal;
}

export interface WebhookServer {
  readonly port: number;
  /** Resolves when the server is closed and its connections are gone. */
  readonly closed: Promise<void>;
}

/** An object and the one before, each of 1.5 MiB at most (etcd's limit of a request), in JSON. */
const MAX_BODY_BYTES = 4 * 2 ** 20;
/** One API server keeps a few at most. Anybody may connect: all of them with bodies of that size fit into the memory limit. */
const MAX_CONNECTIONS = 48;
/** With more connections than this open none is kept after its answer: whoever has asked once must not hold a place for minutes. */
const CROWDED = MAX_CONNECTIONS / 2;
/** Go's client lets an idle connection go after 90 s: it has to be the first, or a request may meet a closed one. */
const KEEP_ALIVE_MS = 120_000;
/** Longer than the 2 s of our configuration, shorter than the 30 s that a configuration may say. */
const VERDICT_LIMIT_MS = 10_000;

/** A verdict takes milliseconds; a connection whose handshake hangs does not keep the process. */
const CLOSE_LIMIT_MS = 1_000;

/**
 * Serves the webhook, in each replica. Rejects when the address cannot be bound. Before there is a certificate, handshakes
 * fail, and the API server goes on without us.
 */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { host, port, signal, certificates, log, onCertificate } = options;
  signal.throwIfAborted();
  const server = createServer(
    {
      minVersion: 'TLSv1.2',
      handshakeTimeout: 5_000,
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: 16_384,
    },
    (request, response) => void handle(options, request, response, open <= CROWDED),
  );
  let open = 0;
  server.on('connection', (socket) => {
    open++;
    socket.once('close', () => open--);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // A broken connection is its client's matter.
      server.on('error', () => undefined);
      resolve();
    });
  });
  const delivering = certificates.run(({ certificate, key }) => {
    // Connections that are open keep what they have begun with.
    server.setSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' });
    const { validTo, validToDate } = new X509Certificate(certificate);
    onCertificate(validToDate.getTime());
    log.info('the webhook serves a certificate', { until: validTo });
  }, signal);
  const closed = new Promise<void>((resolve) => {
    server.once('close', resolve);
  });
  const close = (): void => {
    server.close();
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), CLOSE_LIMIT_MS).unref();
  };
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  return {
    port: (server.address() as AddressInfo).port,
    closed: Promise.all([closed, delivering]).then(() => undefined),
  };
}

interface Reply {
  readonly status: number;
  /** An object is sent as JSON, a text as it is. */
  readonly body: object | string;
  readonly verdict?: ReviewObservation['verdict'];
}

async function handle(
  options: WebhookServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  mayKeep: boolean,
): Promise<void> {
  const startedAt = performance.now();
  const { status, body, verdict } = await reply(options, request, response);
  if (verdict !== undefined) options.onReview({ verdict, seconds: (performance.now() - startedAt) / 1000 });
  const text = typeof body === 'string' ? `${body}\n` : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(text),
    // What was not read to its end cannot be followed by another request.
    ...((!request.complete || options.signal.aborted || !mayKeep) && { connection: 'close' }),
  });
  response.end(text);
}

async function reply(
  options: WebhookServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Reply> {
  if (request.url?.split('?', 1)[0] !== VALIDATE_PATH) return { status: 404, body: `only ${VALIDATE_PATH}` };
  if (request.method !== 'POST') return { status: 405, body: 'only POST' };
  const body = await readBody(request);
  if (body === undefined) return { status: 413, body: `more than ${MAX_BODY_BYTES / 2 ** 20} MiB`, verdict: 'error' };
  const review = parseReview(body);
  if (!review.ok) return { status: 400, body: review.message, verdict: 'error' };
  const reason = options.unready();
  if (reason !== undefined) return { status: 503, body: `not ready: ${reason}`, verdict: 'error' };
  return answer(review.request, options, response);
}

async function answer(
  request: AdmissionRequest,
  { judge, log }: WebhookServerOptions,
  response: ServerResponse,
): Promise<Reply> {
  const { operation, object } = request;
  const about = { namespace: object?.metadata.namespace, name: object?.metadata.name, operation };
  const gone = new AbortController();
  response.once('close', () => gone.abort(new Error('the API server has stopped to wait')));
  try {
    const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(VERDICT_LIMIT_MS)]);
    const answered = await admit(request, judge, signal);
    const { allowed, warnings, status } = answered;
    if (!allowed) log.info('a spec is refused', { ...about, reason: status?.reason, why: status?.message });
    const verdict = allowed ? (warnings === undefined ? 'allowed' : 'warned') : 'refused';
    return { status: 200, body: reviewOf(request.uid, answered), verdict };
  } catch (error) {
    // Told to the API server as a failure of ours, which its failurePolicy Ignore lets pass.
    log.error('a spec could not be judged and is let through', { ...about, error });
    return { status: 500, body: 'the verdict failed: see the log of the operator', verdict: 'error' };
  }
}

/** The body as text; undefined when it is too long, or its sender has left. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}
