import { describe, expect, it } from '@jest/globals';
import { Scene } from '../testing/scene.ts';

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
