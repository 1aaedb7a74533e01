import { describe, expect, it } from '@jest/globals';
import { Scene } from '../testing/scene.ts';

/** A version that serves and is still watched, beside the warm one before it, when a third is asked for. */
function third(): { scene: Scene; unproven: string } {
  const scene = new Scene('Watching');
  const unproven = scene.serving;
  scene.world.edit((spec) => ({ ...spec, model: { name: 'deepseek-r1-distill-qwen-7b', maxModelLen: 8192 } }));
  scene.settle();
  expect(scene.phase).toBe('Loading');
  return { scene, unproven };
}

describe('a third version is asked for while the second is not proven yet', () => {
  it('and the second dies: the traffic goes back to the first in the same pass, and the third is tried after it', () => {
    const { scene, unproven } = third();
    const { world } = scene;
    const { candidate } = scene;
    world.report(unproven, 0);
    const { intents } = world.pass();
    expect(scene.selected).toBe(scene.first);
    expect(scene.phase).toBe('RollingBack');
    const names = intents.flatMap((intent) => ('object' in intent ? [intent.object.metadata?.name] : []));
    expect(names.slice(0, 2)).toEqual([`chat-${unproven}`, 'chat']);
    const { history } = world.deployment.status ?? {};
    expect(history?.find(({ revision }) => revision === unproven)).toMatchObject({ outcome: 'RolledBack' });
    expect(history?.find(({ revision }) => revision === candidate)).toMatchObject({ outcome: 'InProgress' });
    world.later(120_000);
    expect(scene.candidate).toBe(candidate);
    scene.conclude();
    expect(scene.serving).toBe(candidate);
    const told = world.deployment.status?.history?.map(({ revision, outcome }) => [revision, outcome]);
    expect(told).toEqual([
      [candidate, 'Promoted'],
      [unproven, 'RolledBack'],
      [candidate, 'Superseded'],
      [unproven, 'Superseded'],
    ]);
  });

  it('and is held: a replica that is lost beside those that were added since is repaired', () => {
    const { scene, unproven } = third();
    const { world } = scene;
    scene.order('abort', scene.candidate);
    scene.settle();
    expect(scene.phase).toBe('Held');
    world.edit((spec) => ({ ...spec, replicas: 8 }));
    scene.settle();
    world.report(unproven, 1);
    scene.settle();
    expect([scene.selected, scene.phase]).toEqual([unproven, 'Held']);
  });

  it('and the second loses the replicas alone that were added since: it goes on', () => {
    const { scene, unproven } = third();
    scene.world.edit((spec) => ({ ...spec, replicas: 8 }));
    scene.settle();
    scene.world.report(unproven, 2);
    scene.settle();
    expect([scene.selected, scene.phase]).toEqual([unproven, 'Loading']);
  });
});

it('a version that has proven itself is repaired when its pods are lost, and not left', () => {
  const scene = new Scene('Loading');
  scene.world.report(scene.first, 0);
  scene.settle();
  expect(scene.selected).toBe(scene.first);
  expect(scene.phase).toBe('Loading');
});
