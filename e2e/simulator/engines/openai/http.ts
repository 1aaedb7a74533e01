import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Timing } from '../core.ts';
import type { Dialect, StreamEvents } from './dialect.ts';
import type { Generation, GenerationKind } from './generation.ts';

const largestBodyBytes = 16 * 2 ** 20;

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  contentType = 'application/json',
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }).end(text);
}

/** A status alone. */
export function sendEmpty(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 }).end();
}

export interface TokenStream {
  readonly tokens: AsyncGenerator<string, void, void>;
  /** Known once the tokens have ended. */
  readonly timing: () => Timing;
}

/** Server-sent events, one per token. A stream that is cut ends without `[DONE]` and with its connection. */
export async function sendStream(
  response: ServerResponse,
  generation: Generation,
  events: StreamEvents,
  contentType: string,
  { tokens, timing }: TokenStream,
): Promise<void> {
  const send = (data: object | string): void => {
    response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  };
  response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-cache' });
  let made = 0;
  for await (const token of tokens) {
    if (made === 0) events.first().forEach(send);
    events.token(token, made++).forEach(send);
  }
  if (made < generation.tokens.length) {
    response.destroy();
    return;
  }
  events.end(timing()).forEach(send);
  send('[DONE]');
  response.end();
}

export async function exhaust(tokens: AsyncGenerator<string, void, void>): Promise<void> {
  while ((await tokens.next()).done !== true);
}

/** @throws HttpError when the body is no JSON object, as the engine says it. */
export async function readJson(
  request: IncomingMessage,
  kind: GenerationKind,
  dialect: Dialect,
): Promise<Record<string, unknown>> {
  const refusal = dialect.refuseContentType(request.headers['content-type'] ?? '');
  if (refusal !== undefined) throw refusal;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBodyBytes) throw dialect.badRequest('the body is too large', 'body');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw dialect.invalidJson(text);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw dialect.notAnObject(kind);
  return value as Record<string, unknown>;
}
