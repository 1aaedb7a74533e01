import { describe, expect, it } from '@jest/globals';
import { KEDA_PAUSED } from '../../autoscaling/index.ts';
import type { ManagedFieldsEntry } from '../../kube/types.ts';
import type { LiveScaledObject } from '../keda.ts';
import type { LiveHorizontalPodAutoscaler } from '../snapshot.ts';
import { World } from '../testing/world.ts';
import { decide } from './decide.ts';

const QUEUE = { type: 'QueueDepth', target: '5' };
const OUTSIDE = { type: 'External', target: '1', external: { query: 'sum(waiting)' } };
const AUTOSCALING = { provider: 'KEDA', minReplicas: 0, maxReplicas: 4, headroomPercent: 0 };
const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 2,
  autoscaling: { ...AUTOSCALING, metrics: [QUEUE] },
};

function serving(autoscaling: object = SPEC.autoscaling, replicas = 2): World {
  const world = new World({ ...SPEC, autoscaling });
  world.conclude();
  world.edit((spec) => ({ ...spec, replicas }));
  world.settle();
  return world;
}

const keda = (world: World, live?: LiveScaledObject, hpa?: LiveHorizontalPodAutoscaler) => {
  world.autoscaling = { keda: { installed: true, live, hpa } };
  return decide(world.snapshot(), { observeOnly: false, prometheusUrl: 'http://prometheus:9090' });
};
const told = (decision: ReturnType<typeof decide>) =>
  decision.status.conditions?.find(({ type }) => type === 'AutoscalingActive');

/** The ScaledObject that is wanted, as KEDA reports on it. */
function scaledObject(world: World, ready: object = { status: 'True' }): LiveScaledObject {
  const [create] = keda(world).intents;
  if (create?.type !== 'Create') throw new Error('no ScaledObject is made');
  return {
    ...structuredClone(create.object),
    status: { conditions: [{ type: 'Ready', ...ready }] },
  } as unknown as LiveScaledObject;
}

describe('provider KEDA', () => {
  it('makes a ScaledObject and no HPA', () => {
    const world = serving();
    expect(world.names('HorizontalPodAutoscaler')).toEqual([]);
    expect(world.condition('AutoscalingActive')).toMatchObject({ status: 'Unknown', reason: 'AutoscalerPending' });
    expect(keda(world).intents).toMatchObject([
      { type: 'Create', kind: 'ScaledObject', object: { spec: { minReplicaCount: 0 } } },
    ]);
    const live = scaledObject(world);
    const decision = keda(world, live);
    expect(decision.intents).toEqual([]);
    expect(told(decision)).toMatchObject({ status: 'True', reason: 'AutoscalingFollowed' });
    expect(live.metadata.annotations?.[KEDA_PAUSED]).toBeUndefined();
  });

  it('says that KEDA or a Prometheus is missing', () => {
    const world = serving();
    world.autoscaling = { keda: { installed: false } };
    world.settle();
    expect(world.condition('AutoscalingActive')).toMatchObject({ status: 'False', reason: 'KedaMissing' });
    world.autoscaling = { keda: { installed: true } };
    world.settle();
    expect(world.condition('AutoscalingActive')).toMatchObject({ status: 'False', reason: 'PrometheusUnknown' });
  });

  it('is held while the model is off and KEDA would mend that, and let go when it is on again', () => {
    const world = serving({ ...AUTOSCALING, minReplicas: 2 });
    const live = scaledObject(world);
    world.edit((spec) => ({ ...spec, replicas: 0 }));
    world.settle();
    const off = keda(world, live);
    const annotations = { [KEDA_PAUSED]: 'true' };
    expect(off.intents).toMatchObject([{ type: 'Apply', kind: 'ScaledObject', object: { metadata: { annotations } } }]);
    expect(told(off)).toMatchObject({ status: 'False', reason: 'ScaledToZero' });
    const [hold] = off.intents;
    const fieldsV1 = { 'f:metadata': { 'f:annotations': { [`f:${KEDA_PAUSED}`]: {} } } };
    const metadata = {
      ...live.metadata,
      annotations,
      managedFields: [{ manager: 'deepseek-operator', operation: 'Apply' as const, fieldsV1 }],
    };
    const heldObject = { ...live, ...(hold?.type === 'Apply' ? hold.object : {}), metadata } as LiveScaledObject;
    expect(keda(world, heldObject).intents).toEqual([]);
    world.edit((spec) => ({ ...spec, replicas: 1 }));
    world.settle();
    const [on] = keda(world, heldObject).intents;
    expect(on).toMatchObject({ type: 'Apply', kind: 'ScaledObject' });
    expect(on?.type === 'Apply' && on.object.metadata?.annotations).toBeFalsy();
  });

  it('is not held at 0 where KEDA may wake the model', () => {
    const world = serving({ ...AUTOSCALING, metrics: [OUTSIDE] }, 0);
    expect(scaledObject(world).metadata.annotations?.[KEDA_PAUSED]).toBeUndefined();
  });
});

describe('what is said of a model that is off under KEDA', () => {
  const ERROR = { status: 'False', reason: 'TriggerError', message: 'Triggers are not working correctly' };
  it.each<[string, object[], object, object]>([
    ['asleep, and all is well', [OUTSIDE], { status: 'True' }, { status: 'True', reason: 'AutoscalingFollowed' }],
    [
      'asleep, so that the engines have no metrics',
      [QUEUE, OUTSIDE],
      ERROR,
      { status: 'False', reason: 'ScaledToZero', message: expect.stringContaining(ERROR.message) },
    ],
    [
      'asleep, and some triggers find nothing',
      [QUEUE, OUTSIDE],
      { ...ERROR, status: 'Unknown', reason: 'PartialTriggerError' },
      { status: 'False', reason: 'ScaledToZero' },
    ],
    ['asleep, and nobody can wake it', [OUTSIDE], ERROR, { status: 'False', reason: 'AutoscalerFailing' }],
    [
      'asleep, and KEDA does not take the ScaledObject',
      [QUEUE, OUTSIDE],
      { ...ERROR, reason: 'ScaledObjectCheckFailed' },
      { status: 'False', reason: 'AutoscalerFailing' },
    ],
    ['off, and nothing wakes it', [QUEUE], ERROR, { status: 'False', reason: 'ScaledToZero' }],
  ])('%s', (_, metrics, ready, expected) => {
    const world = serving({ ...AUTOSCALING, metrics }, 0);
    expect(told(keda(world, scaledObject(world, ready)))).toMatchObject(expected);
  });
});

describe('what is said of a model that is on under KEDA', () => {
  it.each<[string, object, object]>([
    ['nothing yet', { status: 'Unknown' }, { status: 'Unknown', reason: 'AutoscalerPending' }],
    [
      'that no trigger works',
      { status: 'False', reason: 'TriggerError', message: 'none works' },
      { status: 'False', reason: 'AutoscalerFailing', message: expect.stringContaining('KEDA says: none works') },
    ],
    [
      'that some triggers do not work',
      { status: 'Unknown', reason: 'PartialTriggerError', message: 'some do not work' },
      { status: 'Unknown', reason: 'AutoscalerFailing', message: expect.stringContaining('KEDA says: some do not') },
    ],
  ])('KEDA says %s', (_, ready, expected) => {
    const world = serving();
    expect(told(keda(world, scaledObject(world, ready)))).toMatchObject(expected);
  });

  const FOUND = { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound' };
  const hpa = (conditions: readonly object[], more: object = {}) =>
    ({
      metadata: { name: 'chat' },
      spec: {},
      status: { conditions, ...more },
    }) as unknown as LiveHorizontalPodAutoscaler;
  it.each<[string, object[], object]>([
    ['that all is well', [FOUND], { status: 'True', reason: 'AutoscalingFollowed' }],
    ['nothing yet', [], { status: 'Unknown', reason: 'AutoscalerPending' }],
    [
      'that it wants more',
      [FOUND, { type: 'ScalingLimited', status: 'True', reason: 'TooManyReplicas' }],
      { status: 'True', reason: 'AtMaxReplicas' },
    ],
    [
      'that another HPA has its pods',
      [{ ...FOUND, status: 'False', reason: 'AmbiguousSelector', message: 'by multiple HPAs: [ai/chat ai/other]' }],
      { status: 'False', reason: 'AutoscalerConflict', message: expect.stringContaining('ai/other') },
    ],
  ])('its HPA says %s', (_, conditions, expected) => {
    const world = serving();
    expect(told(keda(world, scaledObject(world), hpa(conditions)))).toMatchObject(expected);
  });

  const writes = (manager: string): readonly ManagedFieldsEntry[] => [
    { manager, operation: 'Update', time: '2026-01-01T00:12:00Z', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
  ];
  it.each([
    ['argocd-controller', 'ReplicasContested'],
    ['keda', 'AutoscalingFollowed'],
    ['kube-controller-manager', 'AutoscalingFollowed'],
  ])('tells a fight over the count from what KEDA itself writes: %s', (manager, reason) => {
    const world = serving();
    const live = scaledObject(world);
    world.now = Date.parse('2026-01-01T00:12:05Z');
    world.deployment = {
      ...world.deployment,
      metadata: { ...world.deployment.metadata, managedFields: writes(manager) },
    };
    const scaled = hpa([FOUND], { lastScaleTime: '2026-01-01T00:10:00Z', desiredReplicas: 4 });
    expect(told(keda(world, live, scaled))).toMatchObject({ reason });
  });

  it('says that the API server drops the tolerance which KEDA passes on', () => {
    const metrics = [{ type: 'QueueDepth', target: '5', scaleInBelow: '2' }];
    const world = serving({ ...AUTOSCALING, metrics });
    const live = scaledObject(world);
    expect(told(keda(world, live, hpa([FOUND])))?.message).toContain('HPAConfigurableTolerance');
    expect(told(keda(world, live))?.message).not.toContain('HPAConfigurableTolerance');
  });
});
