import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunningEngine, findLlamaServer, freePort, tinyGguf } from '../../hack/engine-check/index.ts';
import type { Program } from '../../hack/engine-check/index.ts';
import { parseDeepSeekDeployment } from '../../operator/api/index.ts';
import { metricNames, renderEngine } from '../../operator/engines/index.ts';
import type { EngineContainer } from '../../operator/engines/index.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { plan } from '../../operator/planner/index.ts';
import type { ServingPlan } from '../../operator/planner/index.ts';
import { llamaCpp } from '../simulator/engines/llama-cpp/persona.ts';
import type { Engine, Launch, StartResult } from '../simulator/engines/types.ts';
import { eventually } from '../support/index.ts';
import { ask, eventShapes, metricTypes, shapeOf } from './answers.ts';
import type { Answer } from './answers.ts';

/** The first run downloads the engine. */
const FETCH_MS = 300_000;
const TEST_MS = 60_000;
const wait = { timeoutMs: 30_000 };

interface Rendered {
  readonly container: EngineContainer;
  readonly plan: ServingPlan;
}

function render(spec: object): Rendered {
  const parsed = parseDeepSeekDeployment({
    apiVersion: 'deepseek-operator.io/v1alpha1',
    kind: 'DeepSeekDeployment',
    metadata: { name: 'chat', namespace: 'ai' },
    spec,
  });
  if (!parsed.ok) throw new Error(parsed.message);
  const result = plan(parsed.value.spec);
  if (!result.accepted) throw new Error(result.message);
  return { container: renderEngine(result.plan, parsed.value), plan: result.plan };
}

const onCpu = {
  model: {
    name: 'deepseek-r1-distill-qwen-1.5b',
    servedNames: ['chat', 'alias'],
    maxModelLen: 2048,
    source: { persistentVolumeClaim: { claimName: 'weights', path: 'tiny.gguf' } },
  },
  accelerator: { type: 'CPU' },
  engine: { type: 'llama.cpp' },
  quantization: { type: 'GGUF' },
};

/** The rendered arguments, with the file of this test and an address of this machine. */
function localArguments(args: readonly string[], model: string, port: number): string[] {
  const own: Readonly<Record<string, string>> = { '--model': model, '--host': '127.0.0.1', '--port': String(port) };
  const local = args.map((arg, index) => own[args[index - 1] ?? ''] ?? arg);
  expect(local).toEqual(expect.arrayContaining([model, '127.0.0.1', String(port)]));
  return local;
}

function simulate(args: readonly string[], environment: Readonly<Record<string, string>> = {}): StartResult {
  const launch: Launch = {
    command: ['/app/llama-server'],
    args,
    environment: new Map(Object.entries(environment)),
    gpuCount: 0,
  };
  expect(llamaCpp.matches(launch)).toBe(true);
  return llamaCpp.start(launch);
}

function simulatedEngine(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Engine {
  const started = simulate(args, environment);
  if (!started.accepted) throw new Error(started.log);
  return llamaCpp.serve(started.engine, {
    clock: systemClock,
    seed: 1,
    latency: { timeToFirstToken: 0.01, interTokenLatency: 0.005, perPromptToken: 0 },
    behaviour: () => ({ errorRate: 0, slowFactor: 1, wrongAnswers: false }),
  });
}

let program: Program;
let folder: string;
let model: string;
beforeAll(async () => {
  program = await findLlamaServer({ signal: AbortSignal.timeout(FETCH_MS) });
  folder = await mkdtemp(join(tmpdir(), 'llama-'));
  model = join(folder, 'tiny.gguf');
  await writeFile(model, tinyGguf());
}, FETCH_MS);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The real engine and the simulated one, each at an address of its own, from one command line. */
class Pair {
  readonly real: RunningEngine;
  readonly simulated: Engine;
  readonly urls: { readonly real: string; readonly simulated: string };

  private constructor(real: RunningEngine, simulated: Engine, urls: Pair['urls']) {
    this.real = real;
    this.simulated = simulated;
    this.urls = urls;
  }

  static async start(args: readonly string[], file: string, env: Readonly<Record<string, string>> = {}): Promise<Pair> {
    const [port, simulatedPort] = [await freePort(), await freePort()];
    const { command, cwd } = program;
    const real = await RunningEngine.start({ command, cwd, env, args: localArguments(args, file, port) });
    const simulated = simulatedEngine(localArguments(args, file, simulatedPort), env);
    await simulated.listen('127.0.0.1', simulatedPort);
    return new Pair(real, simulated, {
      real: `http://127.0.0.1:${port}`,
      simulated: `http://127.0.0.1:${simulatedPort}`,
    });
  }

  async ready(): Promise<this> {
    await this.real.untilHealthy(`${this.urls.real}/health`, AbortSignal.timeout(wait.timeoutMs));
    this.simulated.loaded();
    return this;
  }

  async ask(path: string, init?: RequestInit): Promise<{ real: Answer; simulated: Answer }> {
    const [real, simulated] = await Promise.all([
      ask(`${this.urls.real}${path}`, init),
      ask(`${this.urls.simulated}${path}`, init),
    ]);
    return { real, simulated };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.real[Symbol.asyncDispose](), this.simulated.kill()]);
  }
}

const post = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const chat = { model: 'chat', messages: [{ role: 'user', content: 'hi' }], max_tokens: 4 };
const completion = { model: 'chat', prompt: 'hello', max_tokens: 4 };
const parse = ({ text }: Answer): unknown => JSON.parse(text);

describe('the real llama-server with our command line', () => {
  let rendered: Rendered;
  let pair: Pair;
  beforeAll(async () => {
    rendered = render(onCpu);
    pair = await (await Pair.start(rendered.container.args, model)).ready();
  }, TEST_MS);
  afterAll(async () => pair[Symbol.asyncDispose]());

  it('answers the probes and shows every metric that we name', async () => {
    const { container, plan: serving } = rendered;
    for (const { httpGet } of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
      const { real, simulated } = await pair.ask(httpGet?.path ?? '');
      expect([real, simulated]).toMatchObject([{ status: 200 }, { status: 200 }]);
    }
    const { real } = await pair.ask(container.metricsPath);
    const names = metricTypes(real.text).map((line) => line.split(' ')[0]);
    const ours = Object.values(metricNames(serving.engine));
    expect(ours.length).toBeGreaterThan(3);
    expect(names).toEqual(expect.arrayContaining(ours));
  });

  it('serves the names of the spec, and as many tokens for each request as were planned', async () => {
    const { real, simulated } = await pair.ask('/v1/models');
    // Sorted: the first name of the spec is not always the one that it calls itself.
    const names = { id: 'alias', aliases: ['alias', 'chat'] };
    expect(parse(real)).toMatchObject({ data: [{ ...names, meta: { n_ctx: rendered.plan.maxModelLen } }] });
    expect(parse(simulated)).toMatchObject({ data: [names] });
    const slots = parse((await pair.ask('/slots')).real) as readonly object[];
    expect(slots.map((slot) => 'n_ctx' in slot && slot.n_ctx)).toEqual(slots.map(() => rendered.plan.maxModelLen));
  });

  it('shows the metrics that the simulated one shows', async () => {
    await pair.ask('/v1/completions', post(completion));
    const { real, simulated } = await pair.ask('/metrics');
    expect(metricTypes(real.text).length).toBeGreaterThan(10);
    expect(metricTypes(simulated.text)).toEqual(metricTypes(real.text));
    expect(simulated.contentType).toBe(real.contentType);
  });

  it.each<[string, string, RequestInit | undefined]>([
    ['health', '/health', undefined],
    ['models', '/v1/models', undefined],
    ['properties', '/props', undefined],
    ['a completion', '/v1/completions', post(completion)],
    ['a completion of an unknown model', '/v1/completions', post({ ...completion, model: 'other' })],
    ['a completion without a content type', '/v1/completions', { method: 'POST', body: JSON.stringify(completion) }],
    ['a chat', '/v1/chat/completions', post(chat)],
    ['a prompt that is too long', '/v1/completions', post({ ...completion, prompt: 'word '.repeat(3_000) })],
  ])('%s has the shape of the simulated answer', async (_, path, init) => {
    const { real, simulated } = await pair.ask(path, init);
    const view = (answer: Answer) => ({ ...answer, text: shapeOf(parse(answer)) });
    expect(view(simulated)).toEqual(view(real));
  });

  it.each<[string, string, RequestInit | undefined]>([
    ['an unknown route', '/v1/nothing', undefined],
    ['the wrong method', '/v1/completions', undefined],
    ['vLLM’s version', '/version', undefined],
    ['no JSON', '/v1/completions', post('{bad')],
    ['an array', '/v1/completions', post([])],
    ['no prompt', '/v1/completions', post({ max_tokens: 2 })],
    ['a prompt of the wrong type', '/v1/completions', post({ prompt: 5 })],
    ['a limit of the wrong type', '/v1/completions', post({ ...completion, max_tokens: 'many' })],
    ['no messages', '/v1/chat/completions', post({ max_tokens: 2 })],
    ['messages of the wrong type', '/v1/chat/completions', post({ ...chat, messages: 'hi' })],
    ['a message without a role', '/v1/chat/completions', post({ ...chat, messages: [{ content: 'hi' }] })],
  ])('refuses %s in the words of the simulated one', async (_, path, init) => {
    const { real, simulated } = await pair.ask(path, init);
    expect(real.status).toBeGreaterThanOrEqual(400);
    expect({ ...simulated, text: parse(simulated) }).toEqual({ ...real, text: parse(real) });
  });

  it.each<[string, string, object]>([
    ['a completion', '/v1/completions', completion],
    ['a chat', '/v1/chat/completions', chat],
    ['a chat with usage', '/v1/chat/completions', { ...chat, stream_options: { include_usage: true } }],
  ])('streams %s in the events of the simulated one', async (_, path, body) => {
    // Letters: a first token that is half of a character makes the real engine leave out the event with the role.
    const letters = { ignore_eos: true, grammar: 'root ::= [a-z]+' };
    const { real, simulated } = await pair.ask(path, post({ ...body, ...letters, stream: true }));
    expect(real.status).toBe(200);
    expect(eventShapes(real.text).at(-1)).toBe('[DONE]');
    expect(eventShapes(simulated.text)).toEqual(eventShapes(real.text));
    expect(simulated.contentType).toBe(real.contentType);
  });
});

describe('while it loads', () => {
  it(
    'both answer 503 to everything',
    async () => {
      // A pipe that nobody writes to: the model never comes.
      const pipe = join(folder, 'pipe.gguf');
      execFileSync('mkfifo', [pipe]);
      await using pair = await Pair.start(render(onCpu).container.args, pipe);
      await eventually(async () => expect((await ask(`${pair.urls.real}/health`)).status).toBe(503), wait);
      for (const path of ['/health', '/v1/models', '/metrics', '/nothing']) {
        const { real, simulated } = await pair.ask(path);
        expect(real.status).toBe(503);
        expect({ ...simulated, text: parse(simulated) }).toEqual({ ...real, text: parse(real) });
      }
    },
    TEST_MS,
  );
});

describe('with the key from the environment that we set', () => {
  it(
    'both keep everything but /health to themselves, the metrics too',
    async () => {
      const { args, env } = render({
        ...onCpu,
        engine: { ...onCpu.engine, apiKeySecretRef: { name: 's', key: 'k' } },
      }).container;
      const name = env.find(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined)?.name ?? 'missing';
      await using pair = await (await Pair.start(args, model, { [name]: 'secret' })).ready();
      const headers = { authorization: 'Bearer secret' };
      for (const [path, init, status] of [
        ['/health', {}, 200],
        ['/v1/models', {}, 401],
        ['/metrics', {}, 401],
        ['/nothing', {}, 401],
        ['/v1/models', { headers }, 200],
        ['/metrics', { headers }, 200],
      ] as const) {
        const { real, simulated } = await pair.ask(path, init);
        expect({ path, real: real.status, simulated: simulated.status }).toEqual({
          path,
          real: status,
          simulated: status,
        });
        if (status === 401) expect(parse(simulated)).toEqual(parse(real));
      }
    },
    TEST_MS,
  );
});

describe('a command line that llama-server refuses', () => {
  it.each(
    [
      ['--bogus'],
      ['--tensor-parallel-size', '2'],
      ['extra'],
      ['--host=127.0.0.1'],
      ['--model'],
      ['--ctx-size', 'many'],
      ['--n_gpu_layers', 'some'],
      ['--flash-attn', 'maybe'],
      ['--split-mode', 'rows'],
      ['--cache-type-k', 'q9'],
      ['--temp', 'hot'],
      ['--draft', '4'],
    ].map((args) => [args] as const),
  )('%j: ends with the status and the words of the simulated one', async (args) => {
    const simulated = simulate(args);
    const { command, cwd } = program;
    await using real = await RunningEngine.start({ command, cwd, args });
    const exitCode = await real.ended(AbortSignal.timeout(wait.timeoutMs));
    if (simulated.accepted) throw new Error(`the simulated llama-server accepts ${args.join(' ')}`);
    const complaint = real.log.split('\n').find((line) => line.startsWith('error'));
    expect({ exitCode: simulated.exitCode, complaint: simulated.log.trim() }).toEqual({ exitCode, complaint });
  });
});

describe('SIGTERM', () => {
  it(
    'stops generation at once: open streams get nothing more, and are cut at their next ping',
    async () => {
      // Shortens the wait, which is 30 s by default.
      const args = [...render(onCpu).container.args, '--sse-ping-interval', '2'];
      await using pair = await (await Pair.start(args, model)).ready();
      const outcomes = await Promise.all([
        endOfStream(pair.urls.real, async () => {
          pair.real.terminate();
          return pair.real.ended(AbortSignal.timeout(wait.timeoutMs));
        }),
        endOfStream(pair.urls.simulated, () => pair.simulated.terminate(60)),
      ]);
      for (const outcome of outcomes) {
        expect(outcome).toEqual({ exitCode: 0, done: false, cut: true, refused: true });
      }
    },
    TEST_MS,
  );

  it(
    'ends an idle engine at once',
    async () => {
      await using pair = await (await Pair.start(render(onCpu).container.args, model)).ready();
      // It is ready before it handles signals; with an answer it does.
      await pair.ask('/v1/completions', post(completion));
      pair.real.terminate();
      expect(await pair.real.ended(AbortSignal.timeout(wait.timeoutMs))).toBe(0);
      expect(await pair.simulated.terminate(60)).toBe(0);
    },
    TEST_MS,
  );
});

describe('the preStop command', () => {
  /** Runs it against this engine, with its waits as they are but for the first. */
  async function runPreStop(url: string, env: Readonly<Record<string, string>> = {}): Promise<number | null> {
    const { container } = render({ ...onCpu, termination: { preStopDelay: '0s', drainDeadline: '60s' } });
    const [shell = '', ...args] = (container.preStopCommand ?? []).map((part) =>
      part.replaceAll(`http://127.0.0.1:${container.port}`, url),
    );
    const signal = AbortSignal.timeout(TEST_MS);
    const child = spawn(shell, args, { stdio: 'ignore', env: { PATH: process.env['PATH'] ?? '', ...env }, signal });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  }

  it(
    'ends at once when nothing runs, and outlasts a request that does',
    async () => {
      await using pair = await (await Pair.start(render(onCpu).container.args, model)).ready();
      expect(await runPreStop(pair.urls.real)).toBe(0);

      const body = { prompt: 'x', stream: true, ignore_eos: true, max_tokens: 400 };
      const response = await fetch(`${pair.urls.real}/v1/completions`, post(body));
      const order: string[] = [];
      const stream = response.text().then((text) => {
        order.push('stream');
        return text;
      });
      const preStop = runPreStop(pair.urls.real).then((code) => {
        order.push('preStop');
        return code;
      });
      expect(await stream).toContain('[DONE]');
      expect(await preStop).toBe(0);
      expect(order).toEqual(['stream', 'preStop']);
    },
    TEST_MS,
  );

  it(
    'knows the API key',
    async () => {
      const env = { LLAMA_API_KEY: 'secret' };
      await using pair = await (await Pair.start(render(onCpu).container.args, model, env)).ready();
      expect(await runPreStop(pair.urls.real, env)).toBe(0);
    },
    TEST_MS,
  );
});

/** What a client sees whose stream runs while the engine is told to end. */
async function endOfStream(url: string, terminate: () => Promise<number>) {
  const body = { prompt: 'x', stream: true, ignore_eos: true, max_tokens: 2_000 };
  const response = await fetch(`${url}/v1/completions`, post(body));
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader.read()).value ?? '';
  const ended = terminate();
  let cut = false;
  const reading = (async () => {
    try {
      for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
    } catch {
      cut = true;
    }
  })();
  let refused = false;
  await eventually(async () => {
    await expect(fetch(`${url}/health`, { headers: { connection: 'close' } })).rejects.toThrow();
    refused = true;
  }, wait);
  const exitCode = await ended;
  await reading;
  return { exitCode, done: text.includes('[DONE]'), cut, refused };
}
