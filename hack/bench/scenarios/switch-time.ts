import { proofSpec } from '../../../operator/api/proof.ts';
import { proofLimitMs } from '../../../operator/rollout/proof-limits.ts';
import { World } from '../../../operator/controller/testing/world.ts';
import { atMost, type Figure, type Scenario } from '../figure.ts';

/** How long a proof with default settings takes, seconds. */
const PROOFS = [
  {
    name: 'usual',
    title: 'a request takes 1.2 s',
    // 40 pairs one after the other, then four at a time; warm-up.
    seconds: 40 * 2 * 1.2 + (40 * 2 * 1.2) / 4 + 10,
  },
  // No pair is begun after 100 s one by one, and after 50 s in waves of four.
  { name: 'slow', title: 'the comparison uses up its time', seconds: 100 + 50 + 20 },
  { name: 'limit', title: 'every stage uses up its time', seconds: proofLimitMs(proofSpec.parse({}), 2) / 1000 },
] as const;
const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 2,
};
/** Passes are a second apart: a rollout that takes longer than this has stalled. */
const LIMIT_S = 7_200;

/** How long a rollout takes from the order until the last of it is over. */
export const switchTime: Scenario = {
  name: 'switch-time',
  method: `\`decide\`, with the clock as data and a model of the API server, takes a version through its rollout with default settings: from the change of
the spec until its watch is over. Pods are available at once (loading apart), and the proof takes as long as is said. The old version
stays warm for its window of two hours after that.`,
  run: () => Promise.resolve(PROOFS.map(measure)),
};

function measure({ name, title, seconds }: (typeof PROOFS)[number]): Figure {
  return atMost({
    name: `switch-time-${name}`,
    title: `A switch with default settings, loading apart; ${title} (proof ${(seconds / 60).toFixed(1)} min)`,
    value: secondsOfRollout(seconds) / 60,
    limit: 15,
    unit: ' min',
    decimals: 1,
  });
}

function secondsOfRollout(proofSeconds: number): number {
  const world = new World(SPEC);
  world.settle();
  world.conclude();
  world.rollbackWindowEnds();
  const { observations } = world;
  world.edit((spec) => ({ ...spec, model: { ...SPEC.model, maxModelLen: 8192 } }));
  const orderedAt = world.now;
  let provenAt: number | undefined;
  while (world.now - orderedAt < LIMIT_S * 1000) {
    world.ready();
    if (world.deployment.status?.rollout?.phase === 'Proving') provenAt ??= world.now + proofSeconds * 1000;
    const answered = provenAt !== undefined && world.now >= provenAt;
    world.observations = answered ? observations : { ...observations, proofs: new Map() };
    world.pass();
    const { phase } = world.deployment.status?.rollout ?? {};
    if (phase === 'Idle' && provenAt !== undefined) return (world.now - orderedAt) / 1000;
  }
  throw new Error(`the rollout is not over after ${LIMIT_S} s: ${world.deployment.status?.rollout?.message ?? ''}`);
}
