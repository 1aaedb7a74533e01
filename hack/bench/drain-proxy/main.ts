/**
 * `node hack/bench/drain-proxy/main.ts [ROUNDS]`: what the proxy in each pod costs (docs/adr/0017-drain-proxy.md), beside no proxy and
 * nginx, over loopback in front of an upstream that answers at once. Prints the median of the rounds, which are interleaved, and their spread.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeSamples, measure, type Target } from './measure.ts';
import { PROXIES, startProxy } from './proxies.ts';

const PROMPT = { prompt: '2+2=' };
const target = (port: number): Target => ({
  url: `http://127.0.0.1:${port}`,
  call: { path: '/call', body: PROMPT },
  stream: { path: '/stream', body: PROMPT },
});

const rounds = Number(process.argv[2] ?? 6);
const signal = AbortSignal.timeout(600_000);
const dir = await mkdtemp(join(tmpdir(), 'drain-proxy-'));
const upstream = spawn(process.execPath, [join(import.meta.dirname, 'upstream.ts')], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const stops: (() => Promise<unknown>)[] = [];
try {
  const [line] = (await once(upstream.stdout, 'data', { signal })) as [Buffer];
  const port = Number(line.toString());
  const ways: [string, number][] = [['none', port]];
  for (const proxy of PROXIES) {
    const running = await startProxy(proxy, port, dir, signal);
    stops.push(() => running.stop());
    ways.push([proxy, running.port]);
  }
  const samples = new Map(ways.map(([name]) => [name, [] as Awaited<ReturnType<typeof measure>>[]]));
  for (let round = 0; round < rounds; round++)
    for (const [name, at] of ways) samples.get(name)?.push(await measure(target(at)));
  process.stdout.write(describeSamples(samples));
} finally {
  for (const stop of stops) await stop();
  upstream.kill();
  await rm(dir, { recursive: true, force: true });
}
