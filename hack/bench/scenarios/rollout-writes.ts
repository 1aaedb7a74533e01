import { startBenchCluster } from '../bench-cluster.ts';
import type { BenchContext, Figure, Scenario } from '../figure.ts';
import { podNetworkEnv } from '../../demo/pod-network.ts';
import { startOperator } from '../operator.ts';
import { measureWrites } from '../rollouts/writes.ts';

const OPERATOR = 'rollout-writes-operator';

/** How many writes one switch of versions costs. */
export const rolloutWrites: Scenario = {
  name: 'rollout-writes',
  method: `One model of two replicas on the simulated cluster gets a new version, with the default proof; it is watched for 20 s and the old one is kept for 25 s.
The operator's writes in the audit log are counted from the change of the spec until the old pods are gone and the operator is at rest;
docs/rollouts.md lists them. Events are counted apart.`,
  run: measure,
};

async function measure(context: BenchContext): Promise<readonly Figure[]> {
  await using bench = await startBenchCluster('simulated', context);
  const { cluster, enginePort = 0 } = bench;
  const env = podNetworkEnv(enginePort);
  const { signal } = context;
  const operator = await startOperator({ cluster, user: OPERATOR, args: ['--no-leader-elect'], env, signal });
  try {
    return [await measureWrites(bench, OPERATOR, context)];
  } finally {
    await operator.stop();
  }
}
