import { beforeAll, expect, it } from '@jest/globals';
import { deepSeekDeployment } from '../../operator/api/index.ts';
import { API_VERSION, KIND, MANAGER } from '../../operator/api/names.ts';
import { horizontalPodAutoscaler } from '../../operator/autoscaling/index.ts';
import { differsByTolerance, dropsTolerance } from '../../operator/controller/decide/tolerance.ts';
import { trimAutoscaler } from '../../operator/controller/transforms.ts';
import type { KubeHttpClient } from '../../operator/kube/client.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { Owner } from '../../operator/resources/index.ts';
import { testClient, testCluster, testNamespace } from '../support/index.ts';

const cluster = testCluster('control-plane', {
  extraArgs: { 'kube-apiserver': ['--feature-gates=HPAConfigurableTolerance=false'] },
});
const namespace = testNamespace(cluster);
let client: KubeHttpClient;

beforeAll(async () => {
  client = await testClient(cluster(), 'tolerance-test');
});

it('knows by an HPA that the API server drops the tolerance, and still does after others have written', async () => {
  const owner = deepSeekDeployment.parse({
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'chat', namespace: namespace(), uid: '6a1f0c9e-2b7d-4e07-9a51-000000000001' },
    spec: { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' } },
  }) as Owner;
  const metrics = [{ type: 'BatchUtilization', target: '70', scaleInBelow: '30' }] as const;
  const autoscaling = { minReplicas: 1, maxReplicas: 4, metrics };
  const object = horizontalPodAutoscaler(owner, autoscaling, {
    ...{ startupBudgetSeconds: 900, tolerance: true, held: false },
  });
  const signal = AbortSignal.timeout(30_000);
  const apply = () => client.apply(resources.horizontalPodAutoscalers, object, { fieldManager: MANAGER, signal });
  const first = await apply();
  const told = (live: typeof first) => [dropsTolerance(live), differsByTolerance(object, live)];
  expect(told(trimAutoscaler(first))).toEqual([true, true]);
  const status = { desiredReplicas: 2, currentReplicas: 2, conditions: [] };
  const written = await client.update(
    resources.horizontalPodAutoscalers,
    { ...first, status },
    { subresource: 'status', signal },
  );
  expect(told(trimAutoscaler(written))).toEqual([true, true]);
  const again = await apply();
  expect(told(trimAutoscaler(again))).toEqual([true, true]);
}, 60_000);
