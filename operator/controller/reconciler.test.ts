import { describe, expect, it } from '@jest/globals';
import { API_VERSION, KIND } from '../api/index.ts';
import type { DeepSeekDeploymentStatus } from '../api/index.ts';
import { ApiError } from '../kube/errors.ts';
import type { KubeObject } from '../kube/types.ts';
import type { ChildStores } from './gather.ts';
import { NOTHING_OBSERVED } from './observations.ts';
import { ObstacleError } from './pass.ts';
import { createReconciler, type ReconcilerContext } from './reconciler.ts';
import { CHILD_KINDS } from './snapshot.ts';
import { GatewayWorld } from './testing/gateway-world.ts';
import { World } from './testing/world.ts';
import { trimControllerRevision } from './transforms.ts';

const WEBHOOK = 'failed calling webhook';

interface BenchOptions {
  readonly observeOnly?: boolean;
  readonly refused?: string;
  readonly words?: string;
  readonly objects?: readonly KubeObject[];
  readonly now?: number;
  /** Default: no gateway. */
  readonly around?: { readonly childStores: ChildStores; readonly gateway: object };
}

/** A reconciler over one object and empty caches, with what it writes. */
function bench(
  first: object,
  { observeOnly = true, refused, words = WEBHOOK, objects = [], now = 0, around }: BenchOptions = {},
) {
  let live: object | undefined = first;
  /** UIDs for which everything that was observed and claimed has ended. */
  const left = { observer: [] as string[], claims: [] as string[] };
  const passed: string[] = [];
  const statuses: DeepSeekDeploymentStatus[] = [];
  /** Kinds of what was written. */
  const writes: string[] = [];
  const events: string[] = [];
  let versionsRead = 0;
  let history = 0;
  /** Kinds whose write was refused. */
  const refusals: string[] = [];
  const store = (kind: string) => ({ byIndex: () => objects.filter((object) => object.kind === kind) });
  const target = (kind: string) => ({ type: { kind }, observeWrite: () => undefined });
  const log = { child: () => log, info: () => undefined, warn: () => undefined };
  const context = {
    client: {
      apply: async ({ kind }: { kind: string }, object: { status: DeepSeekDeploymentStatus }) => {
        if (kind === refused) refusals.push(kind);
        if (kind === refused) throw new ApiError(500, { message: words });
        writes.push(kind);
        if (kind === KIND) statuses.push(object.status);
        return Promise.resolve(object);
      },
      patch: async () => Promise.reject(new ApiError(403, { reason: 'Forbidden', message: 'denied request' })),
    },
    caches: {
      deepSeekDeployments: {
        ...{ type: { kind: KIND }, store: { get: () => live, list: () => [live] } },
        observeWrite: ({ status }: { status: DeepSeekDeploymentStatus }) => void (live = { ...live, status }),
      },
      gateway: { state: undefined, route: () => undefined, ...around?.gateway },
      scaledObjects: { installed: undefined, get: () => undefined },
      monitoring: {
        stateOf: () => ({
          has: { PodMonitor: refused !== undefined, PrometheusRule: refused !== undefined },
          live: new Map(),
        }),
        targets: { PodMonitor: target('PodMonitor'), PrometheusRule: target('PrometheusRule') },
      },
      children: Object.fromEntries(CHILD_KINDS.map((kind) => [kind, target(kind)])),
      nodes: { nodes: [] },
      childStores: {
        controllerRevisions: store('ControllerRevision'),
        deployments: store('Deployment'),
        services: store('Service'),
        serviceAccounts: store('ServiceAccount'),
        podDisruptionBudgets: store('PodDisruptionBudget'),
        networkPolicies: store('NetworkPolicy'),
        horizontalPodAutoscalers: store('HorizontalPodAutoscaler'),
        pods: store('Pod'),
        endpointSlices: store('EndpointSlice'),
        ...around?.childStores,
      },
    },
    engineLogs: { known: () => new Map(), read: async () => Promise.resolve(false) },
    serverVersion: {
      read: async () => {
        versionsRead++;
        return Promise.resolve({ major: '1', minor: '30', gitVersion: 'v1.30.0' });
      },
    },
    priorityClasses: { value: async () => Promise.resolve(undefined) },
    admission: { admits: () => true, passed: (key: string) => passed.push(key) },
    claims: {
      record: (uid: string, entry?: object) => entry ?? left.claims.push(uid),
      on: () => [],
      candidatesBeside: () => [],
    },
    observer: {
      known: () => NOTHING_OBSERVED,
      want: () => undefined,
      forget: (uid: string) => void left.observer.push(uid),
    },
    events: { record: ({ reason }: { reason: string }) => void events.push(reason) },
    metrics: { deployments: { set: () => undefined, observe: () => undefined, delete: () => undefined } },
    clock: { now: () => now, monotonic: () => 0, setTimeout: () => () => undefined },
    log,
    options: { observeOnly },
    history: () => history,
  } as unknown as ReconcilerContext;
  const reconcile = createReconciler(context);
  const pass = () => reconcile('ai/chat', new AbortController().signal, { id: 'pass', retries: 0 });
  const change = (next: object | undefined) => void (live = next);
  const restore = () => {
    history++;
  };
  return { statuses, writes, refusals, events, pass, change, restore, left, passed, versionsRead: () => versionsRead };
}

const live = (spec: object, status?: object, metadata: object = {}) => ({
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name: 'chat', namespace: 'ai', uid: 'uid-chat', generation: 1, ...metadata },
  spec,
  ...(status && { status }),
});
const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 1 };
const ready = (status: DeepSeekDeploymentStatus | undefined) =>
  status?.conditions?.find(({ type }) => type === 'Ready')?.reason;

it('refuses a stored spec that breaks a rule, and says so', async () => {
  const { statuses, pass } = bench(live({ ...SPEC, replicas: -1 }));
  await pass();
  expect(ready(statuses[0])).toBe('InvalidSpec');
});

describe('what is observed and claimed for an object', () => {
  it.each<[string, object | undefined]>([
    ['its spec cannot be read any more', live({ ...SPEC, replicas: -1 }, {}, { generation: 2 })],
    ['it is on its way out', live(SPEC, {}, { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a.b/c'] })],
    ['it is gone', undefined],
  ])('ends when %s', async (_, later) => {
    const { pass, change, left, passed } = bench(live(SPEC));
    await pass();
    expect(left.observer).toEqual([]);
    left.claims.length = 0;
    change(later);
    await pass();
    expect(left).toEqual({ observer: ['uid-chat'], claims: ['uid-chat'] });
    // A place in the count of GPUs that was kept for it is free.
    expect(passed).toHaveLength(2);
  });

  it('ends for an object in whose place another one was made', async () => {
    const { pass, change, left } = bench(live(SPEC));
    await pass();
    left.claims.length = 0;
    change(live(SPEC, {}, { uid: 'uid-next' }));
    await pass();
    expect(left.observer).toEqual(['uid-chat']);
    expect(left.claims).toContain('uid-chat');
  });
});

it('takes no offence at a status that a later operator wrote', async () => {
  const { statuses, pass } = bench(
    live(SPEC, { rollout: { phase: 'APhaseOfLaterDays' }, conditions: [{ type: 'New' }] }),
  );
  await pass();
  expect(ready(statuses[0])).toBe('ReconcileDisabled');
});

it('follows ten changes of a spec at once, and lets the next one wait', async () => {
  const { pass, change, writes } = bench(live(SPEC));
  for (let generation = 1; generation <= 10; generation++) {
    change(live(SPEC, {}, { generation }));
    expect((await pass())?.requeueAfterMs ?? 0).not.toBe(1_000);
  }
  const before = writes.length;
  change(live(SPEC, {}, { generation: 11 }));
  const waiting = await pass();
  expect(waiting?.requeueAfterMs).toBeGreaterThan(900);
  expect(waiting?.requeueAfterMs).toBeLessThanOrEqual(1_000);
  expect(writes).toHaveLength(before);
});

it('refuses a spec of which the cache has kept little, and makes nothing of it', async () => {
  const { pass, statuses, writes } = bench({ ...live({}), unwieldy: 'is 1368 KiB long' }, { observeOnly: false });
  await pass();
  const told = statuses[0]?.conditions?.find(({ type }) => type === 'Stalled');
  expect(told).toMatchObject({ status: 'True', reason: 'InvalidSpec' });
  expect(told?.message).toContain('spec: is 1368 KiB long');
  expect(writes).toEqual([KIND]);
});

it('tells of what was written although a later write of the pass fails, and nothing of what the status would have said', async () => {
  const words = 'etcdserver: leader changed';
  const { pass, events, statuses } = bench(live(SPEC), { observeOnly: false, refused: 'Deployment', words });
  await expect(pass()).rejects.toThrow(words);
  expect(events).toEqual(['RevisionCreated']);
  expect(statuses).toEqual([]);
});

it('tells at once of a webhook that does not answer for what a model needs, and tries again with backoff', async () => {
  const { pass, statuses, writes } = bench(live(SPEC), { observeOnly: false, refused: 'Deployment' });
  await expect(pass()).rejects.toThrow(ObstacleError);
  expect(ready(statuses[0])).toBe('AdmissionDenied');
  expect(writes).toContain('ControllerRevision');
  await expect(pass()).rejects.toThrow(ObstacleError);
  expect(statuses).toHaveLength(1);
});

it('does what serves a model, and tells why, where the replicas that its spec lacks may not be written', async () => {
  const world = new World({ ...SPEC, monitoring: { scrape: 'PodMonitor' } });
  world.conclude();
  const { replicas: _, ...spec } = world.deployment.spec;
  world.objects.delete('ServiceAccount/chat');
  const objects = [...world.objects.values()].map((object) =>
    object.kind === 'ControllerRevision' ? trimControllerRevision(object) : object,
  );
  const { pass, writes, statuses } = bench(
    { ...world.deployment, spec },
    { observeOnly: false, objects, now: world.now, refused: 'none' },
  );
  await expect(pass()).rejects.toThrow(ObstacleError);
  expect(writes).toEqual(expect.arrayContaining(['ServiceAccount', KIND, 'PrometheusRule']));
  expect(ready(statuses[0])).toBe('AdmissionDenied');
});

it('asks for the version of the API server only for a spec that depends on it', async () => {
  const withImage = { ...SPEC, model: { ...SPEC.model, source: { image: { reference: 'registry.example/r1:1' } } } };
  const plain = bench(live(SPEC));
  await plain.pass();
  expect(plain.versionsRead()).toBe(0);
  const image = bench(live(withImage));
  await image.pass();
  expect(image.versionsRead()).toBe(1);
  expect(image.statuses[0]?.conditions?.find(({ type }) => type === 'PlanAccepted')?.reason).toBe('UnsupportedSource');
});

it.each(['PodMonitor', 'PrometheusRule'])(
  'writes the status and all else when a %s fails, and tells of it',
  async (refused) => {
    const { pass, writes, statuses } = bench(live(SPEC), { observeOnly: false, refused });
    expect(await pass()).toEqual({ requeueAfterMs: 0 });
    // After the status: what hangs there holds up nobody.
    expect(writes.slice(-2)).toEqual([KIND, refused === 'PodMonitor' ? 'PrometheusRule' : 'PodMonitor']);
    expect(writes).toEqual(expect.arrayContaining(['ControllerRevision', 'Deployment', 'Service']));
    expect(statuses.map(({ rollout }) => rollout?.phase)).not.toContain(undefined);
    await pass();
    const monitored = statuses.at(-1)?.conditions?.find(({ type }) => type === 'Monitored');
    expect(monitored).toMatchObject({ status: 'False', reason: 'MonitoringWriteFailed' });
    expect(ready(statuses.at(-1))).toBe(ready(statuses[0]));
    await pass();
    expect(statuses).toHaveLength(2);
  },
);

it('remembers nothing of a time before etcd was restored: what was refused then is tried at once, and measured anew', async () => {
  const { pass, refusals, restore, left } = bench(live(SPEC), { observeOnly: false, refused: 'PodMonitor' });
  await pass();
  await pass();
  expect(refusals).toEqual(['PodMonitor']);
  restore();
  expect(left.observer).toEqual([]);
  await pass();
  expect(left.observer).toEqual(['uid-chat']);
  expect(refusals).toEqual(['PodMonitor', 'PodMonitor']);
});

it('says so when pods that the gateway may send requests to have to stay, and comes back', async () => {
  const world = new GatewayWorld({ ...SPEC, traffic: { gateway: { parentRefs: [{ name: 'public' }] } } });
  world.settle();
  world.ready();
  world.settle();
  world.edit((spec) => ({ ...spec, model: { name: 'deepseek-r1-distill-qwen-1.5b' } }));
  world.conclude();
  // The window of a rollback is over, and the version before would go.
  const around = {
    childStores: world.stores(),
    gateway: { state: { installed: true, readable: false }, notTakenSince: () => world.now },
  };
  const now = world.now + 86_400_000;
  const { pass, statuses, writes } = bench(world.deployment, { observeOnly: false, now, around });
  await expect(pass()).rejects.toThrow('HTTPRoute chat may not be read: pods of revision');
  expect([ready(statuses[0]), writes]).toEqual(['RouteUnknown', [KIND]]);
});
