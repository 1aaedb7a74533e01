import { afterEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../operator/kube/testing/fake-clock.ts';
import { loopbackAddress } from '../addresses.ts';
import type { NodeGpu } from '../engines/types.ts';
import { freePortOnAllAddresses } from '../ports.ts';
import type { PodBehaviour } from '../rules.ts';
import { passTime, passTimeUntil } from '../testing/time.ts';
import { PodLife } from './life.ts';
import type { PodReport } from './life.ts';
import type { Container, Pod } from './types.ts';

/** 100 s of startup budget: a model loads in 20 to 60 s. */
const engine: Container = {
  name: 'engine',
  image: 'vllm/vllm-openai:v0.32.0',
  command: ['vllm', 'serve'],
  args: ['org/m', '--port', '8000', '--shutdown-timeout', '20'],
  startupProbe: { periodSeconds: 10, failureThreshold: 10 },
  terminationMessagePolicy: 'FallbackToLogsOnError',
  resources: { limits: { 'nvidia.com/gpu': '1' } },
  lifecycle: { preStop: { sleep: { seconds: 5 } } },
};

function podOf(container: Partial<Container> = {}, more: Partial<Pod['metadata']> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'chat-1', namespace: 'ai', uid: 'u1', ...more },
    spec: { nodeName: 'a100-0', containers: [{ ...engine, ...container }], terminationGracePeriodSeconds: 40 },
    status: { podIP: '10.244.5.9' },
  };
}

class Scene {
  readonly clock = new FakeClock();
  readonly reports: PodReport[] = [];
  readonly life: PodLife;
  behaviour: PodBehaviour;
  drained = 0;
  readonly port: number;

  constructor(
    port: number,
    pod: Pod,
    options: { behaviour?: PodBehaviour; adopted?: PodReport; gpu?: NodeGpu; seed?: number } = {},
  ) {
    this.port = port;
    this.behaviour = options.behaviour ?? {};
    const { gpu = { name: 'NVIDIA A100', computeCapability: 8 }, seed = 1, adopted } = options;
    this.life = new PodLife(
      pod,
      'ai/chat/0',
      adopted,
      {
        clock: this.clock,
        seed,
        timeScale: 1,
        latency: { timeToFirstToken: 0.05, interTokenLatency: 0.02, perPromptToken: 0 },
        addressOf: (podIP) => ({ host: loopbackAddress(podIP), port }),
        readKey: (kind, _, { name, key }) =>
          Promise.resolve(`${kind}/${name}/${key}` === 'Secret/keys/api' ? 's3cret' : undefined),
      },
      {
        behaviour: () => this.behaviour,
        hardware: () => ({ gpu }),
        report: (report) => void this.reports.push(report),
        drained: () => {
          this.drained++;
        },
      },
    );
    this.life.start();
  }

  get states(): string[] {
    return this.reports.map(({ state }) => state);
  }

  /** Seconds on the clock when the pod first reports `state`. */
  async until(state: string): Promise<number> {
    const seen = this.reports.length;
    await passTimeUntil(this.clock, () => this.reports.slice(seen).some((report) => report.state === state), 100);
    return this.clock.monotonic() / 1000;
  }

  rule(behaviour: PodBehaviour): void {
    this.behaviour = behaviour;
    this.life.changed();
  }

  async health(): Promise<number | string> {
    try {
      return (await fetch(`http://127.244.5.9:${this.port}/health`)).status;
    } catch (error) {
      return ((error as Error).cause as { code: string }).code;
    }
  }
}

let scene: Scene;
async function play(pod = podOf(), options: ConstructorParameters<typeof Scene>[2] = {}): Promise<Scene> {
  scene = new Scene(await freePortOnAllAddresses(), pod, options);
  return scene;
}
afterEach(async () => {
  await scene.life.kill();
  expect(scene.clock.pendingTimers).toBe(0);
});

describe('a pod whose engine loads', () => {
  it('refuses connections until it is ready, within the startup budget', async () => {
    await play();
    await scene.clock.advance(10_000);
    expect(scene.states).toEqual(['loading']);
    expect(await scene.health()).toBe('ECONNREFUSED');
    const seconds = await scene.until('ready');
    expect(seconds).toBeGreaterThanOrEqual(20);
    expect(seconds).toBeLessThanOrEqual(60.1);
    expect(await scene.health()).toBe(200);
  });

  it('draws its load time from seed and history', async () => {
    const times: number[] = [];
    for (const seed of [1, 1, 2]) {
      await play(podOf(), { seed });
      times.push(await scene.until('ready'));
      await scene.life.kill();
    }
    expect(times[0]).toBe(times[1]);
    expect(times[2]).not.toBe(times[0]);
  });

  it('takes the time that a rule gives it, also when the rule comes later', async () => {
    await play(podOf(), { behaviour: { loadSeconds: 90 } });
    await scene.clock.advance(30_000);
    scene.rule({ loadSeconds: 40 });
    expect(await scene.until('ready')).toBeCloseTo(40, 0);
  });

  it('waits for the address of its pod', async () => {
    const { status, ...withoutAddress } = podOf();
    await play(withoutAddress);
    await scene.clock.advance(200_000);
    expect(scene.states).toEqual(['loading']);
    scene.life.update({ ...withoutAddress, ...(status && { status }) });
    await passTimeUntil(scene.clock, () => scene.states.includes('ready'));
  });

  it('is ready at once when an earlier simulator had it ready', async () => {
    await play(podOf(), { adopted: { state: 'ready', restarts: 2 } });
    expect(await scene.until('ready')).toBeLessThan(2);
    expect(scene.reports).toEqual([{ state: 'ready', restarts: 2 }]);
  });
});

describe('a pod whose engine fails', () => {
  it.each<[PodBehaviour, Partial<PodReport> & { message: string }]>([
    [{ failure: 'crash' }, { state: 'crashed', exitCode: 1, message: 'RuntimeError: the simulator was told to crash' }],
    [
      { failure: 'crash', exitCode: 139, message: 'segfault' },
      { state: 'crashed', exitCode: 139, message: 'segfault' },
    ],
    [{ failure: 'oom' }, { state: 'oom-killed', exitCode: 137, message: '' }],
    [
      { failure: 'cuda-oom' },
      { state: 'crashed', exitCode: 1, message: 'Engine core initialization failed. See root cause above.' },
    ],
    [
      { failure: 'gated' },
      { state: 'crashed', exitCode: 1, message: 'Cannot access gated repo for url https://huggingface.co/org/m' },
    ],
    [{ failure: 'never-ready' }, { state: 'crashed', exitCode: 137, message: '' }],
    [{ loadSeconds: 101 }, { state: 'crashed', exitCode: 137, message: '' }],
  ])('%j', async (behaviour, { message, ...report }) => {
    await play(podOf(), { behaviour });
    await passTimeUntil(scene.clock, () => scene.reports.length === 2, 100);
    expect(scene.reports[1]).toMatchObject({ ...report, restarts: 1 });
    expect(scene.reports[1]?.message).toContain(message);
    expect(scene.states).toEqual(['loading', report.state]);
  });

  it('is restarted with a growing back-off, and heals when the cause is gone', async () => {
    await play(podOf(), { behaviour: { failure: 'crash', loadSeconds: 2 } });
    const times: number[] = [];
    for (let crash = 0; crash < 4; crash++) times.push(await scene.until('crashed'));
    const gaps = times.slice(1).map((time, index) => Math.round(time - (times[index] ?? 0)));
    expect(gaps).toEqual([11, 21, 41]);
    scene.rule({ loadSeconds: 2 });
    await scene.until('ready');
    expect(scene.life.report).toMatchObject({ state: 'ready', restarts: 4, exitCode: 1 });
  });

  it.each<[string, Partial<Container>, number, string]>([
    [
      'an unknown flag',
      { args: ['org/m', '--max-modell-len', '5'] },
      2,
      'vllm: error: unrecognized arguments: --max-modell-len 5',
    ],
    [
      'more GPUs than it has',
      { args: ['org/m', '-tp', '2'] },
      1,
      'World size (2) is larger than the number of available GPUs (1)',
    ],
    [
      'a program that is not there',
      { command: ['vlllm'], args: [] },
      128,
      'exec: "vlllm": executable file not found in $PATH',
    ],
    ['no wish for logs', { args: ['--x'], terminationMessagePolicy: 'File' }, 2, ''],
  ])('crashes for %s', async (_, container, exitCode, message) => {
    await play(podOf(container));
    await scene.until('crashed');
    expect(scene.life.report).toMatchObject({ exitCode, restarts: 1 });
    expect(scene.life.report.message).toContain(message);
  });

  it('crashes for bfloat16 on the GPU of a T4 node', async () => {
    const pod = podOf({ args: ['org/m', '--dtype', 'bfloat16'] });
    await play(pod, { gpu: { name: 'Tesla T4', computeCapability: 7.5 } });
    await scene.until('crashed');
    expect(scene.life.report.exitCode).toBe(1);
    await scene.life.kill();
    await play(pod);
    await scene.until('ready');
  });

  it('dies while it serves, and no longer answers', async () => {
    await play();
    await scene.until('ready');
    scene.rule({ failure: 'oom' });
    await scene.until('oom-killed');
    expect(await scene.health()).toBe('ECONNREFUSED');
    scene.rule({});
    await scene.until('ready');
    expect(scene.life.report.restarts).toBe(1);
  });

  it('reports an image that cannot be pulled until it can', async () => {
    await play(podOf(), { behaviour: { failure: 'image-pull' } });
    await scene.clock.advance(1_000);
    expect(scene.reports).toMatchObject([{ state: 'image-pull-failed', restarts: 0 }]);
    expect(scene.life.report.message).toContain('vllm/vllm-openai:v0.32.0: not found');
    scene.rule({});
    await scene.until('ready');
    expect(scene.life.report).toEqual({ state: 'ready', restarts: 0 });
  });

  it('waits for a Secret that its environment needs, and uses it', async () => {
    const env = (name: string) => [{ name: 'VLLM_API_KEY', valueFrom: { secretKeyRef: { name, key: 'api' } } }];
    await play(podOf({ env: env('missing') }));
    await scene.until('config-error');
    expect(scene.life.report.message).toBe("couldn't find key api in Secret ai/missing");
    scene.life.update(podOf({ env: env('keys') }));
    await scene.until('ready');
  });
});

describe('a deleted pod', () => {
  const deleted = { deletionTimestamp: '2026-01-01T00:01:00Z', deletionGracePeriodSeconds: 40 };

  it('serves through preStop, then ends', async () => {
    await play();
    await scene.until('ready');
    scene.life.update(podOf({}, deleted));
    await scene.clock.advance(4_900);
    expect(await scene.health()).toBe(200);
    expect(scene.drained).toBe(0);
    await passTimeUntil(scene.clock, () => scene.drained === 1);
    expect(await scene.health()).toBe('ECONNREFUSED');
  });

  it('ends at once when nothing of it runs', async () => {
    await play(podOf(), { behaviour: { failure: 'image-pull' } });
    await scene.clock.advance(1_000);
    scene.life.update(podOf({}, deleted));
    await scene.clock.advance(0);
    expect(scene.drained).toBe(1);
  });

  it('is killed when its grace period is over, before its engine is done', async () => {
    await play(podOf({ args: ['org/m', '--shutdown-timeout', '3000'] }));
    await scene.until('ready');
    const { text } = await openStream(scene);
    const begun = scene.clock.monotonic();
    scene.life.update(podOf({}, deleted));
    await passTimeUntil(scene.clock, () => scene.drained === 1);
    expect((scene.clock.monotonic() - begun) / 1000).toBeCloseTo(40, 0);
    await expect(text).rejects.toThrow();
    expect(scene.life.requests).toEqual({ total: 1, errors: 1, inFlight: 0 });
  });
});

/** A stream of 50 simulated minutes, running. */
async function openStream(on: Scene): Promise<{ readonly text: Promise<string> }> {
  const url = `http://127.244.5.9:${on.port}/v1/completions`;
  const body = JSON.stringify({ prompt: 'x', stream: true, ignore_eos: true, max_tokens: 100_000 });
  const call = fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  const response = await passTime(on.clock, call);
  const text = response.text();
  text.catch(() => undefined);
  return { text };
}

describe('a node that is lost', () => {
  it('takes its engines along without a word, and starts them again when it is back', async () => {
    await play();
    await scene.until('ready');
    const said = scene.reports.length;
    await scene.life.kill();
    expect(await scene.health()).toBe('ECONNREFUSED');
    await scene.clock.advance(300_000);
    expect(scene.reports).toHaveLength(said);
    scene.life.revive();
    await scene.until('ready');
    expect(scene.reports.slice(said)).toEqual([
      { state: 'loading', restarts: 1 },
      { state: 'ready', restarts: 1 },
    ]);
  });
});

describe('a bad version that loads well', () => {
  const served = { loadSeconds: 10 };

  it.each<[string, PodBehaviour, string, number]>([
    ['crashes', { failure: 'crash', failAfterSeconds: 60 }, 'crashed', 70],
    ['runs out of GPU memory', { failure: 'cuda-oom', failAfterSeconds: 60 }, 'crashed', 70],
    ['leaks until it is killed', { leak: { afterSeconds: 100 } }, 'oom-killed', 110],
    ['loses its readiness', { unreadyAfterSeconds: 30 }, 'unready', 40],
  ])('%s after a while of serving', async (_, behaviour, state, at) => {
    await play(podOf(), { behaviour: { ...served, ...behaviour } });
    expect(await scene.until('ready')).toBeCloseTo(10, 0);
    expect(await scene.until(state)).toBeCloseTo(at, 0);
  });

  it('serves as long again after a restart', async () => {
    await play(podOf(), { behaviour: { ...served, failure: 'crash', failAfterSeconds: 60 } });
    await scene.until('crashed');
    const ready = await scene.until('ready');
    expect((await scene.until('crashed')) - ready).toBeCloseTo(60, 0);
  });

  it('is ready again when the rule goes, and not ready while it hangs', async () => {
    await play(podOf(), { behaviour: { ...served, unreadyAfterSeconds: 30 } });
    await scene.until('unready');
    expect(await scene.health()).toBe(503);
    scene.rule({});
    await scene.until('ready');
    expect(await scene.health()).toBe(200);
    scene.rule({ hang: 'everything' });
    await scene.until('unready');
  });

  it('slows down evenly as it leaks, and not when it has been restarted', async () => {
    await play(podOf(), { behaviour: { ...served, leak: { afterSeconds: 1_000, slowFactor: 101 } } });
    const ask = async (): Promise<number> => {
      const started = scene.clock.monotonic();
      const init = { method: 'POST', headers: { 'content-type': 'application/json' } };
      const body = JSON.stringify({ model: 'org/m', prompt: 'x', max_tokens: 1 });
      const answer = fetch(`http://127.244.5.9:${scene.port}/v1/completions`, { ...init, body });
      await passTime(
        scene.clock,
        answer.then((response) => response.text()),
      );
      return (scene.clock.monotonic() - started) / 1000;
    };
    await scene.until('ready');
    expect(await ask()).toBeLessThan(0.2);
    await scene.clock.advance(500_000);
    expect(await ask()).toBeCloseTo(2.5, 0); // half way: 51 times 50 ms
    await scene.until('oom-killed');
    await scene.until('ready');
    expect(await ask()).toBeLessThan(0.2);
  });

  it('ends after so many requests', async () => {
    await play(podOf(), { behaviour: { ...served, failure: 'crash', failAfterRequests: 2 } });
    await scene.until('ready');
    const ask = () =>
      passTime(
        scene.clock,
        fetch(`http://127.244.5.9:${scene.port}/v1/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', connection: 'close' },
          body: JSON.stringify({ model: 'org/m', prompt: 'x', max_tokens: 1 }),
        }).then((response) => response.text()),
      );
    await ask();
    await scene.clock.advance(10_000);
    expect(scene.states.at(-1)).toBe('ready');
    const crashed = scene.until('crashed');
    await ask().catch(() => undefined);
    await crashed;
  });
});
