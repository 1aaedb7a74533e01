import { describe, expect, it } from '@jest/globals';
import { Scene } from '../testing/scene.ts';

it('tells an attempt once that the spec takes back while the version before is not whole', () => {
  const scene = new Scene('Watching');
  const { world, serving } = scene;
  world.edit((spec) => ({ ...spec, replicas: 4 }));
  scene.settle();
  world.ready();
  scene.settle();
  world.report(scene.first, 1);
  world.edit((spec) => ({ ...spec, model: { name: 'deepseek-r1-distill-qwen-7b' } }));
  scene.settle();
  expect([scene.phase, scene.selected]).toEqual(['RollingBack', serving]);
  world.ready();
  scene.settle();
  expect(scene.selected).toBe(scene.first);
  const told = world.deployment.status?.history?.map(({ revision, outcome }) => [revision, outcome]);
  expect(told).toEqual([[serving, 'Superseded']]);
});

it('takes a rollback for one however often something else keeps the status from saying so', () => {
  const scene = new Scene('Watching');
  const { world, serving, first } = scene;
  world.report(serving, 0);
  for (let refused = 0; refused < 4; refused++) {
    const decision = world.pass();
    expect([decision.rollout.phase, scene.selected]).toEqual(['RollingBack', first]);
    world.deployment = { ...world.deployment, status: decision.unchanged() };
  }
  world.settle();
  world.later(120_000);
  expect(scene.phase).toBe('Held');
  const told = world.deployment.status?.history?.map(({ revision, outcome }) => [revision, outcome]);
  expect(told).toEqual([[serving, 'RolledBack']]);
});

describe('the history, when the operator ended before the status said how an attempt ended', () => {
  it('says that a version that is held was taken back', () => {
    const scene = new Scene('RollingBack');
    const { world } = scene;
    const { status } = world.deployment;
    const history = (status?.history ?? []).map((entry) => ({ ...entry, outcome: 'InProgress' }));
    world.deployment = { ...world.deployment, status: { ...status, history } };
    scene.conclude();
    expect(scene.phase).toBe('Held');
    expect(world.deployment.status?.history).toMatchObject([{ outcome: 'RolledBack' }]);
  });

  it('leaves an attempt that goes on alone', () => {
    const { world } = new Scene('Watching');
    expect(world.deployment.status?.history).toMatchObject([{ outcome: 'InProgress' }]);
  });
});
