import { describe, expect, it } from '@jest/globals';
import type { LiveHorizontalPodAutoscaler } from '../snapshot.ts';
import { ROOM, World } from '../testing/world.ts';

const AUTOSCALING = { provider: 'HPA', minReplicas: 1, maxReplicas: 4, headroomPercent: 0 };
const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 2,
  autoscaling: { ...AUTOSCALING, metrics: [{ type: 'QueueDepth', target: '5' }] },
};

function serving(spec: object = SPEC): World {
  const world = new World(spec);
  world.conclude();
  return world;
}

const hpaOf = (world: World) =>
  world.objects.get('HorizontalPodAutoscaler/chat') as LiveHorizontalPodAutoscaler | undefined;
const active = (world: World) => world.condition('AutoscalingActive');

/** The HPA controller says something. */
function says(world: World, conditions: readonly object[], more: object = {}): void {
  world.tamper('HorizontalPodAutoscaler', 'chat', (hpa) => {
    Object.assign(hpa, { status: { desiredReplicas: 2, conditions, ...more } });
  });
  world.settle();
}
const scalingActive = (status: string, reason: string, message = '') => ({
  type: 'ScalingActive',
  status,
  reason,
  message,
});

describe('the HPA of a DeepSeekDeployment', () => {
  it('comes once something has answered, and the operator leaves spec.replicas to it', () => {
    const world = new World(SPEC);
    world.settle();
    expect(hpaOf(world)).toBeUndefined();
    expect(active(world)).toMatchObject({ status: 'Unknown', reason: 'AutoscalerPending' });
    world.conclude();
    expect(hpaOf(world)?.spec).toMatchObject({ scaleTargetRef: { name: 'chat' }, maxReplicas: 4 });
    expect(world.condition('FieldsIgnored')).toBeUndefined();
    const revision = world.deployment.status?.serving?.revision ?? '';
    world.edit((spec) => ({ ...spec, replicas: 3 }));
    world.settle();
    const [deployment] = world.snapshot().deployments;
    expect(deployment?.metadata.name).toBe(`chat-${revision}`);
    expect(deployment?.spec?.replicas).toBe(3);
  });

  it('goes when autoscaling is turned off, and the count stays', () => {
    const world = serving();
    world.edit(({ autoscaling: _, ...spec }) => ({ ...spec, replicas: 3 }));
    world.written.length = 0;
    world.settle();
    expect(hpaOf(world)).toBeUndefined();
    expect(active(world)).toBeUndefined();
    expect(world.written.filter((intent) => intent.startsWith('Set'))).toEqual([]);
    expect(world.snapshot().deployments[0]?.spec?.replicas).toBe(3);
  });

  it('comes back when somebody deletes it or writes into it', () => {
    const world = serving();
    world.tamper('HorizontalPodAutoscaler', 'chat', (hpa) => {
      Object.assign(hpa['spec'] as unknown as object, { maxReplicas: 100 });
    });
    world.settle();
    expect(hpaOf(world)?.spec.maxReplicas).toBe(4);
    world.objects.delete('HorizontalPodAutoscaler/chat');
    world.settle();
    expect(hpaOf(world)?.spec.maxReplicas).toBe(4);
  });

  it('is held while the count is frozen in a handover, and let go after it', () => {
    const world = serving({ ...SPEC, rollout: { whenCapacityIsShort: ['Handover', 'Wait'] } });
    const policies = () => {
      const { scaleUp, scaleDown } = hpaOf(world)?.spec.behavior ?? {};
      return [scaleUp?.selectPolicy, scaleDown?.selectPolicy];
    };
    expect(policies()).toEqual(['Max', 'Max']);
    world.capacity = { ...ROOM, slots: 0, slotsWithoutServing: [0, 1, 2], slotsWithoutWarm: [0], freeGpus: 0 };
    world.edit((spec) => ({ ...spec, model: { name: 'deepseek-r1-distill-qwen-14b' } }));
    world.settle();
    expect(world.deployment.status?.rollout).toMatchObject({ way: 'Handover' });
    expect(policies()).toEqual(['Disabled', 'Disabled']);
    expect(active(world)).toMatchObject({ status: 'False', reason: 'AutoscalingHeld' });
    world.edit((spec) => ({ ...spec, model: SPEC.model }));
    world.capacity = ROOM;
    world.conclude();
    expect(policies()).toEqual(['Max', 'Max']);
  });
});

describe('an API server that drops the tolerance', () => {
  const metrics = [{ type: 'BatchUtilization', target: '70', scaleInBelow: '30' }];
  /** As it stores the HPA: our entry in managedFields has the field all the same. */
  function dropped(): World {
    const world = serving({ ...SPEC, autoscaling: { ...AUTOSCALING, metrics } });
    drop(world);
    return world;
  }
  function drop(world: World): void {
    const fieldsV1 = { 'f:spec': { 'f:behavior': { 'f:scaleDown': { 'f:tolerance': {} } } } };
    world.tamper('HorizontalPodAutoscaler', 'chat', (hpa) => {
      const { metadata, spec } = hpa as unknown as { metadata: object; spec: { behavior: { scaleDown: object } } };
      Object.assign(metadata, { managedFields: [{ manager: 'deepseek-operator', operation: 'Apply', fieldsV1 }] });
      Reflect.deleteProperty(spec.behavior.scaleDown, 'tolerance');
    });
    world.written.length = 0;
  }

  it('is not asked again, and it is said', () => {
    const world = dropped();
    world.settle();
    expect(world.written).toEqual([]);
    expect(active(world)?.message).toContain('needs the feature gate HPAConfigurableTolerance');
  });

  it('is told all other changes', () => {
    const world = dropped();
    world.edit((spec) => ({ ...spec, autoscaling: { ...AUTOSCALING, metrics, maxReplicas: 3 } }));
    world.pass();
    expect(world.written).toEqual(['Apply HorizontalPodAutoscaler chat']);
    expect(hpaOf(world)?.spec.maxReplicas).toBe(3);
    drop(world);
    world.settle();
    expect(world.written).toEqual([]);
  });

  it('is not suspected where somebody else has taken it out: it is put back', () => {
    const world = dropped();
    world.tamper('HorizontalPodAutoscaler', 'chat', (hpa) => {
      Object.assign(hpa['metadata'] as unknown as object, { managedFields: [] });
    });
    world.settle();
    expect(world.written).toEqual(['Apply HorizontalPodAutoscaler chat']);
    expect(hpaOf(world)?.spec.behavior?.scaleDown?.tolerance).toBe('571m');
    expect(active(world)?.message).not.toContain('HPAConfigurableTolerance');
  });
});

describe('AutoscalingActive', () => {
  const failed = (message: string) => scalingActive('False', 'FailedGetPodsMetric', message);
  it.each<[string, object[], object]>([
    ['nothing yet', [], { status: 'Unknown', reason: 'AutoscalerPending' }],
    [
      'that all is well',
      [scalingActive('True', 'ValidMetricFound')],
      { status: 'True', reason: 'AutoscalingFollowed' },
    ],
    [
      'that it wants more',
      [
        scalingActive('True', 'ValidMetricFound'),
        { type: 'ScalingLimited', status: 'True', reason: 'TooManyReplicas' },
      ],
      { status: 'True', reason: 'AtMaxReplicas' },
    ],
    [
      'that nobody serves the API',
      [
        failed(
          'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
        ),
      ],
      { status: 'False', reason: 'MetricsApiMissing' },
    ],
    [
      'that there is no such metric',
      [failed('the server could not find the metric deepseek_queue_depth for pods')],
      { status: 'False', reason: 'MetricMissing' },
    ],
    [
      'that the adapter is down',
      [failed('the server is currently unable to handle the request (get pods.custom.metrics.k8s.io *)')],
      { status: 'False', reason: 'MetricsApiUnavailable' },
    ],
    [
      'that another HPA has its pods',
      [
        scalingActive(
          'False',
          'AmbiguousSelector',
          'pods by selector x are controlled by multiple HPAs: [ai/chat ai/other]',
        ),
      ],
      { status: 'False', reason: 'AutoscalerConflict', message: expect.stringContaining('ai/other') },
    ],
    [
      'that it cannot read the scale',
      [{ type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message: 'no scale' }],
      { status: 'False', reason: 'AutoscalerFailing' },
    ],
    [
      'that it was off when it looked last',
      [scalingActive('False', 'ScalingDisabled', 'scaling is disabled since the replica count of the target is zero')],
      { status: 'Unknown', reason: 'AutoscalerPending' },
    ],
  ])('says what the HPA says: %s', (_, conditions, expected) => {
    const world = serving();
    says(world, conditions);
    expect(active(world)).toMatchObject(expected);
    expect(world.condition('Ready')?.status).toBe('True');
  });

  it('names what the adapter lacks', () => {
    const world = serving();
    world.autoscaling = { served: { custom: ['pods/other'], external: undefined } };
    says(world, [failed('the server could not find the metric deepseek_queue_depth for pods')]);
    expect(active(world)?.message).toContain('custom.metrics.k8s.io has no deepseek_queue_depth');
    world.autoscaling = { served: { custom: undefined, external: undefined } };
    world.settle();
    expect(active(world)).toMatchObject({ reason: 'MetricsApiMissing' });
  });

  it('warns of more replicas than the nodes of the class hold', () => {
    const world = serving({ ...SPEC, autoscaling: { ...AUTOSCALING, maxReplicas: 9 } });
    expect(active(world)?.message).toContain(
      'autoscaling.maxReplicas is 9, and the nodes with A100-80GB hold 8 replicas of 1 GPUs.',
    );
    expect(active(serving())?.message).not.toContain('maxReplicas is');
    const [node] = world.nodes ?? [];
    world.nodes = [{ ...node!, status: { allocatable: { 'nvidia.com/gpu': '1k' } } }];
    world.settle();
    expect(active(world)?.message).not.toContain('maxReplicas is');
  });
});
