import { describe, expect, it } from '@jest/globals';
import { type AuditEntry, countWrites } from '../../hack/cluster/index.ts';
import { operatorBench } from '../reconcile/harness.ts';
import { eventually, testCluster } from '../support/index.ts';
import { FLEET_POOL, goldenOf, VERSIONS } from './golden.ts';
import { isReady, renamed, restore } from './restore.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

/** One for each engine, and one whose weights are an image. */
const MODELS = ['chat', 'v2-lite', 'trtllm-a100', 'lightweight', 'from-image'];

/** As many models as a cluster of several teams has. */
const COPIES = 50;

/** Models that serve, by version, of the versions that are recorded whole. */
const SERVING = VERSIONS.map(
  (version) => [version, goldenOf(version).filter(({ phase }) => phase === 'Idle')] as const,
).filter(([, serving]) => serving.some(({ deployment }) => deployment.metadata.name === 'fleet'));

describe.each(SERVING)('an upgrade from version %s', (_, serving) => {
  const named = (name: string) => serving.filter(({ deployment }) => deployment.metadata.name === name).slice(0, 1);

  it.each([
    ['of models on each engine', () => MODELS.flatMap(named)],
    [
      `of ${COPIES} models`,
      () =>
        named('fleet').flatMap((model) =>
          Array.from({ length: COPIES }, (_, index) => renamed(model, `fleet${String(index).padStart(2, '0')}`)),
        ),
    ],
  ])(
    '%s restarts no pod, makes no revision, and writes to no workload',
    async (_, list) => {
      await bench().stopOperator();
      const models = list();
      expect(models.length).toBeGreaterThanOrEqual(MODELS.length);
      if (models.length > MODELS.length)
        await bench().pool({
          name: FLEET_POOL,
          accelerator: 'A100-80GB',
          nodes: Math.ceil(COPIES / 8),
          gpusPerNode: 8,
        });
      // Several at a time, so that it takes seconds; not all, so that no request waits for the others.
      const left = [...models];
      const some = async (): Promise<void> => {
        for (let model = left.shift(); model; model = left.shift()) await restore(bench(), model);
      };
      await Promise.all([some(), some(), some(), some()]);
      const names = models.map(({ deployment }) => deployment.metadata.name);
      const pods = async () => (await Promise.all(names.map((name) => bench().pods(name)))).flat();
      await eventually(
        async () => {
          const all = await pods();
          expect(all.filter((pod) => !isReady(pod)).map(({ metadata }) => metadata.name)).toEqual([]);
          expect(all).toHaveLength(models.reduce((sum, { deployment }) => sum + (deployment.spec.replicas ?? 1), 0));
        },
        { timeoutMs: 90_000 },
      );
      const before = (await pods()).map(({ metadata }) => metadata.uid);
      const since = new Date();

      await bench().startOperator();
      for (const name of names) await bench().condition(name, 'Ready', 'True');
      await bench().rest();
      const requests = (await bench().requests()).filter(({ received }) => received >= since);
      expect(requests.filter(({ verb, resource }) => verb === 'watch' && resource === 'pods')).not.toEqual([]);
      const writes = requests.filter((entry) => countWrites([entry], { without: ['leases', 'events'] }) > 0);
      const whatOf = ({ verb, resource, subresource }: AuditEntry) => `${verb} ${resource ?? ''}/${subresource ?? ''}`;
      expect(writes.map(whatOf).filter((what) => what !== 'patch deepseekdeployments/status')).toEqual([]);
      expect((await pods()).map(({ metadata }) => metadata.uid)).toEqual(before);
      for (const { deployment } of models) {
        const { serving: now } = await bench().status(deployment.metadata.name);
        expect(now).toMatchObject({ revision: deployment.status?.serving?.revision, proven: true });
      }
    },
    240_000,
  );
});
