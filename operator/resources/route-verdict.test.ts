import { expect, it } from '@jest/globals';
import type { HttpRoute, RouteCondition } from './http-route.ts';
import { type RouteVerdict, routeVerdict } from './route-verdict.ts';

const GENERATION = 3;
const condition = (type: string, status: string, more: Partial<RouteCondition> = {}): RouteCondition => ({
  type,
  status,
  observedGeneration: GENERATION,
  ...more,
});
const good = [condition('Accepted', 'True'), condition('ResolvedRefs', 'True')];
const missing = condition('ResolvedRefs', 'False', { reason: 'BackendNotFound', message: 'no Service chat-b' });
const refused: RouteVerdict = { refused: 'gateway public: ResolvedRefs=False (BackendNotFound): no Service chat-b' };
const old = good.map((each) => ({ ...each, observedGeneration: GENERATION - 1 }));
const publicGateway = { name: 'public' };
const defaulted = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'public' };

type Parents = NonNullable<NonNullable<HttpRoute['status']>['parents']>;
const says = (parentRef: Parents[number]['parentRef'], conditions: readonly RouteCondition[]) => ({
  parentRef,
  controllerName: 'example.com/gateway',
  conditions,
});

it.each<[string, HttpRoute['spec'], Parents | undefined, RouteVerdict]>([
  ['no status', { parentRefs: [publicGateway] }, undefined, 'Pending'],
  ['no gateway at all', { parentRefs: [] }, [says(publicGateway, good)], 'Pending'],
  ['accepted', { parentRefs: [publicGateway] }, [says(defaulted, good)], 'Taken'],
  ['accepted an earlier generation', { parentRefs: [publicGateway] }, [says(publicGateway, old)], 'Pending'],
  [
    'accepted, references not judged',
    { parentRefs: [publicGateway] },
    [says(publicGateway, good.slice(0, 1))],
    'Taken',
  ],
  [
    'references judged, not accepted yet',
    { parentRefs: [publicGateway] },
    [says(publicGateway, good.slice(1))],
    'Pending',
  ],
  ['a missing Service', { parentRefs: [publicGateway] }, [says(publicGateway, [good[0]!, missing])], refused],
  [
    'a Service that was missing in an earlier generation',
    { parentRefs: [publicGateway] },
    [says(publicGateway, [good[0]!, { ...missing, observedGeneration: GENERATION - 1 }])],
    'Taken',
  ],
  [
    'not accepted, and no message',
    { parentRefs: [publicGateway] },
    [says(publicGateway, [condition('Accepted', 'False', { reason: 'NoMatchingParent' })])],
    { refused: 'gateway public: Accepted=False (NoMatchingParent)' },
  ],
  [
    'not judged yet',
    { parentRefs: [publicGateway] },
    [says(publicGateway, [condition('Accepted', 'False', { reason: 'Pending' })])],
    'Pending',
  ],
  [
    'not programmed',
    { parentRefs: [publicGateway] },
    [says(publicGateway, [...good, condition('Programmed', 'False', { message: 'no address' })])],
    { refused: 'gateway public: Programmed=False: no address' },
  ],
  ['unknown', { parentRefs: [publicGateway] }, [says(publicGateway, [condition('Accepted', 'Unknown')])], 'Pending'],
  [
    'a condition that is no matter of ours',
    { parentRefs: [publicGateway] },
    [says(publicGateway, [...good, condition('example.com/Cached', 'False')])],
    'Taken',
  ],
  ['another gateway', { parentRefs: [publicGateway] }, [says({ name: 'internal' }, good)], 'Pending'],
  [
    'another listener',
    { parentRefs: [{ ...publicGateway, sectionName: 'web' }] },
    [says(publicGateway, good)],
    'Pending',
  ],
  [
    'one of two gateways',
    { parentRefs: [publicGateway, { name: 'internal' }] },
    [says(publicGateway, good)],
    'Pending',
  ],
  [
    'one of two gateways refused',
    { parentRefs: [{ name: 'internal' }, publicGateway] },
    [says(publicGateway, [missing])],
    refused,
  ],
  [
    'both gateways, one of a given namespace',
    { parentRefs: [publicGateway, { name: 'internal', namespace: 'edge' }] },
    [says(publicGateway, good), says({ name: 'internal', namespace: 'edge' }, good)],
    'Taken',
  ],
  [
    'a controller that is gone, beside one that is there',
    { parentRefs: [publicGateway] },
    [says(publicGateway, [{ ...missing, observedGeneration: 1 }]), says(publicGateway, good)],
    'Taken',
  ],
])('%s', (_, spec, parents, verdict) => {
  const route = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    ...(spec && { spec }),
    ...(parents && { status: { parents } }),
  };
  expect(routeVerdict(route, GENERATION)).toEqual(verdict);
});
