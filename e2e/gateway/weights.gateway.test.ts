import { describe, expect, it } from '@jest/globals';
import { MANAGER } from '../../operator/api/index.ts';
import { HTTP_ROUTES } from '../../operator/controller/gateway.ts';
import { isInvalid } from '../../operator/kube/errors.ts';
import {
  childNames,
  httpRoute,
  type Owner,
  type RouteTraffic,
  routeWeights,
  type WeightedRevision,
} from '../../operator/resources/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { gatewayBench, type GatewayBench, MODEL } from './bench.ts';
import { PATIENCE } from './gateway.ts';

const OLD = 'bbbbbbbbb2';
const NEW = 'ccccccccc4';
const signal = () => AbortSignal.timeout(30_000);

/** Percent of the traffic to the new revision. */
const split = (percent: number): readonly WeightedRevision[] => [
  { revision: OLD, weight: 100 - percent },
  { revision: NEW, weight: percent },
];

/** Within 4 standard deviations of a coin, one in 16,000 lies beyond; and 0 and 100 percent are exact. */
function expectShare(got: number, count: number, percent: number): void {
  const share = percent / 100;
  const tolerance = 4 * Math.sqrt(count * share * (1 - share));
  expect(Math.abs(got - count * share)).toBeLessThanOrEqual(tolerance);
}

describe('weights behind a real gateway', () => {
  const cluster = testCluster('simulated');
  const bench = gatewayBench(cluster);

  const ownRoute = async ({ gateway, own }: GatewayBench): Promise<Owner> =>
    own({ gateway: { parentRefs: [gateway.parentRef] } });

  async function apply({ client, gateway }: GatewayBench, owner: Owner, traffic: RouteTraffic): Promise<void> {
    const route = httpRoute(owner, traffic);
    await client.apply(HTTP_ROUTES, route, { fieldManager: MANAGER, force: true, signal: signal() });
    await gateway.taken(MODEL);
  }

  /**
   * Sends requests, beside those of others, until both revisions get what they should: a gateway takes a moment after it
   * said that it took the route, and a new route is unknown until then (404).
   */
  async function followed({ clients, requestsOf }: GatewayBench, percent: number): Promise<void> {
    await eventually(async () => {
      const before = [await requestsOf(OLD), await requestsOf(NEW)] as const;
      expect(await clients.burst(40)).toEqual({ sent: 40, lost: {} });
      const [old, next] = [(await requestsOf(OLD)) - before[0], (await requestsOf(NEW)) - before[1]];
      if (percent === 0) expect(next).toBe(0);
      else if (percent === 100) expect(old).toBe(0);
      else expectShare(next, old + next, percent);
    }, PATIENCE);
  }

  it('split requests as they say at each step, and no step loses a request', async () => {
    const b = bench();
    const owner = await ownRoute(b);
    await Promise.all([b.serve(owner, OLD, 2), b.serve(owner, NEW, 2)]);
    await apply(b, owner, { backends: split(0) });
    await followed(b, 0);

    // What is lost without any change is not ours.
    const control = b.clients.load();
    const quiet = await b.clients.burst(300);
    expect((await control.stop()).lost).toEqual({});
    expect(quiet).toEqual({ sent: 300, lost: {} });

    for (const percent of [5, 30, 100, 30, 0]) {
      const background = b.clients.load();
      await apply(b, owner, { backends: split(percent) });
      await followed(b, percent);
      const changed = await background.stop();
      expect({ percent, lost: changed.lost }).toEqual({ percent, lost: {} });
      expect(changed.sent).toBeGreaterThan(20);

      const count = 300;
      const before = [await b.requestsOf(OLD), await b.requestsOf(NEW)] as const;
      expect(await b.clients.burst(count)).toEqual({ sent: count, lost: {} });
      const got = { old: (await b.requestsOf(OLD)) - before[0], new: (await b.requestsOf(NEW)) - before[1] };
      expect(got.old + got.new).toBe(count);
      expectShare(got.new, count, percent);
    }
  }, 240_000);

  it('lets testers reach the new revision by a header, whatever its weight', async () => {
    const b = bench();
    const owner = await ownRoute(b);
    await Promise.all([b.serve(owner, OLD, 1), b.serve(owner, NEW, 1)]);
    const headers = { 'x-version': 'next', 'x-team': 'qa' };
    await apply(b, owner, { backends: split(0), match: { revision: NEW, headers } });
    await followed(b, 0);
    const before = [await b.requestsOf(OLD), await b.requestsOf(NEW)] as const;
    expect(await b.clients.burst(40, { headers })).toEqual({ sent: 40, lost: {} });
    expect((await b.requestsOf(NEW)) - before[1]).toBe(40);
    for (const others of [{ 'x-version': 'next' }, { ...headers, 'x-version': 'Next' }, {}])
      expect(await b.clients.burst(20, { headers: others })).toEqual({ sent: 20, lost: {} });
    expect((await b.requestsOf(NEW)) - before[1]).toBe(40);
    expect((await b.requestsOf(OLD)) - before[0]).toBe(60);
  });

  it('let a stream end where it began', async () => {
    const b = bench();
    const owner = await ownRoute(b);
    await Promise.all([b.serve(owner, OLD, 1), b.serve(owner, NEW, 1)]);
    await apply(b, owner, { backends: split(0) });
    await followed(b, 0);
    const before = await b.requestsOf(OLD);
    const streams = Array.from({ length: 8 }, () => b.clients.ask({ streamTokens: 1_500 }));
    await eventually(async () => expect((await b.requestsOf(OLD)) - before).toBe(8), PATIENCE);
    await apply(b, owner, { backends: split(100) });
    await followed(b, 100);
    const running = (await b.simulator.control.pods()).reduce((sum, { requests }) => sum + requests.inFlight, 0);
    expect(running).toBeGreaterThan(0);
    expect(await Promise.all(streams)).toEqual(Array.from({ length: 8 }, () => 'ok'));
  });

  it('are set in a route of the user, and nothing else of it changes', async () => {
    const b = bench();
    const owner = await b.own({ routeRef: { name: 'public' } });
    await Promise.all([b.serve(owner, OLD, 1), b.serve(owner, NEW, 1)]);
    const { namespace, client } = b;
    const backends = (weights: readonly number[]) =>
      [OLD, NEW].map((revision, index) => ({
        name: childNames(MODEL, revision).revisionService,
        port: 80,
        weight: weights[index],
      }));
    const metadata = { name: 'public', namespace };
    const spec = {
      parentRefs: [b.gateway.parentRef],
      rules: [
        { matches: [{ path: { type: 'PathPrefix', value: '/only-old' } }], backendRefs: backends([1]).slice(0, 1) },
        { timeouts: { request: '20m' }, backendRefs: backends([100, 0]) },
      ],
    };
    const created = await client.create(
      HTTP_ROUTES,
      { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata, spec },
      { signal: signal() },
    );
    await b.gateway.taken('public');
    const shares = { serving: OLD, candidate: NEW, backends: split(30) };
    const patch = routeWeights(created, MODEL, shares);
    if (!('steps' in patch)) throw new Error(patch.lacks);
    const send = () => client.patch(HTTP_ROUTES, metadata, patch.steps, { type: 'json', signal: signal() });
    const patched = await send();
    expect(patched.spec).toEqual({
      ...created.spec,
      rules: created.spec?.rules?.map((rule, index) =>
        index === 1
          ? { ...rule, backendRefs: rule.backendRefs?.map((ref, at) => ({ ...ref, weight: at === 0 ? 70 : 30 })) }
          : rule,
      ),
    });
    expect(routeWeights(patched, MODEL, shares)).toEqual({ steps: [] });
    await b.gateway.taken('public');
    await followed(b, 30);

    // Somebody turns the list round, and a patch made from the old one comes late.
    const turned = {
      spec: { rules: [spec.rules[0], { ...spec.rules[1], backendRefs: backends([70, 30]).reverse() }] },
    };
    await client.patch(HTTP_ROUTES, metadata, turned, { type: 'merge', signal: signal() });
    const late = await send().catch((error: unknown) => error);
    expect(isInvalid(late)).toBe(true);
    const { spec: after } = await b.gateway.route('public');
    expect(after?.rules?.[1]?.backendRefs?.map(({ weight }) => weight)).toEqual([30, 70]);
  });

  it('are refused with the missing Service by name, and wait for a gateway that nobody serves', async () => {
    const b = bench();
    const owner = await ownRoute(b);
    await b.serve(owner, OLD, 1);
    const route = httpRoute(owner, { backends: split(0) });
    await b.client.apply(HTTP_ROUTES, route, { fieldManager: MANAGER, signal: signal() });
    await eventually(async () => {
      expect(await b.gateway.verdict(MODEL)).toEqual({
        refused: expect.stringMatching(new RegExp(`^gateway public: ResolvedRefs=False .*${MODEL}-${NEW}`)),
      });
    }, PATIENCE);
    await b.serve(owner, NEW, 1);
    await b.gateway.taken(MODEL);

    const nobodys = { ...route, spec: { ...route.spec, parentRefs: [{ name: 'nobodys' }] } };
    await b.client.apply(HTTP_ROUTES, nobodys, { fieldManager: MANAGER, signal: signal() });
    // Traefik has seen the change when it takes the answer for the other gateway away.
    await eventually(async () => expect(await b.gateway.verdict(MODEL)).toBe('Pending'), PATIENCE);
  });
});
