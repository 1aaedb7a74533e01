import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../../api/index.ts';
import { World } from '../testing/world.ts';

const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 4 };
const OTHER = { name: 'deepseek-r1-distill-qwen-14b' };
const CANARY = { strategy: 'Canary', canary: { steps: [{ weight: 5, pause: '10m' }] } };
const LOOKS_AHEAD = { proof: { smokeTests: [{ prompt: '2+2=', matches: '(?=4)4' }] } };

function serving(spec: object = SPEC): World {
  const world = new World(spec);
  world.settle();
  world.conclude();
  return world;
}

describe('a rollout that cannot be carried out', () => {
  it.each([
    ['Canary without a gateway', CANARY, 'UnsupportedStrategy', 'traffic.gateway'],
    ['a smoke test that RE2 does not know', LOOKS_AHEAD, 'InvalidSpec', 'rollout.proof.smokeTests[0].matches'],
  ])('%s is refused before a GPU is loaded, and what serves goes on', (_, rollout, reason, words) => {
    const world = serving();
    const selector = world.service('chat')?.spec?.selector;
    world.written.length = 0;
    world.edit((spec) => ({ ...spec, model: OTHER, rollout }));
    world.settle();
    expect(world.written).toEqual([]);
    const refused = { status: 'False', reason, message: expect.stringContaining(words) };
    expect(world.condition('PlanAccepted')).toMatchObject(refused);
    expect(world.condition('Ready')).toMatchObject({ status: 'False', reason });
    expect(world.condition('Stalled')?.status).toBe('True');
    expect(world.condition('Available')?.status).toBe('True');
    expect(world.service('chat')?.spec?.selector).toEqual(selector);
    world.edit(({ rollout: __, ...spec }) => spec);
    world.settle();
    expect(world.deployment.status?.rollout?.phase).toBe('Loading');
  });

  it('drops a candidate that is on its way', () => {
    const world = serving();
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    world.edit((spec) => ({ ...spec, rollout: CANARY }));
    world.settle();
    expect(world.names('Deployment')).toHaveLength(1);
    expect(world.condition('PlanAccepted')?.reason).toBe('UnsupportedStrategy');
  });

  it('is a warning where nothing is to be rolled out, or only taken back', () => {
    const world = serving();
    const first = world.deployment.status?.serving?.revision;
    world.edit((spec) => ({ ...spec, rollout: CANARY }));
    world.settle();
    const warned = {
      status: 'True',
      reason: 'PlannedWithWarnings',
      message: expect.stringContaining('rollout.strategy Canary'),
    };
    expect(world.condition('PlanAccepted')).toMatchObject(warned);
    expect(world.condition('Ready')?.status).toBe('True');
    world.edit(({ rollout: _, ...spec }) => ({ ...spec, model: OTHER }));
    world.settle();
    world.conclude();
    expect(world.deployment.status?.serving?.revision).not.toBe(first);
    world.edit((spec) => ({ ...spec, model: SPEC.model, rollout: CANARY }));
    world.settle();
    expect(world.service('chat')?.spec?.selector?.[LABEL.revision]).toBe(first);
  });

  it('does not clear a hold', () => {
    const world = serving();
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    world.now = Date.parse(world.deployment.status?.rollout?.deadline ?? '');
    world.settle();
    expect(world.deployment.status?.rollout?.phase).toBe('Held');
    world.edit((spec) => ({ ...spec, rollout: CANARY }));
    world.settle();
    world.edit(({ rollout: _, ...spec }) => spec);
    world.settle();
    expect(world.deployment.status?.rollout?.phase).toBe('Held');
  });

  it.each([
    [1, 'With fewer than 2 replicas a Service gives all traffic to one version.'],
    [3, '3 replicas alone give 33.3 %, 66.7 %.'],
    [4, '4 replicas alone give 25 %, 50 %, 75 %.'],
    [16, '16 replicas alone give multiples of 6.3 %.'],
  ])('tells which weights %i replicas give', (replicas, words) => {
    const world = new World({ ...SPEC, replicas, rollout: CANARY });
    world.settle();
    expect(world.condition('PlanAccepted')?.message).toContain(words);
    expect(world.written).toEqual([]);
  });

  it.each([{ gateway: { parentRefs: [{ name: 'public' }] } }, { routeRef: { name: 'edge' } }])(
    'is none with %j',
    (traffic) => {
      const world = new World({ ...SPEC, rollout: CANARY, traffic });
      world.settle();
      expect(world.condition('PlanAccepted')?.status).toBe('True');
      expect(world.names('Deployment')).toHaveLength(1);
    },
  );
});

it('warns of a maintenance window that never opens, while there is nothing to switch yet', () => {
  const maintenanceWindows = [
    { schedule: '0 3 * * *', duration: '1h', timeZone: 'Asia/Shanghai' },
    { schedule: '0 4 * * *', duration: '1h', timeZone: 'Mars/Olympus' },
  ];
  const world = serving({ ...SPEC, rollout: { maintenanceWindows } });
  expect(world.condition('PlanAccepted')).toMatchObject({ status: 'True', reason: 'PlannedWithWarnings' });
  expect(world.condition('PlanAccepted')?.message).toContain('Mars/Olympus');
  expect(world.condition('PlanAccepted')?.message).not.toContain('Shanghai');
});
