import { describe, expect, it } from '@jest/globals';
import { eventually, testCluster } from '../support/index.ts';
import { revisionRule } from '../simulator/index.ts';
import { canaryStage, NAME } from './canary.ts';
import { PATIENCE } from './gateway.ts';

const cluster = testCluster('simulated');
const stage = canaryStage(cluster);

const OTHER = { model: { name: 'deepseek-r1-distill-qwen-7b' } };
const CANARY = {
  strategy: 'Canary',
  canary: { steps: [{ weight: 30, pause: '1h' }, { weight: 60 }] },
  gates: [
    { metric: 'ErrorRatio', max: '0.02' },
    { metric: 'TimeToFirstToken', quantile: '0.95', maxIncreasePercent: 50 },
  ],
};

describe('a candidate that turns bad under real traffic', () => {
  it.each([
    ['fails', { errorRate: 0.5 }, 'ErrorRatio', /requests? failed/],
    ['is slower', { firstTokenFactor: 40 }, 'TimeToFirstToken', /TTFT/],
  ])(
    'and %s is taken back by itself, and held',
    async (_, behaviour, gate, says) => {
      const { operator, spec, serve, atWeight, clients, weights, until } = stage();
      const old = await serve(spec(CANARY));
      await operator.edit(NAME, { spec: OTHER });
      const candidate = await atWeight(30);
      await operator.simulator.setRule(revisionRule(NAME, candidate, behaviour, operator.namespace));
      const background = clients.load({ callers: 8, streams: 4, streamTokens: 5 });
      // Both versions are read every few seconds of the operator's time; their pods live in the machine's.
      await eventually(
        async () => {
          operator.advance(5_000);
          expect(await weights()).toEqual({ [old]: 100 });
        },
        { timeoutMs: 120_000, intervalMs: 2_000 },
      );
      await until('Held');
      await background.stop();
      const { rollout, serving } = await operator.status(NAME);
      expect(serving?.revision).toBe(old);
      const verdict = rollout?.verdicts?.find(({ stage: at, verdict: came }) => at === 'Canary' && came === 'Fail');
      expect(verdict).toMatchObject({ gate: expect.stringContaining(gate), message: expect.stringMatching(says) });
      expect(await operator.condition(NAME, 'Ready', 'False', 'GateFailed')).toContain(verdict?.message ?? 'nothing');
      expect((await clients.burst(100)).lost).toEqual({});
      expect(await eventually(() => weights(), PATIENCE)).toEqual({ [old]: 100 });
    },
    300_000,
  );
});
