import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, LABEL } from '../../api/index.ts';
import { told, World } from '../testing/world.ts';

const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 2 };
const OTHER = { name: 'deepseek-r1-distill-qwen-14b' };
const THIRD = { name: 'deepseek-r1-distill-llama-8b' };

const servingRevision = (world: World) => world.deployment.status?.serving?.revision ?? '';
const selected = (world: World) => world.service('chat')?.spec?.selector?.[LABEL.revision];
const replicasOf = (world: World, hash: string) =>
  world.snapshot().deployments.find(({ metadata }) => metadata.name === `chat-${hash}`)?.spec?.replicas;

function serving(): World {
  const world = new World(SPEC);
  world.settle();
  switchOver(world);
  return world;
}
function switchOver(world: World): void {
  for (let i = 0; i < 2; i++) {
    world.ready();
    world.settle();
  }
}
function forget(world: World): void {
  const { status: _, ...rest } = world.deployment;
  world.deployment = rest;
}

describe('the ControllerRevision of what serves is lost', () => {
  it('while another version waits: it is made again as it was, and stays proven', () => {
    const world = serving();
    const hash = servingRevision(world);
    const [before] = world.snapshot().revisions;
    world.edit((spec) => ({ ...spec, model: OTHER, rollout: { paused: true } }));
    world.settle();
    const { serving: said } = world.deployment.status ?? {};
    world.objects.delete(`ControllerRevision/chat-${hash}`);
    const events = told(world.pass());
    expect(events).toContainEqual(expect.objectContaining({ note: expect.stringContaining('made again') }));
    world.settle();
    const again = world.snapshot().revisions.find((revision) => revision.hash === hash);
    expect(again).toMatchObject({ number: before?.number, data: before?.data });
    expect(again?.proven).toBeDefined();
    expect(world.deployment.status?.serving).toEqual(said);
  });

  it.each(['with its status', 'and its status'])('%s and then the Service: nobody asked for a switch', (status) => {
    const world = serving();
    const hash = servingRevision(world);
    world.edit((spec) => ({ ...spec, model: OTHER, rollout: { paused: true } }));
    world.settle();
    world.objects.delete(`ControllerRevision/chat-${hash}`);
    world.objects.delete('Service/chat');
    if (status.startsWith('and')) forget(world);
    world.settle();
    expect(selected(world)).toBe(hash);
    expect(world.names('Deployment')).toEqual([`chat-${hash}`]);
  });

  it('while an older proven one is in the history: it is still scaled, and traffic is restored to it', () => {
    const world = serving();
    const older = servingRevision(world);
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    world.conclude();
    world.rollbackWindowEnds();
    const hash = servingRevision(world);
    expect(hash).not.toBe(older);
    world.edit((spec) => ({ ...spec, model: THIRD }));
    world.settle();
    world.objects.delete(`ControllerRevision/chat-${hash}`);
    world.edit((spec) => ({ ...spec, replicas: 6 }));
    world.settle();
    expect(replicasOf(world, hash)).toBe(6);
    world.objects.delete('Service/chat');
    forget(world);
    world.settle();
    expect(selected(world)).toBe(hash);
    expect(replicasOf(world, hash)).toBe(6);
  });

  it('and its record too: it keeps the traffic and its pods, and the status still says so', () => {
    const world = serving();
    const hash = servingRevision(world);
    world.edit((spec) => ({ ...spec, model: OTHER, rollout: { paused: true } }));
    world.settle();
    const said = world.deployment.status?.serving;
    world.objects.delete(`ControllerRevision/chat-${hash}`);
    world.tamper('Deployment', `chat-${hash}`, (object) => {
      const { metadata } = object as unknown as { metadata: { annotations: Record<string, string> } };
      metadata.annotations[ANNOTATION.record] = '{}';
    });
    world.settle();
    expect(world.deployment.status?.serving).toEqual(said);
    world.objects.delete('Service/chat');
    world.settle();
    expect(selected(world)).toBe(hash);
    expect(world.names('Deployment')).toEqual([`chat-${hash}`]);
  });

  it('is not answered by a switch while its pods are down for a moment', () => {
    const world = serving();
    const hash = servingRevision(world);
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    world.objects.delete(`ControllerRevision/chat-${hash}`);
    world.tamper('Deployment', `chat-${hash}`, (object) => {
      delete (object as unknown as { metadata: { annotations?: object } }).metadata.annotations;
    });
    world.report(hash, 0);
    world.settle();
    expect(selected(world)).toBe(hash);
  });
});
