import { expect, it } from '@jest/globals';
import { ANNOTATION } from '../../api/index.ts';
import { Scene } from '../testing/scene.ts';

it('an order that comes back after another one, as from an old manifest, is not carried out again', () => {
  const scene = new Scene('Watching');
  const { world, serving: next } = scene;
  scene.order('rollback', scene.first);
  const old = world.deployment.metadata.annotations?.[ANNOTATION.order];
  scene.settle();
  scene.conclude();
  expect(scene.phase).toBe('Held');
  scene.order('retry', next);
  scene.settle();
  scene.conclude();
  expect(scene.serving).toBe(next);
  const { metadata, status } = world.deployment;
  expect(status?.earlierOrders).toEqual([old?.split('/').at(-1)]);
  const annotations = { ...metadata.annotations, [ANNOTATION.order]: old ?? '' };
  world.deployment = { ...world.deployment, metadata: { ...metadata, annotations } };
  scene.settle();
  expect([scene.serving, scene.phase]).toEqual([next, 'Idle']);
  expect(world.deployment.status).toMatchObject({ handledOrder: status?.handledOrder });
});

it('remembers so many orders and no more', () => {
  const scene = new Scene('Watching');
  for (let i = 0; i < 20; i++) {
    scene.order('promote', scene.serving);
    scene.settle();
  }
  expect(scene.world.deployment.status?.earlierOrders).toHaveLength(16);
});

it('remembers an order that is too long without half a character, and answers it once', () => {
  const scene = new Scene('Watching');
  const { world } = scene;
  const { metadata } = world.deployment;
  const annotations = { ...metadata.annotations, [ANNOTATION.order]: `x${'🙂'.repeat(400)}` };
  world.deployment = { ...world.deployment, metadata: { ...metadata, annotations } };
  scene.settle();
  const { handledOrder = '', orderResult } = world.deployment.status ?? {};
  expect([handledOrder.length, handledOrder.isWellFormed()]).toEqual([512, true]);
  expect(orderResult).toMatch(/^Refused: /);
});

it('remembers no half character of an order that came before another one', () => {
  const scene = new Scene('Watching');
  const { world } = scene;
  const { metadata } = world.deployment;
  const annotations = { ...metadata.annotations, [ANNOTATION.order]: `x/${'n'.repeat(63)}🙂` };
  world.deployment = { ...world.deployment, metadata: { ...metadata, annotations } };
  scene.settle();
  scene.order('promote', scene.serving);
  scene.settle();
  const [nonce = ''] = world.deployment.status?.earlierOrders ?? [];
  expect([nonce.slice(0, 63), nonce.isWellFormed()]).toEqual(['n'.repeat(63), true]);
});
