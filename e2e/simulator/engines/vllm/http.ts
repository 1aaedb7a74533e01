import type { IncomingMessage, ServerResponse } from 'node:http';
import { invalidJson, unsupportedMediaType } from './errors.ts';
import type { Generation } from './generation.ts';
import { streamEvents } from './responses.ts';

const largestBodyBytes = 16 * 2 ** 20;

export function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text);
}

/** Server-sent events, one per token. A stream that is cut ends without `[DONE]` and with its connection. */
export async function sendStream(
  response: ServerResponse,
  generation: Generation,
  envelope: { readonly id: string; readonly created: number },
  tokens: AsyncGenerator<string, void, void>,
): Promise<void> {
  const events = streamEvents(generation, envelope);
  const send = (data: object | string): void => {
    response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  };
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  let made = 0;
  for await (const token of tokens) {
    if (made === 0) for (const event of events.first()) send(event);
    send(events.token(token, made++));
  }
  if (made < generation.tokens.length) {
    response.destroy();
    return;
  }
  if (generation.includeUsage) send(events.usage(made));
  send('[DONE]');
  response.end();
}

export async function exhaust(tokens: AsyncGenerator<string, void, void>): Promise<void> {
  while ((await tokens.next()).done !== true);
}

export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\b/.test(type)) throw unsupportedMediaType();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBodyBytes) throw invalidJson('the body is too large');
    chunks.push(chunk);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw invalidJson('Expecting value');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidJson('Input should be a valid dictionary');
  return value as Record<string, unknown>;
}
