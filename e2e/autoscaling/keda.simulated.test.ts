import { beforeAll, beforeEach, expect, it } from '@jest/globals';
import { startKeda } from '../../hack/cluster/index.ts';
import { SCALED_OBJECTS } from '../../operator/controller/keda.ts';
import { resources } from '../../operator/kube/resources.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { BRIEF } from '../reconcile/rollouts.ts';
import { eventually, testCluster } from '../support/index.ts';
import { metricsStage, QUICK_HPA } from './stage.ts';

const cluster = testCluster('simulated', QUICK_HPA);
const stage = metricsStage(cluster);
const bench = operatorBench(cluster);

/** The first time the operator of KEDA is compiled. */
const BUILD_MS = 30 * 60_000;

// It goes with the cluster.
beforeAll(async () => {
  await startKeda(cluster(), { signal: AbortSignal.timeout(BUILD_MS) });
}, BUILD_MS);
beforeEach(() => stage().follow([bench().namespace], bench().enginePort));

it('wakes a model that is off when its trigger asks for it, and puts it back to sleep', async () => {
  await stage().announce('requests_at_the_gateway', 0);
  await bench().create('chat', {
    model: { name: 'deepseek-r1-distill-qwen-1.5b' },
    accelerator: { type: 'A100-80GB' },
    replicas: 0,
    autoscaling: {
      ...{ provider: 'KEDA', minReplicas: 0, maxReplicas: 1, pollingInterval: '1s', cooldown: '5s' },
      metrics: [
        {
          type: 'External',
          target: '1',
          external: { query: 'requests_at_the_gateway', serverAddress: stage().prometheusUrl },
        },
      ],
    },
    ...BRIEF,
  });
  await bench().condition('chat', 'AutoscalingActive', 'True', 'AutoscalingFollowed');
  expect((await bench().get('chat')).spec.replicas).toBe(0);
  expect(await bench().pods('chat')).toEqual([]);

  await stage().announce('requests_at_the_gateway', 1);
  await bench().condition('chat', 'Ready', 'True');
  await eventually(async () => expect((await bench().status('chat')).readyReplicas).toBe(1), PATIENCE);

  await stage().announce('requests_at_the_gateway', 0);
  await eventually(async () => expect((await bench().get('chat')).spec.replicas).toBe(0), PATIENCE);
  await eventually(async () => expect(await bench().pods('chat')).toEqual([]), PATIENCE);
}, 300_000);

it('leaves a model off that somebody has switched off, and takes it up again when it is on', async () => {
  const { client, namespace, signal } = bench();
  const key = { namespace, name: 'chat' };
  const hasHpa = async () => {
    const { items } = await client.list(resources.horizontalPodAutoscalers, { namespace, signal });
    return items.map(({ metadata }) => metadata.name);
  };
  await stage().announce('requests_at_the_gateway', 0);
  await bench().create('chat', {
    model: { name: 'deepseek-r1-distill-qwen-1.5b' },
    accelerator: { type: 'A100-80GB' },
    replicas: 1,
    autoscaling: {
      ...{ provider: 'KEDA', minReplicas: 1, maxReplicas: 2 },
      metrics: [
        {
          type: 'External',
          target: '1',
          external: { query: 'requests_at_the_gateway', serverAddress: stage().prometheusUrl },
        },
      ],
    },
    ...BRIEF,
  });
  await bench().condition('chat', 'Ready', 'True');
  await eventually(async () => expect(await hasHpa()).toEqual(['chat']), PATIENCE);
  // Its first look comes after its HPA, and would raise what is off by then; the next one is half a minute later.
  await eventually(async () => {
    const { status } = await client.get(SCALED_OBJECTS, key, { signal });
    expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'Active', status: 'False' }));
  }, PATIENCE);

  await bench().edit('chat', { spec: { replicas: 0 } });
  await bench().condition('chat', 'AutoscalingActive', 'False', 'ScaledToZero');
  await eventually(async () => {
    const { status } = await client.get(SCALED_OBJECTS, key, { signal });
    expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'Paused', status: 'True' }));
    expect(await hasHpa()).toEqual([]);
  }, PATIENCE);
  // From here on KEDA looks no more, whatever is asked for.
  await stage().announce('requests_at_the_gateway', 1);
  await eventually(async () => expect(await bench().pods('chat')).toEqual([]), PATIENCE);
  await bench().rest();
  expect((await bench().get('chat')).spec.replicas).toBe(0);

  await bench().edit('chat', { spec: { replicas: 1 } });
  await bench().condition('chat', 'Ready', 'True');
  await eventually(async () => expect(await hasHpa()).toEqual(['chat']), PATIENCE);
  await eventually(async () => expect((await bench().status('chat')).readyReplicas).toBe(1), PATIENCE);
}, 300_000);
