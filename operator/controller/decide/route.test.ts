import { beforeEach, describe, expect, it } from '@jest/globals';
import type { TrafficMeasurements } from '../../rollout/measurements.ts';
import type { LiveHttpRoute } from '../gateway.ts';
import { GatewayWorld } from '../testing/gateway-world.ts';

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-1.5b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 2,
  traffic: { gateway: { parentRefs: [{ name: 'public' }] } },
  rollout: {
    strategy: 'Canary',
    canary: { steps: [{ weight: 10, pause: '10m' }, { weight: 40 }], match: { headers: { 'x-version': 'next' } } },
    gates: [{ metric: 'ErrorRatio', max: '0.01' }],
  },
};
const OTHER = { name: 'deepseek-r1-distill-qwen-7b' };

let world: GatewayWorld;
let old: string;
let next: string;

beforeEach(() => {
  world = new GatewayWorld(SPEC);
  world.settle();
  world.ready();
  world.settle();
  old = world.deployment.status?.serving?.revision ?? '';
});

/** The candidate is proven and has its first share. */
function begin(): void {
  world.edit((spec) => ({ ...spec, model: OTHER }));
  world.settle();
  world.ready();
  world.settle();
  world.later(10_000);
  next = world.deployment.status?.candidate?.revision ?? '';
  expect(world.deployment.status?.rollout).toMatchObject({ phase: 'Proving', step: 0, weight: 10 });
}

const served = (requests: number, errors: number): TrafficMeasurements => ({
  ...{ from: 0, to: 60_000, requests, errors, latencies: {}, podsRead: 2, podsFailed: [], running: 0, waiting: 0 },
});
const observe = (candidate: TrafficMeasurements) => {
  const traffic = new Map([
    [old, served(1000, 0)],
    [next, candidate],
  ]);
  world.observations = { ...world.observations, traffic };
};

describe('a canary', () => {
  it('is named at weight 0 before it has a share, and testers reach it from the first step on', () => {
    expect(world.weights).toEqual({ [old]: 100 });
    begin();
    expect(world.weights).toEqual({ [old]: 90, [next]: 10 });
    const [testers] = world.route?.spec?.rules ?? [];
    expect(testers?.matches?.[0]?.headers).toEqual([{ type: 'Exact', name: 'x-version', value: 'next' }]);
    expect(testers?.backendRefs?.map(({ name }) => name)).toEqual([`chat-${next}`]);
    const shares = world.written.filter((write) => write.endsWith('HTTPRoute chat'));
    // Made, the candidate at 0, and its share.
    expect(shares).toHaveLength(3);
  });

  it('asks for both versions from the same beginning, and writes down what each step has shown', () => {
    begin();
    const { assignments } = world.pass();
    expect(assignments.map(({ question }) => question)).toEqual(
      [old, next].map((revision) => ({ kind: 'Traffic', revision, since: 0, stage: 'Canary' })),
    );
    observe(served(500, 1));
    world.later(600_000);
    const said = () => world.deployment.status?.rollout?.verdicts?.filter(({ stage }) => stage === 'Canary');
    expect(said()).toEqual([expect.objectContaining({ gate: 'ErrorRatio', verdict: 'Pass', samples: 500 })]);
    expect(world.deployment.status?.rollout?.phase).toBe('AwaitingPromotion');
    world.later(10_000);
    expect(world.weights[next]).toBe(40);
    observe(served(2000, 400));
    world.settle();
    expect(said()).toEqual([expect.objectContaining({ gate: 'ErrorRatio', verdict: 'Fail', samples: 2000 })]);
    expect(world.deployment.status?.rollout?.phase).toBe('Aborting');
  });

  it('is told to the gateway before pods of what serves go, too: in a handover both versions have a share', () => {
    const before = world.written.length;
    world.edit((spec) => ({
      ...spec,
      replicas: 1,
      traffic: { gateway: { ...SPEC.traffic.gateway, hostnames: ['chat.example.com'] } },
    }));
    world.settle();
    const writes = world.written.slice(before);
    const share = writes.indexOf('Apply HTTPRoute chat');
    const pods = writes.indexOf(`Apply Deployment chat-${old}`);
    expect([share >= 0, pods >= 0, share < pods]).toEqual([true, true, true]);
  });

  it('loses its share before its pods go', () => {
    begin();
    const before = world.written.length;
    observe(served(500, 400));
    world.settle();
    expect(world.weights).toEqual({ [old]: 100 });
    const writes = world.written.slice(before);
    const share = writes.indexOf('Apply HTTPRoute chat');
    const pods = writes.indexOf(`Apply Deployment chat-${next}`);
    expect(writes.filter((write) => write === 'Apply HTTPRoute chat')).toHaveLength(1);
    expect([share >= 0, pods >= 0, share < pods]).toEqual([true, true, true]);
  });

  it('fails when no gateway takes the route for a minute, counted from when the route changed', () => {
    begin();
    world.later(300_000);
    world.takes = false;
    world.notTakenSince = world.now;
    world.later(50_000);
    expect(world.deployment.status?.rollout?.phase).toBe('Proving');
    world.later(20_000);
    expect(world.deployment.status?.rollout?.phase).toBe('Aborting');
    const mark = world.objects.get(`ControllerRevision/chat-${next}`)?.metadata.annotations;
    expect(Object.values(mark ?? {}).join()).toContain('RouteNotTaken: No gateway has taken the HTTPRoute chat yet.');
  });

  it.each<[string, (world: GatewayWorld) => void, string]>([
    [
      'a route that somebody deletes',
      ({ objects }) => objects.delete('HTTPRoute/chat'),
      'There is no HTTPRoute chat yet.',
    ],
    [
      'routes that may no longer be read',
      (one) => (one.state = { readable: false }),
      'Gateway API is not installed, or its HTTPRoutes may not be read.',
    ],
  ])('that is well under way survives %s for a minute', (_, happen, says) => {
    begin();
    world.later(300_000);
    happen(world);
    world.notTakenSince = world.now;
    world.takes = false;
    const { rollout } = world.pass().status;
    expect(rollout).toMatchObject({ phase: 'Proving', step: 0 });
    expect(rollout?.message).toContain(says);
    world.later(50_000);
    expect(world.deployment.status?.rollout?.phase).toBe('Proving');
    world.takes = true;
    world.state = { readable: true };
    world.notTakenSince = undefined;
    world.later(20_000);
    expect(world.weights).toEqual({ [old]: 90, [next]: 10 });
    expect(world.deployment.status?.rollout).toMatchObject({ phase: 'Proving', step: 0, weight: 10 });
  });

  it('is not judged by a route that is not known yet, and goes on once it is', () => {
    begin();
    world.later(300_000);
    world.state = { readable: undefined };
    const { requeueAfterMs } = world.later(3_600_000);
    expect(requeueAfterMs).toBeUndefined();
    expect(world.deployment.status?.rollout).toMatchObject({ phase: 'Proving', step: 0, weight: 10 });
    expect(world.deployment.status?.rollout?.message).toContain('The routes of the cluster are not known yet.');
    world.state = { readable: true };
    world.settle();
    expect(world.deployment.status?.rollout?.phase).toBe('AwaitingPromotion');
  });

  it('waits while the gateway has not taken the route, and says so', () => {
    world.takes = false;
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    world.ready();
    world.settle();
    world.later(3_600_000);
    expect(world.deployment.status?.rollout).toMatchObject({ phase: 'AwaitingPromotion' });
    expect(world.deployment.status?.rollout?.message).toContain('No gateway has taken the HTTPRoute chat yet.');
  });
});

describe('a route in which the user lets us set weights', () => {
  const route = (backendRefs: readonly object[]) =>
    ({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'edge', namespace: 'ai', uid: 'uid-edge', generation: 1 },
      spec: { parentRefs: [{ name: 'public' }], rules: [{ backendRefs }] },
    }) as unknown as LiveHttpRoute;

  it('has to name both Services before a canary begins', () => {
    world.edit((spec) => ({ ...spec, model: OTHER, traffic: { routeRef: { name: 'edge' } } }));
    world.objects.set('HTTPRoute/edge', route([{ name: 'chat', port: 80 }]));
    world.settle();
    world.ready();
    world.settle();
    world.later(600_000);
    expect(world.deployment.status?.rollout).toMatchObject({ phase: 'AwaitingPromotion' });
    expect(world.deployment.status?.rollout?.message).toContain('chat-preview');
    world.objects.set('HTTPRoute/edge', route(['chat', 'chat-preview'].map((name) => ({ name, port: 80 }))));
    world.now += 10_000;
    expect(world.pass().status.rollout).toMatchObject({ phase: 'Proving', step: 0 });
  });

  it('takes the place of ours once a gateway has taken it', () => {
    world.edit((spec) => ({ ...spec, traffic: { routeRef: { name: 'edge' } } }));
    world.settle();
    expect(world.route).toBeDefined();
    world.objects.set('HTTPRoute/edge', route([{ name: 'chat', port: 80 }]));
    world.settle();
    expect(world.route).toBeUndefined();
    expect(world.deployment.status?.route).toBeUndefined();
  });
});

describe('a gateway that is not asked for any more', () => {
  const forget = () =>
    world.edit(({ traffic: __, rollout: ___, ...spec }) => ({ ...spec, rollout: { strategy: 'BlueGreen' } }));

  it('leaves no route of ours behind', () => {
    expect(world.deployment.status?.route).toBe('chat');
    forget();
    world.settle();
    expect(world.route).toBeUndefined();
    expect(world.written.at(-1)).toBe('Delete HTTPRoute chat (traffic.gateway is not set any more)');
    expect(world.deployment.status?.route).toBeUndefined();
  });

  it('is remembered while routes may not be read, and forgotten with Gateway API itself', () => {
    world.state = { readable: false };
    forget();
    world.settle();
    expect(world.deployment.status?.route).toBe('chat');
    world.objects.delete('HTTPRoute/chat');
    world.state = { readable: false, missing: true };
    world.settle();
    expect(world.deployment.status?.route).toBeUndefined();
  });

  it('leaves a foreign route of that name alone', () => {
    const foreign = structuredClone(world.route) as unknown as { metadata: { ownerReferences?: unknown } };
    delete foreign.metadata.ownerReferences;
    world.objects.set('HTTPRoute/chat', foreign as unknown as LiveHttpRoute);
    forget();
    world.settle();
    expect(world.route).toBeDefined();
    expect(world.deployment.status?.route).toBeUndefined();
  });
});
