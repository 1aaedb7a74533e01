import { expect, it } from '@jest/globals';
import { LABEL } from '../../api/index.ts';
import { World } from '../testing/world.ts';

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 1,
};
const ports = (world: World) =>
  Object.fromEntries(world.names('Service').map((name) => [name, world.service(name)?.spec?.ports?.[0]?.targetPort]));
const serving = (world: World) => world.service('chat')?.spec?.selector?.[LABEL.revision] ?? '';

it('leads to the proxy by number, since names of sidecars’ ports are not found before Kubernetes 1.33', () => {
  const world = new World(SPEC);
  world.conclude();
  expect(ports(world)).toEqual({ chat: 9000, [`chat-${serving(world)}`]: 9000 });
});

it('leads to the engine by name, moves with the version, and back', () => {
  const world = new World({ ...SPEC, termination: { drainProxy: 'Disabled' } });
  world.conclude();
  const old = serving(world);
  expect(ports(world)).toEqual({ chat: 'http', [`chat-${old}`]: 'http' });

  world.edit((spec) => ({ ...spec, termination: { drainProxy: 'Enabled' }, rollout: { promotion: 'Manual' } }));
  world.settle();
  expect(world.service('chat')?.spec?.ports?.[0]?.targetPort).toBe('http');
  world.edit((spec) => ({ ...spec, rollout: { promotion: 'Automatic' } }));
  world.conclude();
  expect(ports(world)).toEqual({ chat: 9000, [`chat-${old}`]: 'http', [`chat-${serving(world)}`]: 9000 });

  world.edit((spec) => ({ ...spec, termination: { drainProxy: 'Disabled' } }));
  world.conclude();
  expect(serving(world)).toBe(old);
  expect(ports(world)['chat']).toBe('http');
});

it('stays where it was while nothing is known of the version that serves', () => {
  const world = new World(SPEC);
  world.conclude();
  const hash = serving(world);
  for (const name of world.names('ControllerRevision')) world.objects.delete(`ControllerRevision/${name}`);
  for (const name of world.names('Deployment')) {
    world.tamper('Deployment', name, (object) => {
      Object.assign(object, { metadata: { ...(object as { metadata?: object }).metadata, annotations: {} } });
    });
  }
  world.edit((spec) => ({ ...spec, traffic: { service: { port: 8080 } } }));
  world.settle();
  expect(serving(world)).toBe(hash);
  expect(world.service('chat')?.spec?.ports?.[0]).toMatchObject({ port: 8080, targetPort: 9000 });
});
