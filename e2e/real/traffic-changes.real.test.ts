import { describe, expect, it } from '@jest/globals';
import { adapterConfig } from '../../operator/autoscaling/index.ts';
import { openApi, startPrometheusAdapter } from '../../hack/cluster/index.ts';
import { NEXT_OPERATOR_IMAGE, OPERATOR_IMAGE } from '../../hack/image/node-images.ts';
import { eventually, testCluster } from '../support/index.ts';
import { Fleet, FLEET } from './fleet.ts';
import { describeLosses, Load } from './load.ts';
import { startShippedPrometheus } from './prometheus.ts';
import { FULL, PATIENCE, testStage } from './stage.ts';
import { CLIENTS, LIMIT_MS, LONG_CLIENTS, NAME, tell, trafficOn, version } from './traffic.ts';

const NAMESPACE = 'traffic-changes';

/** Nothing is smoothed: what the metrics ask for is done at the next look. */
const AT_ONCE = {
  scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 100, periodSeconds: 1 }] },
  scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 100, periodSeconds: 1 }] },
} as const;
/** The clients of the suite keep 20 to 30 requests running, long ones 40 to 50: two replicas. Those of a burst make it four. */
const AUTOSCALING = {
  minReplicas: 2,
  maxReplicas: 4,
  headroomPercent: 0,
  metrics: [{ type: 'RunningRequests', target: FULL ? '28' : '16' }],
  behavior: AT_ONCE,
} as const;
const BURST = { callers: 0, pooled: 0, streams: 48, streamTokens: 50 } as const;

interface Stored {
  readonly items: readonly { readonly metadata: { readonly name: string; readonly generation?: number } }[];
}

describe('requests while their model, its operator and the API server change', () => {
  const cluster = testCluster('real');
  const stage = testStage(cluster);
  const traffic = trafficOn(stage, NAMESPACE, FULL ? LONG_CLIENTS : CLIENTS);

  it('a load that loses nothing by itself', () => {
    expect(traffic.control).toBe(0);
  });

  it(
    'more replicas, and fewer',
    async () => {
      await traffic.under('scaled up and down', async () => {
        for (const replicas of [4, 2]) {
          await stage.kubectl(['scale', 'dsd', '-n', NAMESPACE, NAME, `--replicas=${replicas}`]);
          await traffic.settled(replicas);
        }
      });
    },
    LIMIT_MS,
  );

  it(
    'each pod evicted in turn',
    async () => {
      await traffic.under('pods evicted in turn', async () => {
        const api = await openApi(cluster(), 'evictor');
        try {
          for (const { metadata } of await traffic.pods(await traffic.serving())) {
            const path = `/api/v1/namespaces/${NAMESPACE}/pods/${metadata.name}/eviction`;
            const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: metadata.name } };
            await eventually(() => api.post(path, eviction, AbortSignal.timeout(10_000)), PATIENCE);
            await traffic.settled(2);
          }
        } finally {
          await api.close();
        }
      });
    },
    LIMIT_MS,
  );

  /** What an upgrade of the operator must not touch: pods, what they are made from, and versions. */
  const children = async (): Promise<object> => {
    const apps = `/apis/apps/v1/namespaces/${NAMESPACE}`;
    const [deployments, revisions] = await Promise.all([
      stage.get<Stored>(`${apps}/deployments`),
      stage.get<Stored>(`${apps}/controllerrevisions`),
    ]);
    const pods = await traffic.pods();
    return {
      pods: pods.map(({ metadata, status }) => ({
        uid: metadata.uid,
        restarts: status.containerStatuses?.map(({ restartCount }) => restartCount),
      })),
      deployments: deployments.items.map(({ metadata: { name, generation } }) => ({ name, generation })),
      revisions: revisions.items.map(({ metadata: { name } }) => name),
    };
  };

  it(
    'an operator that is upgraded, at rest and in the middle of a rollout, beside models at rest and in the middle of theirs',
    async () => {
      const fleet = new Fleet(stage, `${NAMESPACE}-fleet`);
      await using cleanUp = new AsyncDisposableStack();
      cleanUp.defer(() => fleet.stop());
      await fleet.start();
      await traffic.under('operator upgraded at rest', async () => {
        const fleetBefore = await fleet.state();
        const before = await children();
        await stage.install(NEXT_OPERATOR_IMAGE);
        await traffic.repaired();
        expect(await children()).toEqual(before);
        await fleet.expectUntouched(fleetBefore);
      });
      await traffic.under('operator upgraded in the middle of a switch', async () => {
        const before = await traffic.serving();
        await fleet.switch();
        const fleetBefore = await fleet.state();
        await traffic.declare(version(2, { watch: '30s' }));
        const begun = await stage.until(
          NAMESPACE,
          NAME,
          'rolled out',
          ({ rollout }) => rollout !== undefined && rollout.phase !== 'Idle',
        );
        const leaders = new Set<string>();
        let isOver = false;
        const upgrade = stage.install(OPERATOR_IMAGE).finally(() => (isOver = true));
        const look = eventually(async () => {
          const { phase } = (await stage.model(NAMESPACE, NAME)).status?.rollout ?? {};
          const { metadata } = await stage.leader();
          if (phase !== undefined && phase !== 'Idle') leaders.add(metadata.name);
          expect(isOver).toBe(true);
        }, PATIENCE);
        await Promise.all([upgrade, look]);
        await fleet.expectUntouched(fleetBefore);
        tell(
          `upgraded from the phase ${begun.rollout?.phase ?? 'none'} on; ${leaders.size} leaders in the rollout; ` +
            `beside ${FLEET.atRest} models at rest and ${FLEET.switched} in the middle of a switch: 0 restarts, 0 pods and 0 revisions made`,
        );
        expect(leaders.size).toBeGreaterThan(1);
        await stage.ready(NAMESPACE, NAME, before);
        await traffic.settled(2);
        const { rollout } = (await stage.model(NAMESPACE, NAME)).status ?? {};
        expect(rollout?.attempt).toBe(begun.rollout?.attempt);
        await fleet.finish();
        await fleet.expectUntouched(fleetBefore);
      });
    },
    LIMIT_MS,
  );

  it(
    'an API server that is restarted',
    async () => {
      await traffic.under('API server restarted', async () => {
        const signal = AbortSignal.timeout(60_000);
        await cluster().stopApiServer({ signal });
        await cluster().startApiServer({ signal });
        await stage.until(NAMESPACE, NAME, 'Available', ({ conditions }) =>
          Boolean(conditions?.some(({ type, status }) => type === 'Available' && status === 'True')),
        );
        await traffic.settled(2);
      });
    },
    LIMIT_MS,
  );

  it(
    'an HPA that follows bursts of their load, twice up and down',
    async () => {
      const signal = AbortSignal.timeout(LIMIT_MS);
      await using companions = new AsyncDisposableStack();
      const prometheus = companions.use(await startShippedPrometheus(cluster(), signal));
      companions.use(
        await startPrometheusAdapter(cluster(), {
          config: adapterConfig(),
          prometheusUrl: prometheus.url,
          signal,
        }),
      );
      await traffic.under('scaled by an HPA', async () => {
        await traffic.declare(version(2, { watch: '30s', autoscaling: AUTOSCALING }));
        await stage.until(NAMESPACE, NAME, 'scaled by an HPA', ({ conditions }) =>
          Boolean(conditions?.some(({ type, status }) => type === 'AutoscalingActive' && status === 'True')),
        );
        for (const burst of [1, 2]) {
          const load = new Load({ url: traffic.url, model: NAME, ...BURST });
          await traffic.settled(AUTOSCALING.maxReplicas);
          const { sent, losses } = await load.stop();
          tell(
            `burst ${burst}: ${losses.length} lost of ${sent.stream} stream, at ${AUTOSCALING.maxReplicas} replicas`,
          );
          expect(describeLosses(losses)).toEqual([]);
          await traffic.settled(AUTOSCALING.minReplicas);
        }
      });
    },
    LIMIT_MS,
  );

  it(
    'the requests that still run when all is over',
    async () => {
      expect(await traffic.end()).toEqual([]);
    },
    LIMIT_MS,
  );
});
