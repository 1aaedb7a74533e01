import { connect } from 'node:net';
import { afterEach, describe, expect, it, test } from '@jest/globals';
import { startTelemetryServer, type TelemetryServerOptions } from './server.ts';

let stop = new AbortController();
afterEach(() => {
  stop.abort();
  stop = new AbortController();
});

async function start(options: Partial<TelemetryServerOptions> = {}) {
  const server = await startTelemetryServer({
    host: '127.0.0.1',
    port: 0,
    live: {},
    ready: {},
    registry: { metrics: async () => 'up 1\n', contentType: 'text/plain; version=0.0.4' },
    signal: stop.signal,
    ...options,
  });
  const get = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://${server.host}:${server.port}${path}`, init);
    return { status: response.status, body: await response.text(), type: response.headers.get('content-type') };
  };
  return { server, get };
}

it('is alive, and ready only when every check is content; it says which is not', async () => {
  const synced = { pods: false, services: false };
  const { get } = await start({
    ready: {
      pods: () => (synced.pods ? undefined : 'the cache has not synced'),
      services: () => (synced.services ? undefined : 'the cache has not synced'),
    },
  });
  expect(await get('/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
  expect(await get('/readyz')).toMatchObject({
    status: 503,
    body: '[-] pods: the cache has not synced\n[-] services: the cache has not synced\n',
  });
  synced.pods = true;
  expect(await get('/readyz')).toMatchObject({ status: 503, body: '[-] services: the cache has not synced\n' });
  synced.services = true;
  expect(await get('/readyz?verbose')).toMatchObject({ status: 200, body: 'ok\n' });
});

it('takes a check that throws as failed', async () => {
  const { get } = await start({
    live: {
      loop: () => {
        throw new Error('broken');
      },
    },
  });
  expect(await get('/healthz')).toMatchObject({ status: 503, body: '[-] loop: the check failed: Error: broken\n' });
});

describe('/metrics', () => {
  it('has the content type of the registry', async () => {
    const { get } = await start();
    expect(await get('/metrics')).toEqual({ status: 200, body: 'up 1\n', type: 'text/plain; version=0.0.4' });
  });

  it('answers 500 when the metrics cannot be collected, and goes on', async () => {
    const { get } = await start({
      registry: { metrics: () => Promise.reject(new Error('broken')), contentType: 'text/plain' },
    });
    expect(await get('/metrics')).toMatchObject({ status: 500, body: 'metrics cannot be collected: Error: broken\n' });
    expect(await get('/healthz')).toMatchObject({ status: 200 });
  });
});

test.each([
  ['GET', '/', 404],
  ['GET', '/metricsx', 404],
  ['POST', '/metrics', 405],
  ['HEAD', '/metrics', 200],
])('%s %s gives %i', async (method, path, status) => {
  const { get } = await start();
  expect(await get(path, { method })).toMatchObject({ status });
});

it('closes with its signal, idle connections too', async () => {
  const { server } = await start();
  const socket = connect(server.port, server.host);
  await new Promise((resolve) => socket.once('connect', resolve));
  const ended = new Promise((resolve) => socket.once('close', resolve));
  stop.abort();
  await expect(Promise.all([server.closed, ended])).resolves.toHaveLength(2);
});

it('rejects when its port is taken', async () => {
  const { server } = await start();
  await expect(start({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
