import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../../api/index.ts';
import { World } from '../testing/world.ts';

const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 1 };
const OTHER = { name: 'deepseek-r1-distill-qwen-14b' };
const MINUTE = 60_000;

const selected = (world: World) => world.service('chat')?.spec?.selector?.[LABEL.revision];

/** A world in which what served crashes since `minutes` minutes, with `message` as its last words. */
function crashing(minutes: number, message = 'torch.OutOfMemoryError: CUDA out of memory.'): [World, string] {
  const world = new World(SPEC);
  world.settle();
  world.ready();
  world.settle();
  const hash = world.deployment.status?.serving?.revision ?? '';
  const at = new Date(world.now).toISOString();
  world.pods.push(pod(hash, at, message));
  world.report(hash, 0);
  world.now += minutes * MINUTE;
  world.settle();
  return [world, hash];
}

function pod(revision: string, at: string, message: string): World['pods'][number] {
  const terminated = { exitCode: 1, reason: 'Error', message, startedAt: at, finishedAt: at };
  const engine = {
    ...{ name: 'engine', ready: false, restartCount: 5, image: '', imageID: '' },
    state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
    lastState: { terminated },
  };
  const labels = { [LABEL.name]: 'chat', [LABEL.revision]: revision };
  const conditions = [
    { type: 'PodScheduled', status: 'True', lastTransitionTime: at },
    { type: 'Ready', status: 'False', lastTransitionTime: at },
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${revision}`, namespace: 'ai', uid: 'uid-pod', labels, creationTimestamp: at },
    spec: { containers: [], nodeName: 'a100-0' },
    status: { phase: 'Running', conditions, containerStatuses: [engine] },
  };
}

describe('a proven version that is down', () => {
  it('says so in Available and in Ready, with the cause', () => {
    const [world, hash] = crashing(1);
    for (const type of ['Ready', 'Available']) {
      expect(world.condition(type)).toMatchObject({ status: 'False', reason: 'OutOfMemoryGPU' });
    }
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.pass();
    expect(world.condition('Available')).toMatchObject({ status: 'False', reason: 'OutOfMemoryGPU' });
    expect(world.condition('Ready')?.message).toContain(`Revision ${hash}, which has the traffic, is down`);
    expect(world.condition('Ready')?.message).toContain('CUDA out of memory');
  });

  it('gives its GPUs to the corrected version once it has been down for a while', () => {
    const [world, hash] = crashing(1);
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    expect(selected(world)).toBe(hash);
    expect(world.names('Deployment')).toHaveLength(2);
    world.now += MINUTE;
    world.settle();
    expect(selected(world)).not.toBe(hash);
    expect(world.names('Deployment')).toEqual([`chat-${selected(world) ?? ''}`]);
    // Its record stays: the spec may return to it.
    expect(world.names('ControllerRevision')).toContain(`chat-${hash}`);
  });

  it('does not get the traffic back when the Service is lost before the new version has answered', () => {
    const [world, hash] = crashing(10);
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    const next = selected(world);
    expect(next).not.toBe(hash);
    world.objects.delete('Service/chat');
    world.pass();
    expect(selected(world)).toBe(next);
    expect(world.names('Deployment')).toEqual([`chat-${next ?? ''}`]);
  });

  it.each([
    ['a pod of it is ready', (world: World, hash: string) => world.report(hash, 1)],
    ['the rollout is paused', (world: World) => world.edit((spec) => ({ ...spec, rollout: { paused: true } }))],
    [
      'its node is what fails',
      (world: World) => {
        const status = world.pods[0]?.status as { conditions: object[]; containerStatuses: object[] };
        status.conditions.push({ type: 'ContainersReady', status: 'True' });
      },
    ],
  ])('keeps the traffic and its pods when %s', (_, change) => {
    const [world, hash] = crashing(10);
    change(world, hash);
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    expect(selected(world)).toBe(hash);
    expect(world.names('Deployment')).toContain(`chat-${hash}`);
  });

  it('keeps its pods while nothing else is wanted', () => {
    const [world, hash] = crashing(10);
    expect(world.names('Deployment')).toEqual([`chat-${hash}`]);
    world.edit((spec) => ({ ...spec, model: { name: 'no-such-model' } }));
    world.settle();
    expect(world.names('Deployment')).toEqual([`chat-${hash}`]);
    expect(world.condition('Ready')?.message).toContain('is down');
  });
});
