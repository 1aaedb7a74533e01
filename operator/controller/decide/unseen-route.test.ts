import { beforeEach, describe, expect, it } from '@jest/globals';
import type { TrafficMeasurements } from '../../rollout/measurements.ts';
import { GatewayWorld } from '../testing/gateway-world.ts';

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-1.5b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 2,
  traffic: { gateway: { parentRefs: [{ name: 'public' }] } },
  rollout: { gates: [{ metric: 'ErrorRatio', max: '0.01' }] },
};
const CANARY = { strategy: 'Canary', canary: { steps: [{ weight: 10, pause: '10m' }, { weight: 40 }] } };
const OTHER = { name: 'deepseek-r1-distill-qwen-7b' };
const THIRD = { name: 'deepseek-r1-distill-llama-8b' };

const FORBIDDEN = { readable: false, missing: false };
const NOT_INSTALLED = { readable: false, missing: true };

let world: GatewayWorld;
let old: string;
let next: string;

/** A version serves behind the gateway. */
function serve(spec: object = SPEC): void {
  world = new GatewayWorld(spec);
  world.settle();
  world.ready();
  world.settle();
  old = world.deployment.status?.serving?.revision ?? '';
}

/** From now on the operator does not see the routes, or does again. */
function see(state: GatewayWorld['state']): void {
  world.state = state;
  world.notTakenSince = state.readable === true ? undefined : world.now;
}

/** Another version loads, is proven, and comes as far as it can. */
function bring(model: object = OTHER): void {
  world.edit((spec) => ({ ...spec, model }));
  world.settle();
  next = world.deployment.status?.candidate?.revision ?? '';
  world.ready();
  world.settle();
  world.later(10_000);
}

/** Pods wanted of a revision; undefined: it has no Deployment any more. */
function sizeOf(revision: string): number | undefined {
  const deployment = world.objects.get(`Deployment/chat-${revision}`);
  return (deployment as { spec?: { replicas?: number } } | undefined)?.spec?.replicas;
}

const served = (errors: number): TrafficMeasurements => ({
  ...{ from: 0, to: 60_000, requests: 500, errors, latencies: {}, podsRead: 2, podsFailed: [], running: 0, waiting: 0 },
});
function usersGetErrors(): void {
  const traffic = new Map([
    [old, served(0)],
    [next, served(400)],
  ]);
  world.observations = { ...world.observations, traffic };
}

const phase = () => world.deployment.status?.rollout?.phase;
const ready = () => world.condition('Ready');

describe('a version that is taken back while HTTPRoutes may not be read', () => {
  beforeEach(() => {
    serve();
    bring();
    world.later(20_000);
    expect([phase(), world.weights]).toEqual(['Watching', { [next]: 100, [old]: 0 }]);
  });

  it('keeps the pods to which the gateway sends everything, until the gateway can be told', () => {
    see(FORBIDDEN);
    usersGetErrors();
    world.settle();
    expect(world.service('chat')?.spec?.selector).toMatchObject({ 'deepseek-operator.io/revision': old });
    world.later(3_600_000);
    expect([sizeOf(next), sizeOf(old), world.weights[next]]).toEqual([2, 2, 100]);
    expect(ready()).toMatchObject({ status: 'False', reason: 'RouteUnknown' });
    expect(ready()?.message).toContain(`HTTPRoute chat may not be read: pods of revision ${next} stay`);
    world.later(60_000);
    expect(world.condition('Stalled')).toMatchObject({ status: 'True', reason: 'RouteUnknown' });
    see({ readable: true });
    const before = world.written.length;
    world.settle();
    world.ready();
    world.settle();
    const writes = world.written.slice(before);
    expect(world.weights[old]).toBe(100);
    expect([sizeOf(next), sizeOf(old)]).toEqual([undefined, 2]);
    expect(writes.indexOf('Apply HTTPRoute chat')).toBeLessThan(writes.indexOf(`Apply Deployment chat-${next}`));
    expect(phase()).toBe('Held');
  });

  it('loses them where Gateway API is not installed: there are no routes', () => {
    see(NOT_INSTALLED);
    usersGetErrors();
    world.settle();
    world.later(3_600_000);
    world.ready();
    world.settle();
    expect([sizeOf(next), phase()]).toEqual([undefined, 'Held']);
  });

  it('keeps them as well while routes are not known yet, which needs no person', () => {
    see({ readable: undefined });
    usersGetErrors();
    world.settle();
    world.later(3_600_000);
    world.later(60_000);
    expect(sizeOf(next)).toBe(2);
    expect(ready()).toMatchObject({ status: 'False', reason: 'RouteUnknown' });
    expect(world.condition('Stalled')?.status).toBe('False');
  });

  it('gives its pods back where nothing is to serve any more', () => {
    see(FORBIDDEN);
    world.edit((spec) => ({ ...spec, replicas: 0 }));
    world.settle();
    world.ready();
    world.later(3_600_000);
    expect([sizeOf(next), sizeOf(old) ?? 0]).toEqual([0, 0]);
    expect(ready()).toMatchObject({ status: 'True', reason: 'ScaledToZero' });
  });
});

describe('a canary whose route may not be read', () => {
  beforeEach(() => {
    serve({ ...SPEC, rollout: { ...SPEC.rollout, ...CANARY } });
    bring();
    expect(world.weights).toEqual({ [old]: 90, [next]: 10 });
    see(FORBIDDEN);
  });

  it('is given up after a minute, and keeps its pods until its share is back with what serves', () => {
    world.later(61_000);
    world.later(600_000);
    const mark = world.objects.get(`ControllerRevision/chat-${next}`)?.metadata.annotations;
    expect(Object.values(mark ?? {}).join()).toContain('RouteNotTaken');
    expect([sizeOf(next), world.weights[next], ready()?.reason]).toEqual([2, 10, 'RouteUnknown']);
    see({ readable: true });
    world.settle();
    world.ready();
    world.settle();
    expect([sizeOf(next), world.weights]).toEqual([undefined, { [old]: 100 }]);
    expect(phase()).toBe('Held');
  });

  it('keeps its pods, its record and its Service when another version is wanted', () => {
    world.edit((spec) => ({ ...spec, model: THIRD }));
    world.later(600_000);
    expect(sizeOf(next)).toBe(2);
    for (const kind of ['Service', 'ControllerRevision']) expect(world.objects.has(`${kind}/chat-${next}`)).toBe(true);
  });
});

describe('rights that are never granted', () => {
  it.each([
    ['loads', false, 'Loading'],
    ['waits for the gateway', true, 'AwaitingPromotion'],
  ])('hold no GPUs for a candidate that %s, once nobody wants it', (_, isReady, comes) => {
    serve();
    see(FORBIDDEN);
    if (isReady) bring();
    else {
      world.edit((spec) => ({ ...spec, model: OTHER }));
      world.settle();
      next = world.deployment.status?.candidate?.revision ?? '';
    }
    expect([phase(), sizeOf(next)]).toEqual([comes, 2]);
    world.edit((spec) => ({ ...spec, model: SPEC.model }));
    world.settle();
    world.ready();
    world.settle();
    expect(sizeOf(next)).toBeUndefined();
    expect(ready()).toMatchObject({ status: 'True', reason: 'Available' });
    // The route may still name it, at weight 0.
    expect(world.service(`chat-${next}`)).toBeDefined();
    see({ readable: true });
    world.settle();
    expect(world.service(`chat-${next}`)).toBeUndefined();
  });

  it('do not keep what serves from following spec.replicas', () => {
    serve();
    see(FORBIDDEN);
    world.edit((spec) => ({ ...spec, replicas: 1 }));
    world.settle();
    world.ready();
    world.settle();
    expect([sizeOf(old), ready()?.status]).toEqual([1, 'True']);
  });

  it('do not let what serves stop for a version that could not get the traffic', () => {
    serve({ ...SPEC, rollout: { strategy: 'Recreate' } });
    see(FORBIDDEN);
    world.placed = false;
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    next = world.deployment.status?.candidate?.revision ?? '';
    world.later(20_000);
    expect(world.deployment.status?.rollout?.way).toBe('Recreate');
    expect([sizeOf(old), ready()?.reason]).toEqual([2, 'RouteUnknown']);
    // Its pods have found no node in time.
    world.later(3_600_000);
    expect([sizeOf(old), sizeOf(next)]).toEqual([2, 0]);
  });
});

it('asks no leave of a route of the user’s: its Services lead on', () => {
  serve({ ...SPEC, traffic: { routeRef: { name: 'edge' } } });
  see(FORBIDDEN);
  bring();
  world.edit((spec) => ({ ...spec, model: SPEC.model }));
  world.settle();
  world.ready();
  world.settle();
  expect([sizeOf(next), ready()?.status]).toEqual([undefined, 'True']);
});
