import { expect, it } from '@jest/globals';
import { decide } from './decide.ts';
import { Scene } from '../testing/scene.ts';

it('a candidate that is about to get the traffic is told of with it, and one that waits for somebody at once', () => {
  const scene = new Scene('Loading');
  const { world } = scene;
  world.edit((spec) => ({ ...spec, rollout: { proof: { warmUpRequests: 0, pairedRequests: 0 } } }));
  scene.settle();
  expect(decide(world.snapshot()).isPassing).toBe(false);
  world.ready();
  // Its own Service lists no pod yet.
  const snapshot = { ...world.snapshot(), endpointSlices: [] };
  expect(decide(snapshot)).toMatchObject({ isPassing: true, intents: [], rollout: { phase: 'AwaitingPromotion' } });
  expect(decide(world.snapshot())).toMatchObject({ isPassing: false, rollout: { switched: true } });
  const { deployment } = snapshot;
  const manual = { ...deployment.spec, rollout: { ...deployment.spec.rollout, promotion: 'Manual' } } as never;
  expect(decide({ ...snapshot, deployment: { ...deployment, spec: manual } })).toMatchObject({
    isPassing: false,
    rollout: { phase: 'AwaitingPromotion', awaits: 'Person' },
  });
});
