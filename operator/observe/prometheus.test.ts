import { afterEach, describe, expect, it, test } from '@jest/globals';
import { PrometheusClient, type PrometheusOptions, renderQuery } from './prometheus.ts';
import { realClock } from './testing/clock.ts';
import { answer, type Behave, RawServer } from './testing/raw-server.ts';

const NOW = Date.UTC(2026, 0, 1);
const never = new AbortController().signal;
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function start(behave: Behave, options: Partial<PrometheusOptions> & { path?: string } = {}) {
  const server = await new RawServer(behave).start();
  const { path = '', ...others } = options;
  const client = new PrometheusClient({ url: server.url + path, clock: { ...realClock, now: () => NOW }, ...others });
  cleanups.push(
    () => client.close(),
    () => server.stop(),
  );
  return { server, client };
}

async function query(behave: Behave, options: Parameters<typeof start>[1] = {}) {
  return (await start(behave, options)).client.query('up', never);
}

const token = (text: string) => () => Promise.resolve(text);
const say =
  (body: unknown, head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json'): Behave =>
  (socket) =>
    socket.write(answer(typeof body === 'string' ? body : JSON.stringify(body), head));
const data = (resultType: string, result: unknown) => say({ status: 'success', data: { resultType, result } });
const at = NOW / 1000;

describe('a query', () => {
  it.each([
    ['one series', data('vector', [{ metric: { a: 'b' }, value: [at - 0.5, '0.25'] }]), 0.25],
    ['a scalar', data('scalar', [at - 0.5, '1e3']), 1000],
    ['0', data('scalar', [at - 0.5, '0']), 0],
    ['a negative number', data('scalar', [at - 0.5, '-2']), -2],
  ])('of %s is a value', async (_, behave, value) => {
    expect(await query(behave)).toEqual({ kind: 'Value', value, at: NOW - 500 });
  });

  it('is of the time at which it was asked, though Prometheus’ clock is ahead', async () => {
    expect(await query(data('scalar', [at + 30, '1']))).toEqual({ kind: 'Value', value: 1, at: NOW });
  });

  it.each<[string, Behave, string]>([
    ['no series', data('vector', []), 'no series'],
    ['NaN', data('vector', [{ metric: {}, value: [at, 'NaN'] }]), 'NaN, no number'],
    ['+Inf', data('scalar', [at, '+Inf']), '+Inf, no number'],
    ['-Inf', data('scalar', [at, '-Inf']), '-Inf, no number'],
    ['an answer of tomorrow', data('scalar', [at + 86_400, '1']), 'a time to come'],
    ['an answer of no time', data('scalar', [1e300, '1']), 'a time to come'],
    ['an old answer', data('scalar', [at - 121, '1']), '121 s old, more than 120 s'],
  ])('of %s is no data', async (_, behave, words) => {
    expect(await query(behave)).toEqual({ kind: 'NoData', message: expect.stringContaining(words) });
  });

  it.each<[string, Behave, string]>([
    [
      'several series',
      data('vector', [
        { metric: {}, value: [at, '1'] },
        { metric: {}, value: [at, '2'] },
      ]),
      'yields 2 series: it has to yield one',
    ],
    ['a range', data('matrix', []), 'the query yields matrix'],
    ['a string', data('string', [at, 'x']), 'the query yields string'],
    ['a native histogram', data('vector', [{ metric: {}, histogram: [at, {}] }]), 'yields a histogram'],
    ['a sample that is none', data('vector', [{ metric: {}, value: 'x' }]), 'no sample where its API has one'],
    ['a sample of another type', data('scalar', [at, 4]), 'no sample where its API has one'],
    ['an empty sample', data('scalar', [at, '']), 'no sample where its API has one'],
    ['null', say('null'), 'none of its API'],
    ['another API', say({ status: 'ok' }), 'none of its API'],
    ['a page', say('<html>Grafana</html>'), 'not JSON'],
    [
      'a refused query',
      say({ status: 'error', errorType: 'bad_data', error: 'parse error: unexpected "("' }, 'HTTP/1.1 400 X'),
      'answered 400: parse error: unexpected "("',
    ],
    ['no rights', say('Forbidden', 'HTTP/1.1 403 X'), 'answered 403: Forbidden'],
    ['a redirect', say('', 'HTTP/1.1 301 X\r\nlocation: /login'), 'answered 301: redirects are not followed'],
    ['a huge body', say('x'.repeat(1_100_000)), 'larger than 1048576 bytes'],
    ['a cut body', (s) => s.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"status"'), 'the connection was cut'],
    ['a hang', () => undefined, 'no whole answer within 0.3 s'],
  ])('of %s is an error', async (kind, behave, words) => {
    const result = await query(behave, kind === 'a hang' ? { timeoutMs: 300 } : {});
    expect(result).toEqual({ kind: 'Error', message: expect.stringContaining(words) });
  });

  it('is a form, at the path of the address, with the token and the age that samples may have', async () => {
    const { server, client } = await start(data('scalar', [at, '1']), {
      path: '/prom/',
      bearerToken: token('secret\n'),
    });
    await client.query('sum(rate(x{revision="7f3c"}[5m]))', never);
    const [head = '', body = ''] = (server.requests[0] ?? '').split('\r\n\r\n');
    expect(head).toMatch(/^POST \/prom\/api\/v1\/query HTTP/);
    expect(head.toLowerCase()).toContain('authorization: bearer secret\r\n');
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      query: 'sum(rate(x{revision="7f3c"}[5m]))',
      timeout: '10s',
      lookback_delta: '120s',
    });
  });

  it('has the token of its time: they are replaced while the operator runs', async () => {
    const tokens = ['first', 'second'];
    const bearerToken = () => Promise.resolve(tokens.shift() ?? '');
    const { server, client } = await start(data('scalar', [at, '1']), { bearerToken });
    await client.query('up', never);
    await client.query('up', never);
    const sent = server.requests.map((request) => /authorization: (.*)\r/i.exec(request)?.[1]);
    expect(sent).toEqual(['Bearer first', 'Bearer second']);
  });

  it('is an error when the token cannot be read', async () => {
    const bearerToken = () => Promise.reject(new Error("ENOENT: no such file, open '/token'"));
    expect(await query(data('scalar', [at, '1']), { bearerToken })).toEqual({
      kind: 'Error',
      message: "Prometheus: its token cannot be read: ENOENT: no such file, open '/token'",
    });
  });

  it('has no token in its errors', async () => {
    const repeats = say('bad token secret', 'HTTP/1.1 401 X');
    expect(await query(repeats, { bearerToken: token('secret') })).toMatchObject({
      message: 'Prometheus: answered 401: bad token ***',
    });
  });

  it('throws the reason of an abort', async () => {
    const controller = new AbortController();
    const reason = new Error('over');
    const { client } = await start(() => controller.abort(reason));
    await expect(client.query('up', controller.signal)).rejects.toBe(reason);
  });
});

test('an address that is none is refused at once', () => {
  for (const url of ['', 'prometheus', 'prometheus:9090', 'file:///etc/passwd']) {
    expect(() => new PrometheusClient({ url, clock: realClock })).toThrow(/Invalid URL|no address of HTTP/);
  }
});

test('{{revision}} is replaced wherever it is, and by nothing that could leave its string', () => {
  expect(renderQuery('a{r="{{revision}}"} / b{r="{{revision}}"}', '7f3c')).toBe('a{r="7f3c"} / b{r="7f3c"}');
  expect(renderQuery('a{r="{{ revision }}"}', '7f3c')).toBe('a{r="{{ revision }}"}');
  for (const revision of ['', '"} or up', '7f3c"', 'a b', '$&', 'a\n', '-a']) {
    expect(() => renderQuery('{{revision}}', revision)).toThrow(RangeError);
  }
});
