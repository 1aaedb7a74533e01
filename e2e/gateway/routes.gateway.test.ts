import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../../operator/api/index.ts';
import { HTTP_ROUTES } from '../../operator/controller/gateway.ts';
import { isNotFound } from '../../operator/kube/errors.ts';
import { resources } from '../../operator/kube/resources.ts';
import { eventually, testCluster } from '../support/index.ts';
import { canaryStage, expectNoneLost, expectShare, NAME, PAUSE_MS } from './canary.ts';
import { PATIENCE } from './gateway.ts';

const cluster = testCluster('simulated');
const stage = canaryStage(cluster);

const OTHER = { model: { name: 'deepseek-r1-distill-qwen-7b' } };
const CANARY = {
  strategy: 'Canary',
  canary: { steps: [{ weight: 20, pause: `${PAUSE_MS / 1000}s` }, { weight: 60 }] },
};

describe('a deployment behind a gateway', () => {
  it('is switched through the route without a lost request, and leaves no route when it wants no gateway', async () => {
    const { operator, spec, serve, clients, weights, until, split } = stage();
    const old = await serve(spec());
    const background = clients.load();
    await operator.edit(NAME, { spec: OTHER });
    await until('Switching', 'Watching', 'Idle');
    const next = await eventually(async () => {
      const { serving } = await operator.status(NAME);
      if (serving === undefined || serving.revision === old) throw new Error('not switched');
      return serving.revision;
    }, PATIENCE);
    await eventually(async () => expect(await weights()).toEqual({ [next]: 100, [old]: 0 }), PATIENCE);
    await eventually(async () => expect((await split(40)).get(old)).toBe(0), PATIENCE);
    await until('Idle');
    expectNoneLost(await background.stop(), 'blue-green');

    await operator.edit(NAME, { spec: { traffic: null } });
    const { namespace, client, signal } = operator;
    await eventually(async () => {
      const gone = await client
        .get(HTTP_ROUTES, { namespace, name: NAME }, { signal })
        .catch((error: unknown) => error);
      expect(isNotFound(gone)).toBe(true);
    }, PATIENCE);
    await eventually(async () => expect((await operator.status(NAME)).route).toBeUndefined(), PATIENCE);
    await operator.condition(NAME, 'Ready', 'True');
  }, 240_000);

  it('waits with its candidate while no gateway takes the route, and what serves goes on', async () => {
    const { operator, spec, until } = stage();
    await operator.create(NAME, { ...spec(), traffic: { gateway: { parentRefs: [{ name: 'nobodys' }] } } });
    await operator.condition(NAME, 'Ready', 'True');
    const old = (await operator.status(NAME)).serving?.revision;
    await operator.edit(NAME, { spec: OTHER });
    await until('AwaitingPromotion');
    operator.advance(600_000);
    const message = await eventually(async () => {
      const { rollout } = await operator.status(NAME);
      expect(rollout?.message).toContain('No gateway has taken the HTTPRoute chat yet.');
      return rollout?.message;
    }, PATIENCE);
    expect(message).toContain('waits for the gateway');
    expect((await operator.status(NAME)).serving?.revision).toBe(old);
    expect(await operator.condition(NAME, 'Available', 'True')).toContain(old);
  }, 240_000);

  it('has its weights set in a route of the user, where nothing else changes', async () => {
    const { operator, spec, gateway, until, split, clients } = stage();
    const { namespace, client, signal } = operator;
    const backendRefs = [
      { name: NAME, port: 80, weight: 100 },
      { name: `${NAME}-preview`, port: 80, weight: 0 },
    ];
    await operator.create(NAME, { ...spec(CANARY), traffic: { routeRef: { name: 'edge' } } });
    await operator.condition(NAME, 'Ready', 'True');
    const old = (await operator.status(NAME)).serving?.revision ?? '';
    const created = await client.create(
      HTTP_ROUTES,
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { name: 'edge', namespace, labels: { team: 'search' } },
        spec: { parentRefs: [gateway.parentRef], rules: [{ timeouts: { request: '20m' }, backendRefs }] },
      },
      { signal },
    );
    await eventually(async () => expect(await clients.burst(20)).toEqual({ sent: 20, lost: {} }), PATIENCE);
    const background = clients.load();
    await operator.edit(NAME, { spec: OTHER });
    const weighed = (weights: readonly number[]) => ({
      ...created.spec,
      rules: created.spec?.rules?.map((rule) => ({
        ...rule,
        backendRefs: rule.backendRefs?.map((ref, at) => ({ ...ref, weight: weights[at] })),
      })),
    });
    await until('Proving');
    const at20 = await eventually(
      async () => {
        operator.advance(1_000);
        const route = await gateway.route('edge');
        expect(route.spec).toEqual(weighed([80, 20]));
        return route;
      },
      { ...PATIENCE, intervalMs: 1_000 },
    );
    expect(at20.metadata.labels).toEqual({ team: 'search' });
    const candidate = (await operator.status(NAME)).candidate?.revision ?? '';
    const preview = await client.get(resources.services, { namespace, name: `${NAME}-preview` }, { signal });
    expect(preview.spec?.selector?.[LABEL.revision]).toBe(candidate);
    await gateway.taken('edge');
    await eventually(async () => expectShare(await split(40), candidate, 20), PATIENCE);
    expectShare(await split(300), candidate, 20);

    // Somebody sets a weight of his own.
    const edit = [{ op: 'add', path: '/spec/rules/0/backendRefs/1/weight', value: 90 }];
    await client.patch(HTTP_ROUTES, { namespace, name: 'edge' }, edit, { type: 'json', signal });
    await eventually(async () => expect((await gateway.route('edge')).spec).toEqual(weighed([80, 20])), PATIENCE);

    await operator.order(NAME, 'abort', candidate);
    await until('Held');
    expect((await gateway.route('edge')).spec).toEqual(weighed([100, 0]));
    await eventually(async () => expect((await split(40)).get(candidate) ?? 0).toBe(0), PATIENCE);
    expect((await split(100)).get(old)).toBeGreaterThanOrEqual(100);
    expectNoneLost(await background.stop(), 'routeRef');
  }, 300_000);
});
