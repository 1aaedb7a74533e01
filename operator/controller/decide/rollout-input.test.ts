import { expect, test } from '@jest/globals';
import { LABEL } from '../../api/index.ts';
import { ENGINE_CONTAINER } from '../../resources/pod-template.ts';
import type { LivePod } from '../snapshot.ts';
import { Scene } from '../testing/scene.ts';

/** A pod whose engine had answered, ended so many seconds ago, and loads again. */
function crashed(revision: string, now: number, seconds: number): LivePod {
  const at = (ago: number) => new Date(now - ago * 1000).toISOString();
  const condition = (type: string, holds: boolean, ago: number) => ({
    ...{ type, status: holds ? 'True' : 'False', lastTransitionTime: at(ago) },
  });
  const labels = { [LABEL.name]: 'chat', [LABEL.revision]: revision };
  const terminated = { exitCode: 1, startedAt: at(900), finishedAt: at(seconds) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `chat-${revision}-x`, namespace: 'ai', uid: 'uid-x', labels, creationTimestamp: at(1000) },
    spec: { containers: [], nodeName: 'a100-0' },
    status: {
      phase: 'Running',
      conditions: [condition('PodScheduled', true, 1000), condition('Ready', false, seconds)],
      containerStatuses: [
        {
          ...{ name: ENGINE_CONTAINER, image: 'i', imageID: 'i', ready: false, started: false, restartCount: 1 },
          ...{ state: { running: { startedAt: at(1) } }, lastState: { terminated } },
        },
      ],
    },
  };
}

test.each<[string, readonly object[], number, string]>([
  ['is given up once it is proven', [{ stage: 'Proof' }], 10, 'Aborting'],
  ['is no news if it was before the proof', [{ stage: 'Proof' }], 600, 'Loading'],
  ['may heal before the proof', [], 10, 'Loading'],
])('a candidate that still grows and whose engine ends %s', (_, stages, seconds, phase) => {
  const scene = new Scene('Loading');
  const { world, candidate } = scene;
  const { status } = world.deployment;
  const verdicts = stages.map((stage) => ({
    ...{ gate: 'Engine', verdict: 'NotRefuted', samples: 0, message: 'Nothing was asked of it.' },
    ...stage,
  }));
  const rollout = { ...status?.rollout, startedAt: new Date(world.now - 60_000).toISOString(), verdicts };
  world.deployment = { ...world.deployment, status: { ...status, rollout } as never };
  world.pods.push(crashed(candidate, world.now, seconds));
  world.pass();
  expect(scene.phase).toBe(phase);
});
