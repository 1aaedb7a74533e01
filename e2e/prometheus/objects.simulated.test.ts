import { afterEach, beforeAll, expect, it } from '@jest/globals';
import { findTool, openApi, startPrometheus } from '../../hack/cluster/index.ts';
import type { EngineType } from '../../operator/api/index.ts';
import { type MonitoringObject, podMonitor, scrapeConfig } from '../../operator/monitoring/index.ts';
import { testSimulator } from '../simulator/testing/test-simulator.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';
import { modelObjects, type ModelObjects, MODELS } from './models.ts';
import { jobOf } from './objects.ts';
import { queryOf } from './query.ts';

const BUILD_MS = 20 * 60_000;
const TEST_MS = 120_000;
const PATIENCE = { timeoutMs: 60_000 } as const;
const ENGINES = Object.keys(MODELS) as readonly EngineType[];

const cluster = testCluster('simulated');
const namespace = testNamespace(cluster);
const simulator = testSimulator(cluster, namespace, { timeScale: 0.001 });
const cleanUp: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  await findTool('prometheus', { signal: AbortSignal.timeout(BUILD_MS) });
}, BUILD_MS);
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
}, 60_000);

const WAYS = {
  PodMonitor: ({ owner, revision }: ModelObjects): MonitoringObject => podMonitor(owner, [revision]),
  ScrapeConfig: ({ owner, revision }: ModelObjects): MonitoringObject => scrapeConfig(owner, [revision]),
} as const;

it.each(Object.entries(WAYS))(
  'Prometheus finds all engines by what a %s says, and labels them',
  async (_, objectOf) => {
    const signal = AbortSignal.timeout(TEST_MS);
    const api = await openApi(cluster(), 'monitoring-test');
    cleanUp.push(() => api.close());
    const models = await Promise.all(ENGINES.map((engine) => modelObjects(engine, namespace(), 'Object')));
    for (const { objects } of models) for (const [path, object] of objects) await api.post(path, object, signal);
    const where = { kubeconfig: await cluster().kubeconfig('prometheus'), enginePort: simulator().enginePort };
    const prometheus = await startPrometheus(cluster(), {
      config: { scrape_configs: models.map((model) => jobOf(objectOf(model), where)) },
      signal,
    });
    cleanUp.push(() => prometheus.stop());
    for (const { owner, revision } of models) {
      const { name } = owner.metadata;
      await eventually(async () => {
        const found = await queryOf(prometheus, `up{deepseekdeployment="${name}"} == 1`);
        expect(found.map(({ metric }) => metric)).toEqual([
          expect.objectContaining({
            namespace: namespace(),
            revision: revision.revision,
            model: revision.model,
            quantization: revision.quantization,
            gpu: revision.accelerator,
            pod: expect.stringContaining(`${name}-${revision.revision}`),
          }),
        ]);
      }, PATIENCE);
    }
  },
  TEST_MS,
);
