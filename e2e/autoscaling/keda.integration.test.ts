import { beforeAll, describe, expect, it } from '@jest/globals';
import { moduleCrds } from '../../hack/cluster/index.ts';
import { deepSeekDeployment } from '../../operator/api/index.ts';
import { API_VERSION, KIND, MANAGER } from '../../operator/api/names.ts';
import { type Autoscaling, scaledObject } from '../../operator/autoscaling/index.ts';
import { SCALED_OBJECTS } from '../../operator/controller/keda.ts';
import type { KubeHttpClient } from '../../operator/kube/client.ts';
import { resources } from '../../operator/kube/resources.ts';
import { covers, type Owner } from '../../operator/resources/index.ts';
import { eventually, testClient, testCluster, testNamespace } from '../support/index.ts';

const cluster = testCluster('control-plane');
const namespace = testNamespace(cluster);
let client: KubeHttpClient;

beforeAll(async () => {
  client = await testClient(cluster(), 'keda-test');
  const signal = AbortSignal.timeout(100_000);
  for (const crd of await moduleCrds('keda', signal))
    await client.apply(resources.customResourceDefinitions, crd, { fieldManager: 'test', signal });
  await eventually(() => client.list(SCALED_OBJECTS, { signal }), { timeoutMs: 30_000, signal });
}, 120_000);

describe('KEDA’s own CRD', () => {
  const BASE = { provider: 'KEDA', minReplicas: 0, maxReplicas: 4, headroomPercent: 10 } as const;
  it.each<[string, Autoscaling, boolean]>([
    ['the default metrics', BASE, false],
    ['a pause', BASE, true],
    [
      'every kind of metric',
      {
        ...BASE,
        pollingInterval: '15s',
        cooldown: '10m',
        authenticationRef: { name: 'prometheus', kind: 'TriggerAuthentication', modes: ['bearer'] },
        metrics: [
          { type: 'BatchUtilization', target: '70', scaleInBelow: '30' },
          { type: 'CPU', target: '60' },
          {
            type: 'External',
            target: '5',
            external: { query: 'sum(waiting)', serverAddress: 'http://prometheus:9090' },
          },
        ],
      },
      false,
    ],
  ])('takes our ScaledObject with %s, and gives it back as it is', async (_, autoscaling, held) => {
    const owner = deepSeekDeployment.parse({
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: 'chat', namespace: namespace(), uid: '6a1f0c9e-2b7d-4e07-9a51-000000000001' },
      spec: { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' } },
    }) as Owner;
    const input = {
      startupBudgetSeconds: 900,
      tolerance: true,
      held,
      serving: 'aaa',
      prometheusUrl: 'http://prometheus:9090',
    };
    const object = scaledObject(owner, autoscaling, input);
    const signal = AbortSignal.timeout(30_000);
    const live = await client.apply(SCALED_OBJECTS, object, { fieldManager: MANAGER, dryRun: true, signal });
    expect(covers(object, live)).toEqual([]);
  });
});
