import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { ruleSchema } from '../rules.ts';
import { SimulatorError } from './types.ts';
import type { SimulatorControl } from './types.ts';

const statusOf: Readonly<Record<SimulatorError['code'], number>> = {
  INVALID_RULE: 400,
  NO_SUCH_NODE: 404,
  UNAVAILABLE: 503,
};

type Handler = (control: SimulatorControl, argument: string, request: IncomingMessage) => Promise<unknown>;

/** The control API; `:x` is one path segment, handed to the handler. */
const routes: Readonly<Record<string, Handler>> = {
  'GET /v1/info': (control) => control.info(),
  'GET /v1/pods': (control) => control.pods(),
  'GET /v1/rules': (control) => control.rules(),
  'POST /v1/rules': async (control, _, request) => {
    const parsed = ruleSchema.safeParse(await readJson(request));
    if (!parsed.success)
      throw new SimulatorError('INVALID_RULE', `The rule is invalid:\n${z.prettifyError(parsed.error)}`);
    await control.setRule(parsed.data);
  },
  'DELETE /v1/rules/:name': (control, name) => control.removeRule(name),
  'POST /v1/nodes/:name/lose': (control, name) => control.loseNode(name),
  'POST /v1/nodes/:name/restore': (control, name) => control.restoreNode(name),
  'POST /v1/reset': (control) => control.reset(),
};

export interface ControlServer {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the control API on 127.0.0.1; port 0 takes a free one. */
export async function serveControl(control: SimulatorControl, port: number): Promise<ControlServer> {
  const server = createServer((request, response) => void answer(control, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => close(server) };
}

async function answer(control: SimulatorControl, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const path = new URL(request.url ?? '/', 'http://control').pathname;
    const found = findRoute(request.method ?? 'GET', path);
    if (found === undefined) {
      send(response, 404, { message: `No such call: ${request.method} ${path}` });
      return;
    }
    send(response, 200, (await found.handler(control, found.argument, request)) ?? {});
  } catch (error) {
    const known = error instanceof SimulatorError;
    const message = error instanceof Error ? error.message : String(error);
    send(response, known ? statusOf[error.code] : 500, { code: known ? error.code : 'INTERNAL', message });
  }
}

function findRoute(method: string, path: string): { handler: Handler; argument: string } | undefined {
  const segments = path.split('/');
  for (const [route, handler] of Object.entries(routes)) {
    const [routeMethod, pattern = ''] = route.split(' ');
    const parts = pattern.split('/');
    if (routeMethod !== method || parts.length !== segments.length) continue;
    if (!parts.every((part, index) => part.startsWith(':') || part === segments[index])) continue;
    const index = parts.findIndex((part) => part.startsWith(':'));
    return { handler, argument: decodeURIComponent(segments[index] ?? '') };
  }
  return undefined;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new SimulatorError('INVALID_RULE', 'The body is not JSON.', { cause: error });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
