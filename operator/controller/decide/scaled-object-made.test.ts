import { describe, expect, it } from '@jest/globals';
import { API_VERSION, KIND } from '../../api/index.ts';
import type { LiveScaledObject } from '../keda.ts';
import type { AutoscalingState, LiveHorizontalPodAutoscaler } from '../snapshot.ts';
import { World } from '../testing/world.ts';
import { decide } from './decide.ts';

const METRICS = { maxReplicas: 4, metrics: [{ type: 'QueueDepth', target: '5' }] };
const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 2 };
const HPA = { ...METRICS, provider: 'HPA' };
const KEDA = { ...METRICS, provider: 'KEDA' };
const PROMETHEUS = { observeOnly: false, prometheusUrl: 'http://prometheus:9090' };

function serving(autoscaling?: object): World {
  const world = new World(autoscaling === undefined ? SPEC : { ...SPEC, autoscaling });
  world.conclude();
  return world;
}
const edit = (world: World, autoscaling: object | undefined) =>
  world.edit(({ autoscaling: _, ...spec }) => (autoscaling === undefined ? spec : { ...spec, autoscaling }));
const live = (uid = 'uid-chat') =>
  ({
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: {
      ...{ name: 'chat', namespace: 'ai', uid: 'uid-so' },
      ownerReferences: [{ apiVersion: API_VERSION, kind: KIND, name: 'chat', uid, controller: true }],
    },
  }) as LiveScaledObject;
const HPA_OF_KEDA = { metadata: { name: 'chat' } } as LiveHorizontalPodAutoscaler;
const keda = (world: World, state: Partial<NonNullable<AutoscalingState['keda']>> = {}) =>
  void (world.autoscaling = { keda: { installed: true, ...state } });
/** What the next pass would write. */
const next = (world: World) =>
  decide(world.snapshot(), PROMETHEUS).intents.map((intent) => `${intent.type} ${'kind' in intent ? intent.kind : ''}`);
const made = (world: World) => world.deployment.status?.scaledObject;

describe('the status', () => {
  it('remembers the ScaledObject before it is made', () => {
    const world = serving();
    edit(world, KEDA);
    keda(world);
    expect(next(world)).toEqual([]);
    world.pass();
    expect(made(world)).toBe('chat');
    expect(next(world)).toEqual(['Create ScaledObject']);
  });

  it.each([
    ['another provider', HPA],
    ['no autoscaling', undefined],
  ])('keeps it after an edit to %s, across a restart, until it is known to be gone', (_, autoscaling) => {
    const world = serving(KEDA);
    edit(world, autoscaling);
    // Nothing has been listed yet.
    keda(world, { installed: undefined });
    world.settle();
    expect(made(world)).toBe('chat');
    // Without the right to list them nobody knows.
    keda(world, { installed: false });
    world.settle();
    expect(made(world)).toBe('chat');
    keda(world, { live: live() });
    expect(next(world)).toEqual(['Delete ScaledObject']);
    world.pass();
    expect(made(world)).toBe('chat');
    keda(world);
    world.pass();
    expect(made(world)).toBeUndefined();
  });

  it.each<[string, Partial<NonNullable<AutoscalingState['keda']>>]>([
    ['KEDA itself', { installed: false, missing: true }],
    ['ours, and one of somebody else is there', { live: live('uid-other') }],
  ])('forgets it when it is gone with %s', (_, state) => {
    const world = serving(KEDA);
    edit(world, undefined);
    keda(world, state);
    world.settle();
    expect(made(world)).toBeUndefined();
  });

  it('knows of none with an HPA', () => {
    expect(made(serving(HPA))).toBeUndefined();
  });
});

describe('the way from an HPA to KEDA', () => {
  it('takes the HPA away first: KEDA refuses what another HPA scales', () => {
    const world = serving(HPA);
    edit(world, KEDA);
    keda(world);
    expect(next(world)).toEqual(['Delete HorizontalPodAutoscaler']);
    world.pass();
    expect(next(world)).toEqual(['Create ScaledObject']);
  });
});

describe('the way from KEDA to an HPA', () => {
  it('waits until the ScaledObject and the HPA that KEDA has made of it are gone: they have the same name', () => {
    const world = serving(KEDA);
    edit(world, HPA);
    const waits = (state: Partial<NonNullable<AutoscalingState['keda']>>, words: string) => {
      keda(world, state);
      world.pass();
      expect(world.condition('AutoscalingActive')).toMatchObject({ status: 'Unknown', reason: 'AutoscalerPending' });
      expect(world.condition('AutoscalingActive')?.message).toContain(words);
      expect(next(world)).not.toContain('Create HorizontalPodAutoscaler');
    };
    waits({ installed: undefined }, 'once it is known that the ScaledObject is gone');
    waits({ live: live(), hpa: HPA_OF_KEDA }, 'once the ScaledObject is gone');
    waits({ hpa: HPA_OF_KEDA }, 'once the one of KEDA is gone');
    world.autoscaling = undefined;
    expect(next(world)).toEqual(['Create HorizontalPodAutoscaler']);
  });

  it('leaves an HPA of ours that is there already', () => {
    const world = serving(HPA);
    keda(world, { live: live() });
    expect(next(world)).toEqual(['Delete ScaledObject']);
  });
});
