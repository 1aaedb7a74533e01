import { afterEach, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** A server on this machine that counts its requests, of clients and of those who take it for a proxy. */
async function countingServer(body: string): Promise<{ readonly port: number; readonly requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(body);
  });
  server.on('connect', (request, socket) => {
    requests.push(`CONNECT ${request.url ?? ''}`);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, requests };
}

const script = `
import { EngineClient } from './operator/observe/index.ts';
const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, ms) => { const timer = setTimeout(callback, ms); return () => clearTimeout(timer); },
};
const client = new EngineClient({ clock });
const endpoint = { pod: 'p', host: '127.0.0.1', port: Number(process.env.ENGINE_PORT), metricsPath: '/metrics',
  engine: { type: 'vLLM', version: '0.32.0' }, model: 'chat' };
const signal = new AbortController().signal;
const { sample, text } = await client.generate(endpoint, { prompt: 'x', maxTokens: 1, timeoutMs: 5000 }, signal);
await fetch('http://127.0.0.1:' + endpoint.port + '/fetched').catch(() => undefined);
await client.close();
console.log(JSON.stringify({ ok: sample.ok, text }));
process.exit(0);
`;

test('pods are asked directly, whatever proxy the environment names', async () => {
  const engine = await countingServer('data: {"choices":[{"delta":{"content":"4"}}]}\n\ndata: [DONE]\n\n');
  const proxy = await countingServer('');
  const address = `http://127.0.0.1:${proxy.port}`;
  const env = { PATH: process.env['PATH'] ?? '', ENGINE_PORT: String(engine.port), NODE_USE_ENV_PROXY: '1' };
  const proxies = { HTTP_PROXY: address, http_proxy: address, HTTPS_PROXY: address, ALL_PROXY: address, NO_PROXY: '' };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', '--input-type=module-typescript', '--eval', script],
    { cwd: new URL('../..', import.meta.url), env: { ...env, ...proxies }, timeout: 60_000 },
  );
  expect(JSON.parse(stdout)).toEqual({ ok: true, text: '4' });
  expect(engine.requests).toEqual(['POST /v1/chat/completions']);
  // That the environment's proxy was in force shows Node's own fetch, which went there.
  expect(proxy.requests).toHaveLength(1);
}, 60_000);
