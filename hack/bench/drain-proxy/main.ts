/**
 * `node hack/bench/drain-proxy/main.ts [ROUNDS]`: what the proxy in each pod costs (docs/adr/0017-drain-proxy.md), beside no proxy and
 * nginx, over loopback in front of an upstream that answers at once. Prints the median of the rounds, which are interleaved, and their spread.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { describeMachine, machineLine } from '../machine.ts';
import { median, spread } from '../statistics.ts';
import { PROXIES, startProxy } from './proxies.ts';

const CALLS = 1_000;
const STREAMS = 10;
const STREAM_ROUNDS = 5;
const CONNECTIONS = 16;
const THROUGHPUT_MS = 3_000;

/** Milliseconds, milliseconds, requests per second. */
interface Sample {
  readonly call: number;
  readonly firstToken: number;
  readonly throughput: number;
}

const COLUMNS = {
  call: { name: 'a short call, P50', unit: 'ms', decimals: 2 },
  firstToken: { name: `the first token of ${STREAMS} streams at once, P50`, unit: 'ms', decimals: 1 },
  throughput: { name: `requests over ${CONNECTIONS} connections`, unit: '1/s', decimals: 0 },
} as const;

async function measure(url: string): Promise<Sample> {
  const agent = new Agent({ connections: CONNECTIONS, pipelining: 1 });
  const call = async (): Promise<number> => {
    const begun = performance.now();
    const response = await request(`${url}/call`, { method: 'POST', dispatcher: agent, body: '{"prompt":"2+2="}' });
    await response.body.json();
    return performance.now() - begun;
  };
  const firstToken = async (): Promise<number> => {
    const begun = performance.now();
    const response = await request(`${url}/stream`, { method: 'POST', dispatcher: agent, body: '{"prompt":"2+2="}' });
    let first: number | undefined;
    let text = '';
    for await (const chunk of response.body) {
      first ??= performance.now() - begun;
      text += String(chunk);
    }
    if (first === undefined || !text.endsWith('[DONE]\n\n')) throw new Error(`${url} cut a stream.`);
    return first;
  };
  try {
    for (let warm = 0; warm < 100; warm++) await call();
    const calls: number[] = [];
    for (let number = 0; number < CALLS; number++) calls.push(await call());
    const firsts: number[] = [];
    for (let round = 0; round < STREAM_ROUNDS; round++)
      firsts.push(...(await Promise.all(Array.from({ length: STREAMS }, firstToken))));
    let done = 0;
    const end = performance.now() + THROUGHPUT_MS;
    const client = async (): Promise<void> => {
      for (; performance.now() < end; done++) await call();
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, client));
    return { call: median(calls), firstToken: median(firsts), throughput: done / (THROUGHPUT_MS / 1000) };
  } finally {
    await agent.destroy();
  }
}

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
  const samples = new Map<string, Sample[]>(ways.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, at] of ways) samples.get(name)?.push(await measure(`http://127.0.0.1:${at}`));
  process.stdout.write(`${machineLine(describeMachine())}\n`);
  for (const [key, { name, unit, decimals }] of Object.entries(COLUMNS)) {
    process.stdout.write(`${name}:\n`);
    for (const [proxy, all] of samples) {
      const values = all.map((sample) => sample[key as keyof Sample]);
      const figures = `${median(values).toFixed(decimals)} ${unit} (${spread(values, decimals)})`;
      process.stdout.write(`  ${proxy.padEnd(8)} ${figures}\n`);
    }
  }
} finally {
  for (const stop of stops) await stop();
  upstream.kill();
  await rm(dir, { recursive: true, force: true });
}
