import { beforeEach, describe, expect, it } from '@jest/globals';
import { type LuaEngine, LuaFactory } from 'wasmoon';
import { ANNOTATION } from '../../operator/api/names.ts';
import type { RolloutPhase } from '../../operator/api/index.ts';
import { PHASES, Scene } from '../../operator/controller/testing/scene.ts';
import { World } from '../../operator/controller/testing/world.ts';
import { parseOrder } from '../../operator/rollout/orders.ts';
import { actionScript, type ArgoAction, discoveryScript, healthScript } from './argocd.ts';

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 1,
};
const NEXT = { name: 'deepseek-r1-distill-qwen-14b' };

/** One for each test: the interpreter does not bear many scripts. */
let lua: LuaEngine;
beforeEach(async () => {
  lua = await new LuaFactory().createEngine();
});

type Tree = Record<string, unknown>;

/** Runs a script as Argo CD does: the object is `obj`, what it returns counts. */
async function run(script: string, object: object): Promise<Tree> {
  // As a table of Lua, not as an object of JavaScript that looks like one.
  lua.global.set('json', JSON.stringify(object));
  await lua.doString(DECODE);
  return (await lua.doString(`local obj = decode(json)\n${script}`)) as Tree;
}

/** A decoder of JSON for tests: Argo CD hands over tables. */
const DECODE = `
function decode(text)
  local at = 1
  local function blank() at = text:find("%S", at) or #text + 1 end
  local value
  local function str()
    local out = {}
    at = at + 1
    while true do
      local c = text:sub(at, at)
      if c == '"' then at = at + 1; return table.concat(out) end
      if c == "\\\\" then
        local e = text:sub(at + 1, at + 1)
        if e == "u" then out[#out + 1] = "?"; at = at + 6
        else out[#out + 1] = ({ n = "\\n", t = "\\t" })[e] or e; at = at + 2 end
      else out[#out + 1] = c; at = at + 1 end
    end
  end
  function value()
    blank()
    local c = text:sub(at, at)
    if c == "{" or c == "[" then
      local result, ends = {}, c == "{" and "}" or "]"
      at = at + 1; blank()
      if text:sub(at, at) == ends then at = at + 1; return result end
      while true do
        if c == "{" then
          blank(); local key = str(); blank(); at = at + 1
          result[key] = value()
        else result[#result + 1] = value() end
        blank()
        local next = text:sub(at, at); at = at + 1
        if next == ends then return result end
      end
    end
    if c == '"' then return str() end
    local word = text:match("^[%w%.%+%-]+", at); at = at + #word
    if word == "true" then return true end
    if word == "false" then return false end
    if word == "null" then return nil end
    return tonumber(word)
  end
  return value()
end
`;

const health = async ({ deployment }: World): Promise<Tree> => run(healthScript(), deployment);
async function offered({ deployment }: World): Promise<string[]> {
  const actions = (await run(discoveryScript(), deployment)) as Record<string, { disabled: boolean }>;
  return Object.keys(actions)
    .filter((name) => actions[name]?.disabled === false)
    .sort();
}

const serving = (): World => {
  const world = new World(SPEC);
  world.conclude();
  return world;
};

describe('health in Argo CD', () => {
  it('is Progressing before the operator has looked', async () => {
    expect(await health(new World(SPEC))).toMatchObject({ status: 'Progressing' });
  });

  it('is Progressing while a first version loads', async () => {
    const world = new World(SPEC);
    world.settle();
    expect(await health(world)).toMatchObject({
      status: 'Progressing',
      message: expect.stringContaining('a start may take'),
    });
  });

  it('is Healthy when it serves', async () => {
    expect(await health(serving())).toMatchObject({ status: 'Healthy' });
  });

  it('is Progressing when the spec has changed and nobody has looked', async () => {
    const world = serving();
    world.edit((spec) => ({ ...spec, model: NEXT }));
    expect(await health(world)).toMatchObject({ status: 'Progressing', message: expect.stringContaining('not seen') });
  });

  const IN_PHASES: Readonly<Record<RolloutPhase | 'Warm', readonly [health: string, orders: readonly string[]]>> = {
    Idle: ['Healthy', []],
    Waiting: ['Progressing', ['abort', 'promote']],
    Scheduling: ['Progressing', ['abort', 'promote']],
    Loading: ['Progressing', ['abort', 'promote']],
    Proving: ['Progressing', ['abort', 'promote']],
    AwaitingPromotion: ['Suspended', ['abort', 'promote']],
    Switching: ['Progressing', ['abort', 'rollback']],
    Watching: ['Progressing', ['abort', 'rollback']],
    Warm: ['Healthy', ['rollback']],
    RollingBack: ['Progressing', []],
    Aborting: ['Progressing', []],
    Held: ['Degraded', ['retry']],
  };

  it.each(PHASES.map((phase) => [phase, ...IN_PHASES[phase]] as const))(
    'in the phase %s is %s, and the orders are %j',
    async (phase, status, orders) => {
      const { world } = new Scene(phase);
      expect(await health(world)).toMatchObject({ status });
      expect(await offered(world)).toEqual(orders);
    },
  );

  it('is Suspended while it is paused', async () => {
    const { world } = new Scene('Loading');
    world.edit((spec) => ({ ...spec, rollout: { paused: true } }));
    world.settle();
    expect(await health(world)).toMatchObject({ status: 'Suspended' });
    expect(await offered(world)).toEqual(['abort']);
  });

  it('is Degraded when what served answers nobody', async () => {
    const world = serving();
    world.report(world.deployment.status?.serving?.revision ?? '', 0);
    world.settle();
    expect(world.condition('Available')).toMatchObject({ status: 'False' });
    expect(await health(world)).toMatchObject({ status: 'Degraded' });
  });

  it.each<[string, (world: World) => void, RolloutPhase]>([
    ['is paused', (world) => world.edit((spec) => ({ ...spec, rollout: { paused: true } })), 'Loading'],
    ['waits for a promotion', () => undefined, 'AwaitingPromotion'],
    ['loads a version beside it', () => undefined, 'Loading'],
  ])('is Degraded when what served answers nobody while the rollout %s', async (_, prepare, phase) => {
    const scene = new Scene(phase);
    const { world } = scene;
    prepare(world);
    world.settle();
    const before = await health(world);
    expect(before['status']).not.toBe('Degraded');
    world.report(scene.serving, 0);
    world.settle();
    expect(world.condition('Available')).toMatchObject({ status: 'False' });
    expect(await health(world)).toMatchObject({ status: 'Degraded', message: world.condition('Available')?.message });
  });

  describe('with strategy Recreate', () => {
    const stopped = (): World => {
      const world = serving();
      const serves = world.deployment.status?.serving?.revision ?? '';
      world.edit((spec) => ({ ...spec, model: NEXT, rollout: { strategy: 'Recreate' } }));
      world.settle();
      world.report(serves, 0);
      world.settle();
      expect(world.deployment.status?.rollout).toMatchObject({ way: 'Recreate' });
      expect(world.condition('Available')).toMatchObject({ status: 'False' });
      return world;
    };

    it('is Progressing while nothing answers until the new version does', async () => {
      expect(await health(stopped())).toMatchObject({ status: 'Progressing' });
    });

    it('is Degraded where that is paused', async () => {
      const world = stopped();
      world.edit((spec) => ({ ...spec, rollout: { strategy: 'Recreate', paused: true } }));
      world.settle();
      expect(world.condition('Ready')).toMatchObject({ reason: 'Paused' });
      expect(await health(world)).toMatchObject({ status: 'Degraded' });
    });
  });

  it('is not Degraded because nothing answers by request', async () => {
    const { world } = new Scene('RollingBack');
    world.edit((spec) => ({ ...spec, replicas: 0 }));
    world.settle();
    world.report(world.deployment.status?.serving?.revision ?? '', 0);
    world.settle();
    expect(world.condition('Available')).toMatchObject({ reason: 'ScaledToZero' });
    expect(await health(world)).toMatchObject({ status: 'Progressing' });
  });

  it('is Degraded when the spec is refused', async () => {
    const world = new World({ ...SPEC, model: { name: 'deepseek-r1-671b' }, accelerator: { type: 'T4' } });
    world.settle();
    expect(await health(world)).toMatchObject({ status: 'Degraded' });
  });
});

describe('an action of Argo CD', () => {
  it.each<[ArgoAction, RolloutPhase, (scene: Scene) => string | undefined]>([
    ['promote', 'AwaitingPromotion', (scene) => scene.candidate],
    ['abort', 'Loading', (scene) => scene.candidate],
    ['abort', 'Watching', (scene) => scene.serving],
    ['rollback', 'Watching', (scene) => scene.first],
    ['retry', 'Held', (scene) => scene.candidate],
  ])('%s in the phase %s is the order of kubectl deepseek, and is carried out', async (verb, phase, revision) => {
    const scene = new Scene(phase);
    const { world } = scene;
    const object = await run(actionScript(verb), world.deployment);
    const { annotations } = object['metadata'] as { annotations: Record<string, string> };
    expect(parseOrder(annotations[ANNOTATION.order] ?? '')).toEqual({
      ...{ verb, revision: revision(scene), uid: world.deployment.metadata.uid },
      nonce: expect.stringMatching(/^\d{8}T\d{6}Z$/),
    });
    world.deployment = { ...world.deployment, metadata: { ...world.deployment.metadata, annotations } };
    scene.settle();
    expect(world.deployment.status?.orderResult).toMatch(/^Accepted: /);
  });
});
