import { describe, expect, it } from '@jest/globals';
import type { DeepSeekDeploymentInput } from '../api/index.ts';
import { covers } from './drift.ts';
import { type BackendRef, httpRoute, type JsonPatchStep, routeWeights, type RouteShares } from './http-route.ts';
import { childNames } from './names.ts';
import { revisionService } from './service.ts';
import { deploymentWith } from './test-support.ts';

const OLD = 'bbbbbbbbb2';
const NEW = 'ccccccccc4';
const GONE = 'ddddddddd5';

type Traffic = NonNullable<DeepSeekDeploymentInput['spec']['traffic']>;
const gateway: Traffic['gateway'] = {
  parentRefs: [{ name: 'public', namespace: 'edge' }],
  hostnames: ['chat.example.com'],
};
const deployment = deploymentWith({ traffic: { gateway } });
const split = (weight: number) => [
  { revision: OLD, weight: 100 - weight },
  { revision: NEW, weight },
];

describe('httpRoute', () => {
  it('leads from the gateway to one Service per revision, without a limit on the length of an answer', () => {
    expect(httpRoute(deployment, { backends: split(5) })).toEqual({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: expect.objectContaining({
        name: 'chat',
        namespace: 'ai',
        ownerReferences: [expect.objectContaining({ kind: 'DeepSeekDeployment', name: 'chat', controller: true })],
      }),
      spec: {
        parentRefs: [{ name: 'public', namespace: 'edge' }],
        hostnames: ['chat.example.com'],
        rules: [
          {
            matches: [{ path: { type: 'PathPrefix', value: '/' } }],
            backendRefs: [
              { kind: 'Service', name: `chat-${OLD}`, port: 80, weight: 95 },
              { kind: 'Service', name: `chat-${NEW}`, port: 80, weight: 5 },
            ],
            timeouts: { request: '0s', backendRequest: '0s' },
          },
        ],
      },
    });
  });

  it('names the Services and the port that the revisions have', () => {
    const [rule] = httpRoute(deployment, { backends: split(50) }).spec?.rules ?? [];
    const services = [OLD, NEW].map((revision) => revisionService(deployment, revision));
    expect(rule?.backendRefs?.map(({ name, port }) => ({ name, port }))).toEqual(
      services.map(({ metadata, spec }) => ({ name: metadata.name, port: spec?.ports?.[0]?.port })),
    );
  });

  it('sends testers to their revision alone, whatever the weights', () => {
    const headers = { 'x-version': 'next', 'x-team': 'qa' };
    const route = httpRoute(deployment, { backends: split(0), match: { revision: NEW, headers } });
    expect(route.spec?.rules).toHaveLength(2);
    expect(route.spec?.rules?.[0]).toMatchObject({
      matches: [
        {
          path: { type: 'PathPrefix', value: '/' },
          headers: [
            { type: 'Exact', name: 'x-team', value: 'qa' },
            { type: 'Exact', name: 'x-version', value: 'next' },
          ],
        },
      ],
      backendRefs: [{ name: childNames('chat', NEW).revisionService, weight: 1 }],
      timeouts: { request: '0s' },
    });
    expect(route.spec?.rules?.[1]?.backendRefs?.map(({ weight }) => weight)).toEqual([100, 0]);
  });

  it('says nothing of hostnames that the user left to the gateway', () => {
    const route = httpRoute(deploymentWith({ traffic: { gateway: { parentRefs: [{ name: 'public' }] } } }), {
      backends: [{ revision: OLD, weight: 1 }],
    });
    expect(route.spec).not.toHaveProperty('hostnames');
  });

  it.each([[[]], [[{ revision: OLD, weight: 0 }]]])('refuses a route that answers nothing: %j', (backends) => {
    expect(() => httpRoute(deployment, { backends })).toThrow(RangeError);
  });

  it('is not written again for what the server fills in', () => {
    const route = httpRoute(deployment, { backends: split(0) });
    const [rule] = route.spec?.rules ?? [];
    const live = {
      ...route,
      spec: {
        ...route.spec,
        parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'public', namespace: 'edge' }],
        rules: [{ ...rule, backendRefs: rule?.backendRefs?.map((backend) => ({ group: '', ...backend })) }],
      },
      status: { parents: [] },
    };
    expect(covers(route, live)).toEqual([]);
    expect(covers(httpRoute(deployment, { backends: split(5) }), live)).toEqual([
      'spec.rules[0].backendRefs[0].weight',
      'spec.rules[0].backendRefs[1].weight',
    ]);
  });
});

describe('routeWeights', () => {
  const shares = (weight: number): RouteShares => ({ serving: OLD, candidate: NEW, backends: split(weight) });
  const userRoute = (...lists: readonly (readonly BackendRef[])[]) => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'public', namespace: 'ai', uid: 'u1' },
    spec: { rules: lists.map((backendRefs) => ({ backendRefs })) },
  });
  const active = (weight?: number): BackendRef => ({ name: 'chat', port: 80, ...(weight !== undefined && { weight }) });
  const preview = (weight?: number): BackendRef => ({ name: 'chat-preview', ...(weight !== undefined && { weight }) });
  const uid: JsonPatchStep = { op: 'test', path: '/metadata/uid', value: 'u1' };
  const set = (rule: number, position: number, name: string, value: number): JsonPatchStep[] => [
    { op: 'test', path: `/spec/rules/${rule}/backendRefs/${position}/name`, value: name },
    { op: 'add', path: `/spec/rules/${rule}/backendRefs/${position}/weight`, value },
  ];
  const weights = (route: ReturnType<typeof userRoute>, wanted: RouteShares = shares(5)) =>
    routeWeights(route, 'chat', wanted);

  it('sets both weights, each after a test of what stands at its place', () => {
    expect(weights(userRoute([active(100), preview(0)]))).toEqual({
      steps: [uid, ...set(0, 0, 'chat', 95), ...set(0, 1, 'chat-preview', 5)],
    });
  });

  it('writes nothing when the route says it', () => {
    expect(weights(userRoute([active(95), preview(5)]))).toEqual({ steps: [] });
  });

  it('knows that no weight is 1', () => {
    const even = { ...shares(0), backends: [{ revision: OLD, weight: 1 }] };
    expect(weights(userRoute([active(), preview()]), even)).toEqual({ steps: [uid, ...set(0, 1, 'chat-preview', 0)] });
  });

  it.each<[string, readonly (readonly BackendRef[])[], readonly JsonPatchStep[]]>([
    [
      'every rule that it splits',
      [
        [active(100), preview(0)],
        [preview(0), active(100)],
      ],
      [
        uid,
        ...set(0, 0, 'chat', 95),
        ...set(0, 1, 'chat-preview', 5),
        ...set(1, 0, 'chat-preview', 5),
        ...set(1, 1, 'chat', 95),
      ],
    ],
    ['no rule for testers', [[preview(1)], [active(100), preview(5)]], [uid, ...set(1, 0, 'chat', 95)]],
    ['no rule for what serves alone', [[active(3)], [active(95), preview(0)]], [uid, ...set(1, 1, 'chat-preview', 5)]],
    [
      'no foreign Service beside',
      [[{ name: 'maintenance', weight: 7 }, active(95), preview(0)]],
      [uid, ...set(0, 2, 'chat-preview', 5)],
    ],
    [
      'Services by revision',
      [
        [
          { name: `chat-${OLD}`, weight: 1 },
          { name: `chat-${NEW}`, weight: 5 },
        ],
      ],
      [uid, ...set(0, 0, `chat-${OLD}`, 95)],
    ],
    [
      'one share for two names of a revision',
      [[active(95), preview(5), { name: `chat-${OLD}`, weight: 9 }]],
      [uid, ...set(0, 2, `chat-${OLD}`, 0)],
    ],
    [
      '0 for a revision that is gone',
      [[active(95), preview(5), { name: `chat-${GONE}`, weight: 9 }]],
      [uid, ...set(0, 2, `chat-${GONE}`, 0)],
    ],
    [
      'nothing for Services that look like ours',
      [
        [
          active(95),
          preview(5),
          { name: 'chat-web', weight: 9 },
          { name: 'chatter', weight: 9 },
          { name: 'chat', kind: 'Backend', group: 'example.com', weight: 9 },
          { name: 'chat', namespace: 'other', weight: 9 },
        ],
      ],
      [],
    ],
  ])('touches %s', (_, lists, steps) => {
    expect(weights(userRoute(...lists))).toEqual({ steps });
  });

  it('gives nothing to a preview without a candidate', () => {
    const alone: RouteShares = { serving: OLD, backends: [{ revision: OLD, weight: 100 }] };
    expect(weights(userRoute([active(1), preview(5)]), alone)).toEqual({
      steps: [uid, ...set(0, 0, 'chat', 100), ...set(0, 1, 'chat-preview', 0)],
    });
  });

  it.each([
    ['no rules', userRoute()],
    ['what serves alone', userRoute([active()])],
    ['rules apart', userRoute([active()], [preview()])],
  ])('says what to write first: %s', (_, route) => {
    expect(weights(route)).toEqual({
      lacks:
        'no rule names two of the Services chat and chat-preview: write both into the backendRefs of each rule to be split, with weights 100 and 0',
    });
  });

  it('does not take a rule that lacks a revision with a share', () => {
    const route = userRoute([active(), preview()], [active(), { name: `chat-${GONE}` }]);
    expect(weights(route)).toEqual({ lacks: expect.stringContaining('a rule splits the traffic without both of') });
    expect(weights(route, shares(0))).toMatchObject({ steps: expect.any(Array) });
  });
});
