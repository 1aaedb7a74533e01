import { describe, expect, it } from '@jest/globals';
import { Scene } from '../testing/scene.ts';

/** A model that serves, whose restart was ordered and judged. */
function restarted(replicas: number, minAvailablePercent?: number): Scene {
  const scene = new Scene('Idle');
  const { world } = scene;
  world.edit((spec) => ({
    ...spec,
    replicas,
    ...(minAvailablePercent !== undefined && { disruption: { minAvailablePercent } }),
  }));
  world.pass();
  world.report(scene.serving, replicas);
  scene.settle();
  // The pods are older than the order.
  world.since.set(scene.serving, world.now);
  world.now += 5_000;
  scene.order('restart', scene.serving);
  world.pass();
  return scene;
}

const answerOf = ({ world }: Scene): string => world.deployment.status?.orderResult ?? '';

describe('an ordered restart whose pods the budget of the model protects', () => {
  it.each<[number, number | undefined, string]>([
    [
      1,
      undefined,
      '(50 %, rounded up) lets none of one replica go: set it to 0, so that nothing answers for one load, or add a replica.',
    ],
    [2, 75, '(75 %, rounded up) lets none of 2 replicas go: lower it, or add a replica.'],
    [2, 100, '(100 %, rounded up) lets none of 2 replicas go: lower it.'],
  ])('says at once what to do, of %i replicas and a share of %p', (replicas, percent, text) => {
    const scene = restarted(replicas, percent);
    expect(answerOf(scene)).toMatch(/^Accepted: /);
    expect(answerOf(scene)).toContain(`But disruption.minAvailablePercent ${text}`);
    expect(scene.world.condition('Ready')).toMatchObject({
      reason: 'Restarting',
      message: expect.stringContaining(text),
    });
  });

  it.each<[number, number | undefined]>([
    [2, undefined],
    [1, 0],
  ])('says nothing of it where one can go: %i replicas, a share of %p', (replicas, percent) => {
    const scene = restarted(replicas, percent);
    expect(answerOf(scene)).toBe(`Accepted: The pods of revision ${scene.serving} are made anew, one at a time.`);
    expect(scene.world.condition('Ready')?.message).toContain('the Event RestartBlocked');
  });
});
