import { describe, expect, it } from '@jest/globals';
import { World } from '../../operator/controller/testing/world.ts';
import { goldenOf, VERSIONS } from './golden.ts';

it('there is a record of every version that was released', () => {
  expect(VERSIONS).toContain('0.1.0');
});

describe.each(VERSIONS)('what version %s has stored', (version) => {
  const all = goldenOf(version);
  const named = (golden: (typeof all)[number]) => [golden.deployment.metadata.name, golden] as const;
  const serving = all.filter(({ phase, deployment }) => phase === 'Idle' && deployment.metadata.name !== 'chat');
  const rollouts = all.filter(({ phase }) => phase !== 'Idle');

  it('is that of many models, and of every phase', () => {
    expect(serving.length).toBeGreaterThan(10);
    expect(new Set(rollouts.map(({ phase }) => phase)).size).toBeGreaterThan(8);
  });

  it.each(serving.map(named))('is left as it is: %s', (_, { deployment, objects }) => {
    const world = World.restore(deployment, objects);
    world.settle();
    expect(world.written).toEqual([]);
    expect(world.condition('Ready')).toMatchObject({ status: 'True' });
    expect(world.deployment.status?.serving).toEqual(deployment.status?.serving);
  });

  it.each(rollouts.map((golden) => [golden.phase, golden] as const))(
    'is gone on with in the phase %s: no revision is made, and no pod template changed',
    (_, { deployment, objects }) => {
      const world = World.restore(deployment, objects);
      const templates = () =>
        Object.fromEntries(world.snapshot().deployments.map(({ metadata, spec }) => [metadata.name, spec?.template]));
      const before = templates();
      const revisions = world.names('ControllerRevision');
      world.settle(20);
      expect(world.names('ControllerRevision').filter((name) => !revisions.includes(name))).toEqual([]);
      for (const [name, template] of Object.entries(templates())) expect(template).toEqual(before[name] ?? template);
      expect(world.written.filter((line) => /^(Create ControllerRevision|ReplaceTemplate)/.test(line))).toEqual([]);
    },
  );
});
