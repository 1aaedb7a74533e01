import { Agent, request } from 'undici';
import { describeMachine, machineLine } from '../machine.ts';
import { median, spread } from '../statistics.ts';

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

/** An engine, or what stands in front of one. */
export interface Target {
  readonly url: string;
  /** What is posted where, for a short answer and for a stream of server-sent events. */
  readonly call: Question;
  readonly stream: Question;
}

interface Question {
  readonly path: string;
  readonly body: object;
}

const COLUMNS = {
  call: { name: 'a short call, P50', unit: 'ms', decimals: 2 },
  firstToken: { name: `the first token of ${STREAMS} streams at once, P50`, unit: 'ms', decimals: 1 },
  throughput: { name: `requests over ${CONNECTIONS} connections`, unit: '1/s', decimals: 0 },
} as const;

/** One round: short calls one after the other, streams at once, and as many short calls as go. Throws where an answer is not whole. */
export async function measure(
  { url, call: short, stream }: Target,
  { calls: count = CALLS, throughputMs = THROUGHPUT_MS } = {},
): Promise<Sample> {
  const agent = new Agent({ connections: CONNECTIONS, pipelining: 1 });
  const headers = { 'content-type': 'application/json' };
  const post = ({ path, body }: Question) =>
    request(`${url}${path}`, { method: 'POST', dispatcher: agent, headers, body: JSON.stringify(body) });
  const call = async (): Promise<number> => {
    const begun = performance.now();
    const response = await post(short);
    await response.body.json();
    if (response.statusCode !== 200) throw new Error(`${url} answers ${response.statusCode}.`);
    return performance.now() - begun;
  };
  const firstToken = async (): Promise<number> => {
    const begun = performance.now();
    const response = await post(stream);
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
    for (let warm = 0; warm < count / 10; warm++) await call();
    const calls: number[] = [];
    for (let number = 0; number < count; number++) calls.push(await call());
    const firsts: number[] = [];
    for (let round = 0; round < STREAM_ROUNDS; round++)
      firsts.push(...(await Promise.all(Array.from({ length: STREAMS }, firstToken))));
    let done = 0;
    const end = performance.now() + throughputMs;
    const client = async (): Promise<void> => {
      for (; performance.now() < end; done++) await call();
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, client));
    return { call: median(calls), firstToken: median(firsts), throughput: done / (throughputMs / 1000) };
  } finally {
    await agent.destroy();
  }
}

/** The machine, and the median of the rounds of each way with their spread, for people. */
export function describeSamples(ways: ReadonlyMap<string, readonly Sample[]>): string {
  const columns = Object.entries(COLUMNS).map(([key, { name, unit, decimals }]) => {
    const lines = [...ways].map(([way, all]) => {
      const values = all.map((sample) => sample[key as keyof Sample]);
      return `  ${way.padEnd(8)} ${median(values).toFixed(decimals)} ${unit} (${spread(values, decimals)})\n`;
    });
    return `${name}:\n${lines.join('')}`;
  });
  return `${machineLine(describeMachine())}\n${columns.join('')}`;
}
