import { describe, expect, it, test } from '@jest/globals';
import { World } from '../testing/world.ts';

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-7b', source: { image: { reference: 'registry.example/models/r1:1' } } },
  accelerator: { type: 'A100-80GB' },
  replicas: 1,
};

function worldOf(version: string | undefined, spec: object = SPEC): World {
  const world = new World(spec);
  const [major = '', minor = ''] = version?.split('.') ?? [];
  world.version = version === undefined ? undefined : { major, minor, gitVersion: `v${version}.2` };
  world.settle();
  return world;
}

describe('weights in an image', () => {
  test.each(['1.31', '1.32', '1.30+'])('are refused where Kubernetes %s would lose them', (version) => {
    const world = worldOf(version);
    expect(world.written).toEqual([]);
    expect(world.condition('PlanAccepted')).toMatchObject({
      status: 'False',
      reason: 'UnsupportedSource',
      message: expect.stringMatching(
        /^model.source.image needs image volumes, which Kubernetes has from 1.33 on, and this cluster is v1.3/,
      ),
    });
    expect(world.condition('Stalled')).toMatchObject({ status: 'True', reason: 'UnsupportedSource' });
    expect(world.pass().requeueAfterMs).toBe(600_000);
    world.version = { major: '1', minor: '36', gitVersion: 'v1.36.0' };
    world.later(600_000);
    expect(world.names('Deployment')).toHaveLength(1);
  });

  test.each(['1.33', '1.34+'])('are accepted on Kubernetes %s with a word about the feature gate', (version) => {
    const world = worldOf(version);
    expect(world.names('Deployment')).toHaveLength(1);
    expect(world.condition('PlanAccepted')).toMatchObject({
      status: 'True',
      reason: 'PlannedWithWarnings',
      message: expect.stringContaining('feature gate ImageVolume'),
    });
  });

  test.each(['1.35', '1.36+', '2.0', undefined])('are accepted on Kubernetes %s', (version) => {
    const world = worldOf(version);
    expect(world.names('Deployment')).toHaveLength(1);
    expect(world.condition('PlanAccepted')?.message).not.toContain('ImageVolume');
  });

  it('keep serving when the cluster goes back to a version that has none', () => {
    const world = worldOf('1.36');
    world.ready();
    world.settle();
    world.version = { major: '1', minor: '32', gitVersion: 'v1.32.0' };
    world.written.length = 0;
    world.settle();
    expect(world.written).toEqual([]);
    expect(world.condition('Ready')).toMatchObject({ status: 'True' });
    expect(world.condition('PlanAccepted')?.message).toContain('a new one would be refused');
  });
});

it('says nothing of the version where no image is mounted', () => {
  const { model: _, ...spec } = SPEC;
  const world = worldOf('1.20', { ...spec, model: { name: 'deepseek-r1-distill-qwen-7b' } });
  expect(world.names('Deployment')).toHaveLength(1);
});
