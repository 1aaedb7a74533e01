import { afterEach, beforeEach } from '@jest/globals';
import type { Cluster } from '../../../hack/cluster/index.ts';
import { startSimulator } from '../simulator.ts';
import type { Simulator, SimulatorOptions } from '../simulator.ts';

const startTimeoutMilliseconds = 30_000;

/**
 * Gives each test a simulator of its own for the test's namespace alone, so that tests which share a cluster do not play
 * each other's pods:
 *
 *     const cluster = testCluster('simulated');
 *     const namespace = testNamespace(cluster);
 *     const simulator = testSimulator(cluster, namespace);
 */
export function testSimulator(
  cluster: () => Cluster,
  namespace: () => string,
  options: Partial<Omit<SimulatorOptions, 'kubeconfig' | 'namespaces' | 'signal'>> = {},
): () => Simulator {
  let simulator: Simulator | undefined;
  beforeEach(async () => {
    simulator = await startSimulator({
      ...options,
      kubeconfig: await cluster().kubeconfig('engine-simulator'),
      namespaces: [namespace()],
      signal: AbortSignal.timeout(startTimeoutMilliseconds),
    });
  }, startTimeoutMilliseconds + 5_000);
  afterEach(async () => {
    await simulator?.stop();
    simulator = undefined;
  }, startTimeoutMilliseconds);
  return () => {
    if (simulator === undefined) throw new Error('The simulator exists only while a test runs: call this in a test.');
    return simulator;
  };
}
