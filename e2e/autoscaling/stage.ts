import { beforeAll } from '@jest/globals';
import { type Cluster, findTool } from '../../hack/cluster/index.ts';
import { MetricsStage } from '../../hack/stage/metrics-stage.ts';

/** The first time the programs are compiled. */
const BUILD_MS = 20 * 60_000;
const START_MS = 120_000;

/** The HPA controller looks every second instead of every 15. */
export const QUICK_HPA = {
  extraArgs: { 'kube-controller-manager': ['--horizontal-pod-autoscaler-sync-period=1s'] },
} as const;

/** A Prometheus and an adapter on a cluster of the file's own, which scrape and record every second. */
export function metricsStage(cluster: () => Cluster): () => MetricsStage {
  let stage: MetricsStage | undefined;
  beforeAll(async () => {
    const signal = AbortSignal.timeout(BUILD_MS);
    await findTool('prometheus', { signal });
    await findTool('prometheus-adapter', { signal });
  }, BUILD_MS);
  beforeAll(async () => {
    stage = await MetricsStage.start(cluster(), { scrapeSeconds: 1 });
  }, START_MS);
  return () => {
    if (!stage) throw new Error('The stage exists only while tests run.');
    return stage;
  };
}
