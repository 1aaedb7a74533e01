import { expect, test } from '@jest/globals';
import { systemClock } from '../../operator/kube/clock.ts';
import { EngineClient, runProof } from '../../operator/observe/index.ts';
import { type Gate, judgeProof } from '../../operator/rollout/verdicts/index.ts';
import { loopbackAddress } from '../simulator/addresses.ts';
import { ENGINES, SimulatedEngine } from './simulated-engine.ts';

/** Versions of each kind, and how many are proven at once: the machine’s own noise grows with them. */
const VERSIONS = 30;
const AT_ONCE = 12;
const LIMIT_MS = 180_000;
const SIGMA = 0.2;
/** 100 ms to the first token: beside them, what a busy machine adds is little. */
const FIRST_TOKEN_FACTOR = 5;
const PROOF = { warmUpRequests: 1, pairedRequests: 20 };
const GATE: Gate = { metric: 'TimeToFirstToken', quantile: '0.95', maxIncreasePercent: 20 };
const [vllm] = ENGINES;

/** Proofs of versions over real HTTP against engines with noise; how many fail the gate. */
async function failuresOf(slowdown: number, client: EngineClient, signal: AbortSignal): Promise<number> {
  if (vllm === undefined) throw new Error('there is no engine');
  let failed = 0;
  const versions = Array.from({ length: VERSIONS }, (_, index) => index).values();
  const lane = async (): Promise<void> => {
    for (const version of versions) {
      const [base, candidate] = await Promise.all(
        ['1', '2'].map((last) => SimulatedEngine.start(vllm, `10.77.${version}.${last}`)),
      );
      if (base === undefined || candidate === undefined) return;
      const noisy = { ...base.behaviour, latencySigma: SIGMA };
      base.behaviour = { ...noisy, firstTokenFactor: FIRST_TOKEN_FACTOR };
      candidate.behaviour = { ...noisy, firstTokenFactor: FIRST_TOKEN_FACTOR * slowdown };
      const given = {
        client,
        candidate: [candidate.endpoint],
        base: [base.endpoint],
        proof: PROOF,
        clock: systemClock,
      };
      const { verdict } = judgeProof(await runProof({ ...given, seed: `${version}` }, signal), [GATE]);
      if (verdict === 'Fail') failed++;
      await Promise.all([base.kill(), candidate.kill()]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return failed;
}

test(
  'proofs over HTTP tell slow versions from good ones, through noise',
  async () => {
    const client = new EngineClient({
      clock: systemClock,
      resolve: (host, port) => ({ host: loopbackAddress(host), port }),
    });
    const signal = AbortSignal.timeout(LIMIT_MS);
    try {
      const falseAlarms = await failuresOf(1, client, signal);
      const misses = VERSIONS - (await failuresOf(1.3, client, signal));
      console.log(
        `of ${VERSIONS} good versions ${falseAlarms} failed; of ${VERSIONS} that are 30 % slower ${misses} passed`,
      );
      // None on a quiet machine; one that is busy takes a moment from one of two versions.
      expect(falseAlarms).toBeLessThanOrEqual(VERSIONS / 10);
      // Half of the pairs that a proof takes by default, on a machine that is busy: most of them are found all the same.
      expect(misses).toBeLessThan((2 * VERSIONS) / 3);
    } finally {
      await client.close();
    }
  },
  LIMIT_MS + 5_000,
);
