import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../../api/index.ts';
import type { LivePod } from '../snapshot.ts';
import { World } from '../testing/world.ts';
import { evidenceOf, failuresOf } from './evidence.ts';

const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 2 };

/** A pod that the scheduler cannot place for want of `resource`. */
function waiting(revision: string, resource: string): LivePod {
  const message = `0/7 nodes are available: 7 Insufficient ${resource}.`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `chat-${revision}-1`, namespace: 'ai', labels: { [LABEL.revision]: revision } },
    status: {
      phase: 'Pending',
      conditions: [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message,
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    },
  };
}

/** A world in which SPEC serves and a pod of it waits for a place, after the spec has gone on to `accelerator`. */
function movedTo(accelerator: object, from: object = SPEC.accelerator, resource = 'nvidia.com/gpu') {
  const world = new World({ ...SPEC, accelerator: from });
  world.settle();
  world.ready();
  world.settle();
  const old = world.deployment.status?.serving?.revision ?? '';
  world.edit((spec) => ({ ...spec, accelerator }));
  world.settle();
  world.report(old, 1);
  world.pods.push(waiting(old, resource));
  return { world, old };
}

function failureOf(world: World, revision: string) {
  const snapshot = world.snapshot();
  return failuresOf(evidenceOf(snapshot, snapshot.revisions)).get(revision);
}

describe('what a revision waits for', () => {
  it('is the accelerator of its own spec, not of the spec of today', () => {
    const { world, old } = movedTo({ type: 'T4' });
    expect(failureOf(world, old)?.message).toContain('1 more A100-80GB needed');
  });

  it('is the resource that its own pods ask for', () => {
    const slice = { type: 'A100-80GB', resourceName: 'nvidia.com/slice' };
    const { world, old } = movedTo({ type: 'T4' }, slice, 'nvidia.com/slice');
    expect(failureOf(world, old)).toMatchObject({
      reason: 'InsufficientGPUs',
      message: expect.stringContaining('1 free nvidia.com/slice'),
    });
  });

  it('is read from its Deployment when its record is lost, and no class is made up', () => {
    const { world, old } = movedTo({ type: 'T4' });
    world.objects.delete(`ControllerRevision/chat-${old}`);
    expect(failureOf(world, old)).toMatchObject({
      reason: 'InsufficientGPUs',
      message: expect.stringContaining('1 more GPUs needed: 1 of 2 replicas wait for 1 free nvidia.com/gpu'),
    });
  });
});
