import { describe, expect, it } from '@jest/globals';
import { decide } from './decide.ts';
import { describeIntent } from './intents.ts';
import { ROOM, World } from '../testing/world.ts';

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 4,
  autoscaling: { provider: 'HPA', minReplicas: 1, maxReplicas: 8 },
};

/** A rollout for which there is room only where the version before gives it, by this way. */
function rollout(way: 'Recreate' | 'Handover'): World {
  const world = new World({ ...SPEC, rollout: { whenCapacityIsShort: [way, 'Wait'] } });
  world.conclude();
  world.capacity = { ...ROOM, slots: 0, slotsWithoutServing: [0, 1, 2, 3, 4], slotsWithoutWarm: [0], freeGpus: 0 };
  if (way === 'Recreate') world.capacity = { ...world.capacity, slotsWithoutServing: [0, 0, 0, 0, 4] };
  world.edit((spec) => ({ ...spec, model: { name: 'deepseek-r1-distill-qwen-14b' } }));
  world.settle(30);
  expect(world.deployment.status?.rollout).toMatchObject({ way, wantedReplicas: 4 });
  return world;
}

/** Both versions have less than what is asked for: one that a handover has switched to grows only once it is watched. */
function watched(): World {
  const world = rollout('Handover');
  for (let i = 0; i < 40 && world.deployment.status?.rollout?.phase !== 'Watching'; i++) {
    world.ready();
    world.pass();
    world.now += 5000;
  }
  expect(world.deployment.status?.rollout?.phase).toBe('Watching');
  return world;
}

const servingSize = (world: World) =>
  world
    .snapshot()
    .deployments.find(({ metadata }) => metadata.name.endsWith(world.deployment.status?.serving?.revision ?? ''))?.spec
    ?.replicas;

function takeAway(world: World): void {
  world.edit(({ replicas: _, ...spec }) => spec);
  world.written.length = 0;
  world.pass();
}

/** Somebody takes the memory away: an operator that had none, before an upgrade. */
function forget(world: World): void {
  const { status } = world.deployment;
  const { wantedReplicas: _, frozenReplicas: __, ...rollout } = status?.rollout ?? { phase: 'Idle' as const };
  world.deployment = { ...world.deployment, status: { ...status, rollout } };
}

describe('spec.replicas that is taken away', () => {
  it('comes back as it was while a version is stopped for the next one, and the model stays on', () => {
    const world = rollout('Recreate');
    expect(servingSize(world)).toBe(0);
    takeAway(world);
    expect(world.written).toEqual(['Set spec.replicas to 4']);
    world.capacity = ROOM;
    world.conclude();
    expect([world.deployment.spec.replicas, servingSize(world)]).toEqual([4, 4]);
  });

  it('comes back as it was while a version is handed over', () => {
    const world = watched();
    expect(servingSize(world)).toBe(2);
    takeAway(world);
    expect(world.written).toEqual(['Set spec.replicas to 4']);
    world.capacity = ROOM;
    world.conclude();
    expect([world.deployment.spec.replicas, servingSize(world)]).toEqual([4, 4]);
  });

  it('comes back as it was asked for last', () => {
    const world = rollout('Recreate');
    world.edit((spec) => ({ ...spec, replicas: 3 }));
    world.settle();
    takeAway(world);
    expect(world.written).toEqual(['Set spec.replicas to 3']);
  });

  it.each([
    ['a stopped version', () => rollout('Recreate')],
    ['a handover', watched],
  ])('is not read from what has given its replicas away, even if nothing is remembered: %s', (_, made) => {
    const world = made();
    forget(world);
    takeAway(world);
    expect(world.written).toEqual(['Set spec.replicas to 4']);
  });

  it('is not read from a version that was stopped, even if the whole status is lost', () => {
    const world = rollout('Recreate');
    const { status: _, ...rest } = world.deployment;
    world.deployment = rest;
    takeAway(world);
    expect(world.written).toEqual(['Set spec.replicas to 4']);
  });

  it.each([0, 3])('comes back as what serves, without a rollout: %i', (replicas) => {
    const world = new World(SPEC);
    world.conclude();
    world.edit((spec) => ({ ...spec, replicas }));
    world.settle();
    expect(world.deployment.status?.rollout?.wantedReplicas).toBeUndefined();
    takeAway(world);
    expect(world.written).toEqual([`Set spec.replicas to ${replicas}`]);
  });

  it('is written alone, and where that is refused what else there is to do is done', () => {
    const world = new World(SPEC);
    world.conclude();
    world.edit(({ replicas: _, ...spec }) => spec);
    world.objects.delete('ServiceAccount/chat');
    const { intents, otherwise } = decide(world.snapshot());
    expect(intents).toEqual([{ type: 'SetReplicas', replicas: 4 }]);
    expect(otherwise.map(describeIntent)).toEqual(['Create ServiceAccount chat']);
    expect(decide(world.snapshot(), { observeOnly: true }).otherwise).toEqual([]);
  });

  it('stays 0 where it was 0 by request in a rollout', () => {
    const world = rollout('Recreate');
    world.edit((spec) => ({ ...spec, replicas: 0 }));
    world.settle();
    takeAway(world);
    expect(world.written).toEqual(['Set spec.replicas to 0']);
  });
});
