import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { FakeClock } from '../../../operator/kube/testing/fake-clock.ts';
import { freePortOnAllAddresses } from '../ports.ts';
import { parseExposition } from '../testing/exposition.ts';
import { passTime } from '../testing/time.ts';
import { llamaCpp } from './llama-cpp/persona.ts';
import { sglang } from './sglang/persona.ts';
import { tensorRTLLM } from './tensorrt-llm/persona.ts';
import type { Behaviour, Engine, EnginePersona, EngineSpec } from './types.ts';
import { vllm } from './vllm/persona.ts';

const spec: EngineSpec = {
  servedNames: ['chat'],
  maxModelLen: 1000,
  maxNumSeqs: 8,
  apiKeys: [],
  shutdownTimeoutSeconds: 0,
  model: 'org/model',
  reasoning: 'none',
  port: 8000,
  kvCacheTokens: 8000,
  gpuMemoryUtilization: 0.9,
  metrics: true,
};
const good: Behaviour = { errorRate: 0, slowFactor: 1, wrongAnswers: false };
const host = '127.244.3.9';
const engines = [vllm, sglang, tensorRTLLM, llamaCpp].map((persona) => [persona.name, persona] as const);

/** Where an engine shows its metrics, what runs, and the time to the first token (llama.cpp: the time of prompts). */
const METRICS: Readonly<Record<string, readonly [path: string, running: string, firstToken: string]>> = {
  vLLM: ['/metrics', 'vllm:num_requests_running', 'vllm:time_to_first_token_seconds_sum'],
  SGLang: ['/metrics', 'sglang:num_running_reqs', 'sglang:time_to_first_token_seconds_sum'],
  'TensorRT-LLM': ['/prometheus/metrics', 'trtllm_num_requests_running', 'trtllm_time_to_first_token_seconds_sum'],
  'llama.cpp': ['/metrics', 'llamacpp:requests_processing', 'llamacpp:prompt_seconds_total'],
};

class Bench {
  readonly clock = new FakeClock();
  readonly engine: Engine;
  readonly persona: EnginePersona;
  behaviour = good;
  port = 0;

  constructor(persona: EnginePersona, key = '') {
    this.persona = persona;
    this.engine = persona.serve(spec, {
      clock: this.clock,
      seed: 1,
      key,
      latency: { timeToFirstToken: 0.1, interTokenLatency: 0.02, perPromptToken: 0 },
      behaviour: () => this.behaviour,
    });
    benches.push(this);
  }

  async start(behaviour: Partial<Behaviour> = {}): Promise<this> {
    this.behaviour = { ...good, ...behaviour };
    this.port = await freePortOnAllAddresses();
    await this.engine.listen(host, this.port);
    this.engine.loaded();
    return this;
  }

  /** Status and text of the answer, with the simulated seconds that it took; `cut` when its connection was. */
  async ask(path: string, body?: object): Promise<{ status: number; text: string; cut: boolean; seconds: number }> {
    const started = this.clock.monotonic();
    const answer = (async () => {
      const method = body === undefined ? 'GET' : 'POST';
      const headers = { 'content-type': 'application/json', connection: 'close' };
      const call = request({ host, port: this.port, path, method, headers, agent: false });
      call.end(body && JSON.stringify(body));
      let text = '';
      try {
        const [response] = (await once(call, 'response')) as [IncomingMessage];
        for await (const chunk of response) text += String(chunk);
        return { status: response.statusCode ?? 0, text, cut: false };
      } catch {
        return { status: 0, text, cut: true };
      }
    })();
    const ended = await passTime(this.clock, answer, 10);
    return { ...ended, seconds: (this.clock.monotonic() - started) / 1000 };
  }

  /** Gives up on a request after two seconds of real time; whether the engine had begun to answer. */
  async hangsOn(path: string, body?: object): Promise<boolean> {
    const options = body && {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    };
    const signal = AbortSignal.timeout(300);
    const call = fetch(`http://${host}:${this.port}${path}`, { ...options, signal }).then((answer) => answer.text());
    return passTime(
      this.clock,
      call.then(
        () => false,
        () => signal.aborted,
      ),
    );
  }

  async metric(name: string): Promise<number> {
    const [path = ''] = METRICS[this.persona.name] ?? [];
    const samples = parseExposition((await this.ask(path)).text);
    return samples.filter((sample) => sample.name === name).reduce((sum, { value }) => sum + value, 0);
  }
}

const benches: Bench[] = [];
afterEach(async () => {
  await Promise.all(benches.splice(0).map(({ engine }) => engine.kill()));
});

const prompt = { model: 'chat', prompt: '2+2=' };
const stream = { model: 'chat', prompt: 'x', stream: true, ignore_eos: true, max_tokens: 20 };

describe.each(engines)('a bad version of %s', (name, persona) => {
  const [, running = '', firstToken = ''] = METRICS[name] ?? [];

  it('is slow to its first token alone, and its metrics say so', async () => {
    const bench = await new Bench(persona).start({ firstTokenFactor: 10 });
    const { text } = await bench.ask('/v1/completions', prompt);
    expect(text).toContain('4');
    expect(await bench.metric(firstToken)).toBeCloseTo(1);
    bench.behaviour = good;
    await bench.ask('/v1/completions', prompt);
    expect(await bench.metric(firstToken)).toBeCloseTo(1.1);
  });

  it('cuts streams half way', async () => {
    const bench = await new Bench(persona).start({ cutRate: 1 });
    const { cut, text } = await bench.ask('/v1/completions', stream);
    expect(cut).toBe(true);
    expect(text).toContain('data: ');
    expect(text).not.toContain('[DONE]');
    expect((await bench.ask('/v1/completions', prompt)).cut).toBe(true);
    expect(bench.engine.requests).toEqual({ total: 2, errors: 2, inFlight: 0 });
    expect(await bench.metric(running)).toBe(0);
  });

  it.each<[string, Partial<Behaviour>]>([
    ['stalls half way', { stallRate: 1 }],
    ['makes no token any more', { hang: 'tokens' }],
  ])('%s, while its health check is fine', async (_, behaviour) => {
    const bench = await new Bench(persona).start(behaviour);
    expect(await bench.hangsOn('/v1/completions', stream)).toBe(true);
    expect((await bench.ask('/health')).status).toBe(200);
    bench.behaviour = good;
    expect((await bench.ask('/v1/completions', stream)).text).toContain('[DONE]');
  });

  it('answers nothing at all', async () => {
    const bench = await new Bench(persona).start({ hang: 'everything', unhealthy: true });
    expect(await bench.hangsOn('/health')).toBe(true);
    expect(await bench.hangsOn('/v1/models')).toBe(true);
  });

  it('fails its health check and serves on', async () => {
    const bench = await new Bench(persona).start({ unhealthy: true });
    expect((await bench.ask('/health')).status).toBe(503);
    expect((await bench.ask('/v1/completions', prompt)).status).toBe(200);
  });
});

describe('noise', () => {
  /** Seconds of 40 requests of one token. */
  const latencies = async (key: string, latencySigma: number): Promise<number[]> => {
    const bench = await new Bench(vllm, key).start({ latencySigma });
    const seconds: number[] = [];
    for (let count = 0; count < 40; count++) {
      const before = await bench.metric('vllm:time_to_first_token_seconds_sum');
      await bench.ask('/v1/completions', { ...prompt, max_tokens: 1 });
      seconds.push((await bench.metric('vllm:time_to_first_token_seconds_sum')) - before);
    }
    return seconds;
  };

  it('is lognormal about the latency of the engine, the same for the same seed and key', async () => {
    const seconds = await latencies('a', 0.2);
    const logs = seconds.map((second) => Math.log(second / 0.1));
    const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
    const sigma = Math.sqrt(logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1));
    // Of 40 draws: three standard errors of the mean (0.2/sqrt(40)) and of sigma (0.2/sqrt(78)).
    expect(Math.abs(mean)).toBeLessThan(0.095);
    expect(Math.abs(sigma - 0.2)).toBeLessThan(0.068);
    const [first, second] = [await latencies('a', 0.2), await latencies('b', 0.2)];
    first.forEach((value, index) => expect(value).toBeCloseTo(seconds[index] ?? 0, 6));
    expect(second[0]).not.toBeCloseTo(seconds[0] ?? 0, 3);
    // 120 requests, two reads of the metrics with each.
  }, 60_000);
});
