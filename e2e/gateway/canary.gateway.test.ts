import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../../operator/api/index.ts';
import { HTTP_ROUTES } from '../../operator/controller/gateway.ts';
import { resources } from '../../operator/kube/resources.ts';
import { eventually, testCluster } from '../support/index.ts';
import { canaryStage, expectNoneLost, expectShare, NAME, PAUSE_MS } from './canary.ts';
import { PATIENCE } from './gateway.ts';

const cluster = testCluster('simulated');
const stage = canaryStage(cluster);

const PAUSE = `${PAUSE_MS / 1000}s`;
const OTHER = { model: { name: 'deepseek-r1-distill-qwen-7b' } };
const CANARY = {
  strategy: 'Canary',
  canary: { steps: [{ weight: 10, pause: PAUSE }, { weight: 40 }] },
};

describe('a canary behind a real gateway', () => {
  it('gets its share at each step, waits where no pause is given, and loses no request up to the rollback', async () => {
    const { operator, spec, serve, atWeight, split, clients, until, weights, requestsOf } = stage();
    const old = await serve(spec(CANARY));
    expect(await weights()).toEqual({ [old]: 100 });

    // What is lost without any change is not ours.
    const control = clients.load();
    await split(300);
    expectNoneLost(await control.stop(), 'control');

    const background = clients.load();
    await operator.edit(NAME, { spec: OTHER });
    const candidate = await atWeight(10);
    expect(await weights()).toEqual({ [old]: 90, [candidate]: 10 });
    const at10 = await split(400);
    expectShare(at10, candidate, 10);
    expectNoneLost(await background.stop(), 'step 1');

    const second = clients.load();
    operator.advance(PAUSE_MS);
    expect(await atWeight(40)).toBe(candidate);
    const at40 = await split(400);
    expectShare(at40, candidate, 40);
    expectNoneLost(await second.stop(), 'step 2');

    // No pause: it waits for somebody, however long.
    await until('AwaitingPromotion');
    operator.advance(2 * 3_600_000);
    await operator.rest(3_000);
    expect(await operator.status(NAME)).toMatchObject({ rollout: { phase: 'AwaitingPromotion', step: 1, weight: 40 } });
    await operator.condition(NAME, 'Ready', 'False', 'AwaitingPromotion');
    expectShare(await split(200), candidate, 40);

    const promotion = clients.load();
    await operator.order(NAME, 'promote', candidate);
    await until('Switching', 'Watching', 'Idle');
    await eventually(async () => expect(await weights()).toEqual({ [candidate]: 100, [old]: 0 }), PATIENCE);
    const { namespace, client, signal } = operator;
    const active = await client.get(resources.services, { namespace, name: NAME }, { signal });
    expect(active.spec?.selector).toEqual({ [LABEL.name]: NAME, [LABEL.revision]: candidate });
    await eventually(async () => expect((await split(40)).get(old)).toBe(0), PATIENCE);
    expect((await split(200)).get(old)).toBe(0);
    await until('Idle');
    expectNoneLost(await promotion.stop(), 'promotion');

    // The old version is warm, in the route without a share, and takes the traffic back by an order.
    const back = clients.load();
    const before = await requestsOf(old);
    await operator.order(NAME, 'rollback', old);
    await eventually(async () => expect((await weights())[old]).toBe(100), PATIENCE);
    await eventually(async () => expect((await split(40)).get(candidate) ?? 0).toBe(0), PATIENCE);
    expect(await requestsOf(old)).toBeGreaterThan(before);
    await until('Held');
    expectNoneLost(await back.stop(), 'rollback');
  }, 300_000);

  it('goes on when somebody deletes its route in a step that is well under way: the route is made again', async () => {
    const { operator, spec, serve, atWeight, weights, until } = stage();
    const old = await serve(spec({ ...CANARY, canary: { steps: [{ weight: 10, pause: '10m' }, { weight: 40 }] } }));
    await operator.edit(NAME, { spec: OTHER });
    const candidate = await atWeight(10);
    operator.advance(120_000);
    await operator.rest(2_000);
    const { namespace, client, signal } = operator;
    await client.delete(HTTP_ROUTES, { namespace, name: NAME }, { signal });
    await eventually(async () => expect(await weights()).toEqual({ [old]: 90, [candidate]: 10 }), PATIENCE);
    expect(await atWeight(10)).toBe(candidate);
    expect(await operator.status(NAME)).toMatchObject({ rollout: { phase: 'Proving', step: 0, weight: 10 } });
    operator.advance(600_000);
    await until('AwaitingPromotion');
  }, 300_000);

  it('goes in one write when it is aborted, testers had it before, and neither an edit nor a restart moves its share', async () => {
    const { operator, spec, serve, atWeight, split, clients, until, weights, gateway, routeWrites, requestsOf } =
      stage();
    const headers = { 'x-version': 'next' };
    const old = await serve(spec({ ...CANARY, canary: { ...CANARY.canary, match: { headers } } }));
    const background = clients.load();
    await operator.edit(NAME, { spec: OTHER });
    const candidate = await atWeight(10);
    expect((await split(40, { headers })).get(candidate)).toBeGreaterThanOrEqual(40);

    await operator.stopOperator();
    const found = await gateway.route(NAME);
    const at = (found.spec?.rules?.length ?? 0) - 1;
    const edit = [{ op: 'add', path: `/spec/rules/${at}/backendRefs/1/weight`, value: 100 }];
    const { namespace, client, signal } = operator;
    await client.patch(HTTP_ROUTES, { namespace, name: NAME }, edit, { type: 'json', signal });
    await operator.startOperator();
    await eventually(async () => expect(await weights()).toEqual({ [old]: 90, [candidate]: 10 }), PATIENCE);
    await gateway.taken(NAME);
    expect(await atWeight(10)).toBe(candidate);
    expect(await operator.status(NAME)).toMatchObject({ rollout: { phase: 'Proving', step: 0, weight: 10 } });

    const before = (await routeWrites()).length;
    await operator.order(NAME, 'abort', candidate);
    await eventually(async () => expect(await weights()).toEqual({ [old]: 100 }), PATIENCE);
    await until('Aborting', 'Held');
    await eventually(async () => expect((await split(40)).get(candidate) ?? 0).toBe(0), PATIENCE);
    const stayed = await requestsOf(candidate);
    expect((await split(300)).get(old)).toBeGreaterThanOrEqual(300);
    expect(await requestsOf(candidate)).toBeLessThanOrEqual(stayed);
    await until('Held');
    expectNoneLost(await background.stop(), 'abort');
    expect((await routeWrites()).length - before).toBe(1);
    await operator.condition(NAME, 'Ready', 'False', 'Held');
  }, 300_000);
});
