import { describe, expect, it } from '@jest/globals';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import type { PodBehaviour } from '../simulator/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { TrialBench } from './trial.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const trials = new TrialBench(bench);

interface BadVersion {
  readonly what: string;
  readonly behaviour: PodBehaviour;
  readonly reason: string;
  /** What a person reads. */
  readonly says: RegExp;
  readonly rollout?: object;
  readonly replicas?: number;
}

const TTFT = { metric: 'TimeToFirstToken', quantile: '0.95', maxIncreasePercent: 20 };
const manyPairs = { warmUpRequests: 1, pairedRequests: 20 };

const BAD: readonly BadVersion[] = [
  {
    what: 'answers wrongly',
    behaviour: { wrongAnswers: true },
    reason: 'ProofFailed',
    says: /1 of 1 smoke test failed: "2\+2=" \(contains "4"\) was answered "/,
  },
  {
    what: 'answers nothing but errors',
    behaviour: { errorRate: 1 },
    reason: 'ProofFailed',
    says: /1 of 1 pod generated no token: chat-\S+: answered 500/,
  },
  {
    what: 'answers some prompts with errors',
    behaviour: { errorRate: 0.6 },
    rollout: { proof: { warmUpRequests: 1, pairedRequests: 20 } },
    reason: 'ProofFailed',
    // Where the first three in a row fail, it is the warm-up that says so.
    says: /(\d+ of 40 prompts failed, and 0 at the old version; the first error: "|generated no token: \S+: )answered 500/,
  },
  {
    what: 'takes twice as long to its first token',
    behaviour: { firstTokenFactor: 2 },
    rollout: { proof: manyPairs, gates: [TTFT] },
    reason: 'ProofFailed',
    says: /TTFT P95 \S+ ms against \S+ ms; .* 40 pairs\): \+[\d.]+ %, at least \+[\d.]+ % \(95 % confident\), allowed \+20 %/,
  },
  {
    what: 'is half as fast',
    behaviour: { slowFactor: 2 },
    rollout: { proof: manyPairs, gates: [{ metric: 'RequestLatency', quantile: '0.5', maxIncreasePercent: 30 }] },
    reason: 'ProofFailed',
    says: /request latency P50 \S+ m?s against/,
  },
  {
    what: 'crashes while it loads',
    behaviour: { failure: 'crash', message: 'ValueError: the weights are not what the config says' },
    reason: 'CrashLoop',
    says: /the weights are not what the config says/,
  },
  {
    what: 'does not fit the GPU',
    behaviour: {
      failure: 'cuda-oom',
      message: 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.',
    },
    reason: 'OutOfMemoryGPU',
    says: /CUDA out of memory/,
  },
];

describe('a bad version is caught before a user meets it', () => {
  it.each(BAD)('$what: $reason', async ({ behaviour, reason, says, rollout, replicas = 1 }) => {
    const trial = await trials.begin(rollout, { replicas });
    const load = await bench().load('chat', { rps: 20 });
    await trials.change(trial.old, behaviour);
    const early = reason !== 'ProofFailed';
    // A crash could heal: it is waited for.
    if (early) {
      await trials.phase('Loading');
      await bench().condition('chat', 'CandidateHealthy', 'False', reason);
      bench().advance(3 * 60_000);
    }
    const refusal = await trials.held(trial);
    expect(refusal).toMatchObject({ reason, message: expect.stringMatching(says) });
    const { byRevision, failed } = await load.stop();
    expect(Object.keys(byRevision)).toEqual([trial.old]);
    expect(failed).toEqual({});
    expect(trial.watch.switches).toHaveLength(1);
    await eventually(() => expect(bench().log.filter(({ level }) => level === 'error')).toEqual([]), PATIENCE);
  });
});
