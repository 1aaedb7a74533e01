import { describe, expect, it } from '@jest/globals';
import type { ManagedFieldsEntry } from '../../kube/types.ts';
import { World } from '../testing/world.ts';

const AUTOSCALING = {
  ...{ provider: 'HPA', minReplicas: 1, maxReplicas: 4, headroomPercent: 0 },
  metrics: [{ type: 'QueueDepth', target: '5' }],
};
const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 2,
  autoscaling: AUTOSCALING,
};

const active = (world: World) => world.condition('AutoscalingActive');

describe('a count that others write as well', () => {
  const SCALED = {
    lastScaleTime: '2026-01-01T00:10:00Z',
    conditions: [{ type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound' }],
  };
  const OWNS = { 'f:spec': { 'f:replicas': {} } };
  const entry = (
    manager: string,
    time: string,
    subresource?: string,
    fieldsV1?: ManagedFieldsEntry['fieldsV1'],
  ): ManagedFieldsEntry => ({
    manager,
    operation: 'Update',
    time,
    ...(subresource !== undefined && { subresource }),
    ...(fieldsV1 && { fieldsV1 }),
  });
  function contested(managedFields: readonly ManagedFieldsEntry[], desiredReplicas = 4, spec: object = SPEC): World {
    const world = new World(spec);
    world.conclude();
    world.now = Date.parse('2026-01-01T00:12:05Z');
    world.deployment = { ...world.deployment, metadata: { ...world.deployment.metadata, managedFields } };
    world.tamper('HorizontalPodAutoscaler', 'chat', (hpa) => {
      Object.assign(hpa, { status: { ...SCALED, desiredReplicas } });
    });
    world.settle();
    return world;
  }

  it('names who sets spec.replicas back, and for a while after', () => {
    const world = contested([entry('argocd-controller', '2026-01-01T00:12:00Z', undefined, OWNS)]);
    expect(active(world)).toMatchObject({ status: 'False', reason: 'ReplicasContested' });
    expect(active(world)?.message).toContain(
      'argocd-controller has set spec.replicas to 2 after the autoscaler had set 4',
    );
    const hpa = entry('kube-controller-manager', '2026-01-01T00:12:15Z', 'scale', OWNS);
    world.deployment = { ...world.deployment, metadata: { ...world.deployment.metadata, managedFields: [hpa] } };
    const { requeueAfterMs = 0 } = world.settle();
    expect(active(world)?.reason).toBe('ReplicasContested');
    world.later(requeueAfterMs);
    expect(world.now).toBeLessThan(Date.parse('2026-01-01T00:12:00Z') + 610_000);
    expect(active(world)?.reason).toBe('AutoscalingFollowed');
  });

  it('repeats itself word for word while it is remembered, warnings included', () => {
    const world = contested([entry('argocd-controller', '2026-01-01T00:12:00Z', undefined, OWNS)], 4, {
      ...SPEC,
      autoscaling: { ...AUTOSCALING, maxReplicas: 400 },
    });
    const { message } = active(world) ?? {};
    expect(message).toMatch(/, at 2026-01-01T00:12:00Z: leave .* hold 8 replicas of 1 GPUs\.$/);
    world.deployment = { ...world.deployment, metadata: { ...world.deployment.metadata, managedFields: [] } };
    for (let i = 0; i < 3; i++) world.pass();
    expect(active(world)?.message).toBe(message);
  });

  it('is told again from when it was last seen, not from when it began', () => {
    const world = contested([entry('argocd-controller', '2026-01-01T00:12:00Z', undefined, OWNS)]);
    world.now = Date.parse('2026-01-01T00:20:00Z');
    const again = entry('argocd-controller', '2026-01-01T00:20:00Z', undefined, OWNS);
    world.deployment = { ...world.deployment, metadata: { ...world.deployment.metadata, managedFields: [again] } };
    world.settle();
    world.deployment = { ...world.deployment, metadata: { ...world.deployment.metadata, managedFields: [] } };
    world.now = Date.parse('2026-01-01T00:29:00Z');
    world.settle();
    expect(active(world)?.reason).toBe('ReplicasContested');
  });

  it('says nothing of it any more some time after the field was left out, though the HPA does not scale', () => {
    const world = contested([entry('kubectl', '2026-01-01T00:12:00Z', undefined, OWNS)]);
    world.deployment = { ...world.deployment, metadata: { ...world.deployment.metadata, managedFields: [] } };
    const { requeueAfterMs = Infinity } = world.settle();
    expect(active(world)?.reason).toBe('ReplicasContested');
    world.later(requeueAfterMs);
    expect(active(world)?.reason).toBe('AutoscalingFollowed');
    expect(world.settle().requeueAfterMs).toBeUndefined();
  });

  describe('that somebody has taken away, and the operator put back', () => {
    const { time: _, ...putBack } = entry('deepseek-operator', '', 'scale', OWNS);

    it('is followed, and who wrote last is named', () => {
      const world = contested([
        entry('helm', '2026-01-01T00:01:00Z'),
        entry('kubectl-client-side-apply', '2026-01-01T00:12:00Z'),
        putBack,
      ]);
      expect(active(world)).toMatchObject({ status: 'True', reason: 'AutoscalingFollowed' });
      expect(active(world)?.message).toContain(
        'spec.replicas was taken away after the autoscaler had set it, and was put back: the count stays. Field manager kubectl-client-side-apply wrote last, at 2026-01-01T00:12:00Z.',
      );
    });

    it.each([
      ['before the autoscaler had set it', [entry('kubectl', '2026-01-01T00:09:00Z'), putBack]],
      ['long ago', [entry('kubectl', '2026-01-01T00:01:00Z'), putBack]],
      [
        'and the autoscaler has set it since',
        [entry('kubectl', '2026-01-01T00:12:00Z'), entry('kube-controller-manager', '', 'scale', OWNS)],
      ],
    ] as const)('%s: nobody is named', (__, managedFields) => {
      expect(active(contested(managedFields))?.message).not.toContain('taken away');
    });
  });

  it.each<[string, ManagedFieldsEntry[], number]>([
    ['the HPA', [entry('kube-controller-manager', '2026-01-01T00:12:00Z', 'scale', OWNS)], 4],
    ['somebody before it', [entry('helm', '2026-01-01T00:01:00Z', undefined, OWNS)], 4],
    ['somebody whom the HPA agrees with', [entry('kubectl', '2026-01-01T00:12:00Z', 'scale', OWNS)], 2],
  ])('has nothing against a count of %s', (_, managedFields, desired) => {
    expect(active(contested(managedFields, desired))?.reason).toBe('AutoscalingFollowed');
  });
});
