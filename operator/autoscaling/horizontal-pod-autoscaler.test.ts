import { describe, expect, it } from '@jest/globals';
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts';
import type { Autoscaling } from './scaling.ts';
import { scalingWarnings } from './scaling.ts';
import { KEDA_PAUSED, scaledObject } from './scaled-object.ts';
import { deploymentWith } from '../resources/test-support.ts';

const BASE: Autoscaling = { provider: 'HPA', minReplicas: 1, maxReplicas: 8, headroomPercent: 10 };
const INPUT = { startupBudgetSeconds: 900, tolerance: true, held: false };
const hpa = (change: Partial<Autoscaling>, input: Partial<typeof INPUT> = {}) =>
  horizontalPodAutoscaler(deploymentWith(), { ...BASE, ...change }, { ...INPUT, ...input });

describe('the HPA', () => {
  it('scales the DeepSeekDeployment itself and is its child', () => {
    const { metadata, spec } = hpa({ minReplicas: 2 });
    expect(spec).toMatchObject({
      scaleTargetRef: { apiVersion: 'deepseek-operator.io/v1alpha1', kind: 'DeepSeekDeployment', name: 'chat' },
      minReplicas: 2,
      maxReplicas: 8,
    });
    expect(metadata).toMatchObject({
      name: 'chat',
      namespace: 'ai',
      labels: { 'app.kubernetes.io/managed-by': 'deepseek-operator', 'deepseek-operator.io/name': 'chat' },
      ownerReferences: [{ kind: 'DeepSeekDeployment', controller: true }],
    });
  });

  const pods = (name: string, averageValue: string) => ({
    type: 'Pods',
    pods: { metric: { name }, target: { type: 'AverageValue', averageValue } },
  });
  it.each<[string, Partial<Autoscaling>, object[]]>([
    ['queue', { metrics: [{ type: 'QueueDepth', target: '11' }] }, [pods('deepseek_queue_depth', '10')]],
    [
      'running',
      { metrics: [{ type: 'RunningRequests', target: '50' }] },
      [pods('deepseek_requests_running', '45455m')],
    ],
    ['batch', { metrics: [{ type: 'BatchUtilization', target: '70' }] }, [pods('deepseek_batch_utilization', '636m')]],
    [
      'cache',
      { metrics: [{ type: 'KVCacheUtilization', target: '80' }], headroomPercent: 0 },
      [pods('deepseek_kv_cache_utilization', '800m')],
    ],
    [
      'CPU',
      { metrics: [{ type: 'CPU', target: '77' }] },
      [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
    ],
    [
      'one from outside',
      {
        metrics: [{ type: 'External', target: '30', external: { name: 'queue', selector: { q: 'a' } } }],
        headroomPercent: 0,
      },
      [
        {
          type: 'External',
          external: {
            metric: { name: 'queue', selector: { matchLabels: { q: 'a' } } },
            target: { type: 'AverageValue', averageValue: '30' },
          },
        },
      ],
    ],
    [
      'none: the queue, and the share of the batch that keeps it empty',
      { headroomPercent: 0 },
      [pods('deepseek_queue_depth', '5'), pods('deepseek_batch_utilization', '800m')],
    ],
    [
      'a target of next to nothing, which stays above 0',
      { metrics: [{ type: 'QueueDepth', target: '0.0001' }] },
      [pods('deepseek_queue_depth', '1m')],
    ],
  ])('asks for %s', (_, change, metrics) => {
    expect(hpa(change).spec.metrics).toEqual(metrics);
  });

  it.each([
    ['a fast start', 20, 300],
    ['minutes', 900.5, 901],
    ['hours', 20_000, 3_600],
  ])(
    'waits as long as a replica needs to come back before it takes one away: %s',
    (_, startupBudgetSeconds, window) => {
      const { behavior } = hpa({}, { startupBudgetSeconds }).spec;
      expect(behavior?.scaleDown).toEqual({
        stabilizationWindowSeconds: window,
        selectPolicy: 'Max',
        policies: [
          { type: 'Percent', value: 10, periodSeconds: 60 },
          { type: 'Pods', value: 1, periodSeconds: 60 },
        ],
      });
      expect(behavior?.scaleUp?.stabilizationWindowSeconds).toBe(0);
    },
  );

  it('lets the user’s behaviour win field by field', () => {
    const { behavior } = hpa({
      behavior: { scaleDown: { stabilizationWindowSeconds: 0 }, scaleUp: { selectPolicy: 'Min' } },
    }).spec;
    expect(behavior?.scaleDown).toMatchObject({ stabilizationWindowSeconds: 0, selectPolicy: 'Max' });
    expect(behavior?.scaleUp).toMatchObject({ stabilizationWindowSeconds: 0, selectPolicy: 'Min' });
  });

  const OUT_70_IN_30: Partial<Autoscaling> = {
    metrics: [{ type: 'BatchUtilization', target: '70', scaleInBelow: '30' }],
  };
  it.each<[string, Partial<Autoscaling>, string | undefined]>([
    ['out above 70 %, in below 30 %, with headroom', OUT_70_IN_30, '528m'], // 1 - 0.30 / 0.636
    ['without headroom', { ...OUT_70_IN_30, headroomPercent: 0 }, '571m'], // 1 - 30 / 70
    ['no wish', { metrics: [{ type: 'BatchUtilization', target: '70' }] }, undefined],
    ['in below the target', { metrics: [{ type: 'QueueDepth', target: '5', scaleInBelow: '5' }] }, undefined],
    [
      'what the headroom has reached',
      { metrics: [{ type: 'BatchUtilization', target: '70', scaleInBelow: '65' }] },
      undefined,
    ],
    [
      'a tenth, which an HPA waits for by itself',
      { metrics: [{ type: 'QueueDepth', target: '5', scaleInBelow: '4.5' }], headroomPercent: 0 },
      undefined,
    ],
    [
      'a little more than a tenth',
      { metrics: [{ type: 'QueueDepth', target: '5', scaleInBelow: '4' }], headroomPercent: 0 },
      '200m',
    ],
    ['never', { metrics: [{ type: 'QueueDepth', target: '5', scaleInBelow: '0' }] }, '1'],
  ])('says how far below the target pods are taken away: %s', (_, change, tolerance) => {
    expect(hpa(change).spec.behavior?.scaleDown?.tolerance).toEqual(tolerance);
  });

  it('leaves the tolerance out where the API server does not know it, and says so', () => {
    expect(hpa(OUT_70_IN_30, { tolerance: false }).spec.behavior?.scaleDown).not.toHaveProperty('tolerance');
    expect(scalingWarnings({ ...BASE, ...OUT_70_IN_30 }, { tolerance: false, version: 'v1.33.4' })).toEqual([
      expect.stringContaining('needs Kubernetes 1.35 (behavior.scaleDown.tolerance), and this cluster is v1.33.4'),
    ]);
    expect(scalingWarnings({ ...BASE, ...OUT_70_IN_30 }, { tolerance: true })).toEqual([]);
  });

  it('says what the one tolerance means for the other metrics', () => {
    const metrics: Autoscaling['metrics'] = [
      { type: 'BatchUtilization', target: '80', scaleInBelow: '20' },
      { type: 'QueueDepth', target: '8' },
    ];
    expect(scalingWarnings({ ...BASE, headroomPercent: 0, metrics }, { tolerance: true })).toEqual([
      'An HPA has one tolerance for all metrics: QueueDepth has to be below 2 before pods are taken away.',
    ]);
  });

  it('says what is nearer to the target than an HPA goes', () => {
    const metrics: Autoscaling['metrics'] = [
      { type: 'BatchUtilization', target: '70', scaleInBelow: '65' },
      { type: 'QueueDepth', target: '8' },
    ];
    expect(scalingWarnings({ ...BASE, metrics }, { tolerance: true })).toEqual([
      'autoscaling.metrics[].scaleInBelow is less than a tenth below the target, headroom included, which is the least that an HPA waits for: BatchUtilization has to be below 57.24 before pods are taken away.',
    ]);
  });

  it('says that the API server drops the tolerance', () => {
    expect(scalingWarnings({ ...BASE, ...OUT_70_IN_30 }, { tolerance: true, dropped: true })).toEqual([
      expect.stringContaining('needs the feature gate HPAConfigurableTolerance, which this cluster has turned off'),
    ]);
  });

  it('is held in both directions, and goes on measuring', () => {
    const { behavior, minReplicas, maxReplicas } = hpa({}, { held: true }).spec;
    expect(behavior?.scaleUp?.selectPolicy).toBe('Disabled');
    expect(behavior?.scaleDown?.selectPolicy).toBe('Disabled');
    expect({ minReplicas, maxReplicas }).toEqual({ minReplicas: 1, maxReplicas: 8 });
  });
});

describe('the ScaledObject', () => {
  const KEDA: Autoscaling = { ...BASE, provider: 'KEDA', minReplicas: 0 };
  const input = { ...INPUT, serving: '7f3c', prometheusUrl: 'http://prometheus:9090' };
  const of = (change: Partial<Autoscaling>, more: Partial<typeof input> = {}) =>
    scaledObject(deploymentWith(), { ...KEDA, ...change }, { ...input, ...more });

  it('asks Prometheus for the same metrics with the same targets', () => {
    const { spec } = of({
      pollingInterval: '15s',
      cooldown: '10m',
      metrics: [{ type: 'BatchUtilization', target: '70' }],
    });
    expect(spec).toMatchObject({
      scaleTargetRef: { apiVersion: 'deepseek-operator.io/v1alpha1', kind: 'DeepSeekDeployment', name: 'chat' },
      minReplicaCount: 0,
      maxReplicaCount: 8,
      pollingInterval: 15,
      cooldownPeriod: 600,
    });
    expect(spec.triggers).toEqual([
      {
        type: 'prometheus',
        metricType: 'AverageValue',
        metadata: {
          serverAddress: 'http://prometheus:9090',
          query: 'sum(deepseek:batch_utilization{namespace="ai",deepseekdeployment="chat",revision="7f3c"})',
          threshold: '0.636',
          ignoreNullValues: 'false',
        },
      },
    ]);
    expect(spec.advanced.horizontalPodAutoscalerConfig.behavior).toEqual(hpa({}).spec.behavior);
  });

  it('takes the user’s query and server, and CPU', () => {
    const external = { query: 'sum(waiting)', serverAddress: 'http://other:9090' };
    const { triggers } = of({
      headroomPercent: 0,
      metrics: [
        { type: 'External', target: '4', external },
        { type: 'CPU', target: '60' },
      ],
    }).spec;
    expect(triggers).toMatchObject([
      { type: 'prometheus', metadata: { ...external, threshold: '4' } },
      { type: 'cpu', metricType: 'Utilization', metadata: { value: '60' } },
    ]);
  });

  it('asks for a whole percent of CPU, at least one', () => {
    const metrics: Autoscaling['metrics'] = [{ type: 'CPU', target: '0.4' }];
    expect(of({ metrics }).spec.triggers).toMatchObject([{ type: 'cpu', metadata: { value: '1' } }]);
  });

  it('shows the same pass at every query, and none for CPU', () => {
    const metrics: Autoscaling['metrics'] = [
      { type: 'QueueDepth', target: '5' },
      { type: 'External', target: '4', external: { query: 'sum(waiting)', serverAddress: 'http://other:9090' } },
      { type: 'CPU', target: '60' },
    ];
    const authenticationRef = { name: 'prometheus', kind: 'TriggerAuthentication' } as const;
    const { triggers } = of({ metrics, authenticationRef: { ...authenticationRef, modes: ['bearer', 'tls'] } }).spec;
    expect(triggers).toMatchObject([
      { authenticationRef, metadata: { authModes: 'bearer,tls' } },
      { authenticationRef, metadata: { authModes: 'bearer,tls' } },
      { type: 'cpu' },
    ]);
    expect(triggers[2]).not.toHaveProperty('authenticationRef');
    const kind = 'ClusterTriggerAuthentication';
    const [ofCluster] = of({ metrics, authenticationRef: { name: 'prometheus', kind } }).spec.triggers;
    expect(ofCluster?.authenticationRef).toEqual({ name: 'prometheus', kind });
    expect(ofCluster?.metadata).not.toHaveProperty('authModes');
  });

  it('is paused while it is held', () => {
    expect(of({}).metadata.annotations).toBeUndefined();
    expect(of({}, { held: true }).metadata.annotations).toEqual({ [KEDA_PAUSED]: 'true' });
  });
});
