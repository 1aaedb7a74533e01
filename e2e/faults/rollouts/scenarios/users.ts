import type { Scenario } from '../scenario.ts';
import { gateway, taken, users } from '../world.ts';
import { drained, HELD, ROOMY, SECOND } from './shared.ts';

export const WITH_USERS: readonly Scenario[] = [
  {
    name: 'a canary',
    ...ROOMY,
    spec: {
      traffic: { gateway: { parentRefs: [{ name: 'public' }] } },
      rollout: {
        strategy: 'Canary',
        canary: {
          steps: [
            { weight: 10, pause: '1m' },
            { weight: 50, pause: '1m' },
          ],
        },
      },
    },
    beside: gateway,
    act: async (run) => {
      await run.change(SECOND);
      for (const weight of [10, 50]) {
        await run.until(async () => {
          const { rollout } = await run.status();
          if (rollout?.phase !== 'Switching' && (rollout?.weight ?? 0) < weight)
            throw new Error(`not at ${weight} % yet`);
        });
        await taken(run);
        run.advance(61_000);
      }
      await run.passWatch();
    },
    end: {},
  },
  {
    name: 'a gate that fails among users',
    ...ROOMY,
    spec: {
      rollout: {
        gates: [{ metric: 'ErrorRatio', max: '0.05' }],
        watch: { duration: '10m', minRequests: 60, onNoData: 'AcceptUnproven' },
      },
    },
    beside: users,
    act: async (run) => {
      await run.change(SECOND);
      await run.phase('Switching');
      run.advance(16_000);
      const { serving } = await run.phase('Watching');
      await run.simulator.setRule({
        name: run.namespace,
        match: { namespace: run.namespace, revision: serving?.revision ?? '' },
        behaviour: { errorRate: 1 },
      });
      await drained(run);
    },
    end: HELD,
  },
];
