import { describe, expect, it, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ApiError } from '../kube/errors.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import type { ServerVersion } from '../kube/client.ts';
import { parseDeepSeekDeployment } from '../api/index.ts';
import { goodSpecs } from '../api/fixtures/good.ts';
import { SpecJudge, type SpecJudgeOptions } from './spec-judge.ts';
import { World } from './testing/world.ts';

const { signal } = new AbortController();
const SAMPLES = new URL('../../manifests/samples/', import.meta.url);
const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 1 };

function judgeOf(world: World, change: Partial<SpecJudgeOptions> = {}): SpecJudge {
  return new SpecJudge({
    caches: { childStores: world.stores(), nodes: { nodes: world.nodes } },
    serverVersion: { read: async () => Promise.resolve(world.version) },
    priorityClasses: { value: async () => Promise.resolve(1000) },
    clock: new FakeClock(world.now),
    ...change,
  });
}

/** Every spec of a folder of samples. */
const samplesIn = (folder: string) =>
  readdirSync(new URL(folder, SAMPLES))
    .filter((name) => name.endsWith('.yaml'))
    .map((name): [string, object] => {
      const { spec } = parse(readFileSync(new URL(`${folder}${name}`, SAMPLES), 'utf8')) as { spec: object };
      return [name, spec];
    });

describe('says before an object is stored what PlanAccepted says after', () => {
  const specs = [...samplesIn('./'), ...samplesIn('./refused/'), ...Object.entries(goodSpecs)].filter(([, spec]) => {
    return parseDeepSeekDeployment({ ...new World(spec).deployment, spec }).ok;
  });
  it('of specs of both kinds', () => {
    expect(specs.length).toBeGreaterThan(30);
  });

  test.each(specs)('%s', async (_, spec) => {
    const world = new World(spec);
    const { refusal, warnings } = await judgeOf(world).judge(world.deployment, signal);
    world.pass();
    const told = world.deployment.status?.conditions?.find(({ type }) => type === 'PlanAccepted');
    const ignored = world.deployment.status?.conditions?.find(({ type }) => type === 'FieldsIgnored');
    if (refusal === undefined) expect(told).toMatchObject({ status: 'True' });
    else expect(told).toMatchObject({ status: 'False', reason: refusal.reason, message: refusal.message });
    if (told?.reason === 'PlannedWithWarnings')
      expect(warnings.join(' ').startsWith(told.message.replace(/…$/, ''))).toBe(true);
    if (ignored !== undefined) expect(warnings).toContain(ignored.message);
  });
});

it('names what would be accepted, and has it accepted', async () => {
  const [, spec] = samplesIn('./refused/').find(([name]) => name === '7b-fp16-one-t4.yaml') ?? [];
  const world = new World(spec ?? {});
  const { refusal } = await judgeOf(world).judge(world.deployment, signal);
  expect(refusal?.alternatives).toContain(
    'deepseek-r1-distill-qwen-7b in FP16 on 1 x L4 (8,192 tokens of context, 8.9 at once)',
  );
});

it('refuses what the schema refuses', async () => {
  const world = new World({ ...SPEC, replicas: -1 });
  expect((await judgeOf(world).judge(world.deployment, signal)).refusal).toMatchObject({
    ...{ reason: 'InvalidSpec', message: expect.stringContaining('spec.replicas') },
  });
});

describe('GPUs that are not there', () => {
  it('are worth a warning, and no refusal', async () => {
    const world = new World({ ...SPEC, accelerator: { type: 'H200' } });
    const { refusal, warnings } = await judgeOf(world).judge(world.deployment, signal);
    expect(refusal).toBeUndefined();
    expect(warnings).toEqual([
      expect.stringMatching(/^No node of the cluster is labelled as H200; .* It waits: a cluster autoscaler may bring/),
    ]);
  });

  it('are not told of where nodes may not be listed', async () => {
    const world = new World({ ...SPEC, accelerator: { type: 'H200' } });
    world.nodes = undefined;
    expect(await judgeOf(world).judge(world.deployment, signal)).toEqual({ warnings: [] });
  });
});

describe('of an object that serves', () => {
  const serving = () => {
    const world = new World(SPEC);
    world.settle();
    world.ready();
    world.settle();
    return world;
  };
  const canary = { rollout: { strategy: 'Canary', canary: { steps: [{ weight: 50 }] } } };

  it('a rollout that cannot be carried out is told while nothing rolls out', async () => {
    const world = serving();
    world.edit((spec) => ({ ...spec, ...canary }));
    const { refusal, warnings } = await judgeOf(world).judge(world.deployment, signal);
    expect(refusal).toBeUndefined();
    expect(warnings).toEqual([
      expect.stringMatching(
        /^Accepted when the revision was made; a new one would be refused: rollout.strategy Canary/,
      ),
    ]);
  });

  it('and is refused with the next version', async () => {
    const world = serving();
    world.edit((spec) => ({ ...spec, ...canary, model: { name: 'deepseek-r1-distill-qwen-14b' } }));
    expect((await judgeOf(world).judge(world.deployment, signal)).refusal).toMatchObject({
      reason: 'UnsupportedStrategy',
      message: expect.stringMatching(/^rollout.strategy Canary splits traffic by weight, which takes a gateway/),
    });
  });
});

describe('an API server', () => {
  const withImage = { ...SPEC, model: { ...SPEC.model, source: { image: { reference: 'registry.internal/r1:1' } } } };
  const old: ServerVersion = { major: '1', minor: '30', gitVersion: 'v1.30.0' };

  it('that has no image volumes refuses nothing that it would not take', async () => {
    const world = new World(withImage);
    world.version = old;
    expect((await judgeOf(world).judge(world.deployment, signal)).refusal?.message).toContain('v1.30.0');
  });

  it('that does not answer in half a second is not waited for', async () => {
    const world = new World(withImage);
    const clock = new FakeClock(world.now);
    const never = async () => new Promise<never>(() => undefined);
    const judging = judgeOf(world, { clock, serverVersion: { read: never }, priorityClasses: { value: never } });
    const verdict = judging.judge(world.deployment, signal);
    await clock.advance(500);
    expect((await verdict).refusal).toBeUndefined();
  });

  it('that answers with an error is no reason to refuse', async () => {
    const world = new World(withImage);
    const fails = async () => Promise.reject(new ApiError(500, { message: 'etcd is slow' }));
    const judging = judgeOf(world, { serverVersion: { read: fails }, priorityClasses: { value: fails } });
    expect((await judging.judge(world.deployment, signal)).refusal).toBeUndefined();
  });

  it('without the PriorityClass of models is told of', async () => {
    const world = new World({ ...SPEC, replicas: 2, rollout: { whenCapacityIsShort: ['Handover'] } });
    const judging = judgeOf(world, { priorityClasses: { value: async () => Promise.resolve(undefined) } });
    expect((await judging.judge(world.deployment, signal)).warnings).toEqual([
      expect.stringContaining('the operator sees no PriorityClass deepseek-serving in the cluster'),
    ]);
  });
});
