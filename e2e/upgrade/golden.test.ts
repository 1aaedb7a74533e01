import { describe, expect, it } from '@jest/globals';
import { CHILD_KINDS } from '../../operator/controller/snapshot.ts';
import { PHASES } from '../../operator/controller/testing/scene.ts';
import { World } from '../../operator/controller/testing/world.ts';
import { FurnishedWorld, OPTIONAL_KINDS } from './furnished-world.ts';
import { type Golden, goldenOf, VERSIONS } from './golden.ts';

it('there is a record of every version that was released', () => {
  expect(VERSIONS).toContain('0.1.0');
});

it('the records are of many models, of every phase, and of every kind that is made for a model', () => {
  const all = VERSIONS.flatMap(goldenOf);
  const serving = all.filter(({ phase }) => phase === 'Idle');
  expect(new Set(serving.map(({ deployment }) => deployment.metadata.name)).size).toBeGreaterThan(15);
  expect(PHASES.filter((phase) => all.every((golden) => golden.phase !== phase))).toEqual([]);
  const kinds = new Set(all.flatMap(({ objects }) => objects.map(({ kind }) => kind)));
  expect([...kinds].sort()).toEqual([...CHILD_KINDS, ...OPTIONAL_KINDS].sort());
});

/** A world as that version has left it, with what it had beside Kubernetes. */
function restored({ deployment, objects }: Pick<Golden, 'deployment' | 'objects'>): World {
  const isFurnished = objects.some(({ kind }) => OPTIONAL_KINDS.includes(kind));
  const world = isFurnished ? new FurnishedWorld(deployment.spec) : new World(deployment.spec);
  return world.restore(deployment, objects);
}

describe.each(VERSIONS)('what version %s has stored', (version) => {
  const all = goldenOf(version);
  const named = (golden: (typeof all)[number]) => [golden.deployment.metadata.name, golden] as const;
  const serving = all.filter(({ phase, deployment }) => phase === 'Idle' && deployment.metadata.name !== 'chat');
  const rollouts = all.filter(({ phase }) => phase !== 'Idle');

  it.each(serving.map(named))('is left as it is: %s', (_, { deployment, objects }) => {
    const world = restored({ deployment, objects });
    world.settle();
    expect(world.written).toEqual([]);
    expect(world.condition('Ready')).toMatchObject({ status: 'True' });
    expect(world.deployment.status?.serving).toEqual(deployment.status?.serving);
  });

  it.each(rollouts.map((golden) => [golden.phase, golden] as const))(
    'is gone on with in the phase %s: no revision is made, and no pod template changed',
    (_, { deployment, objects }) => {
      const world = restored({ deployment, objects });
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
