import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, LABEL } from '../api/index.ts';
import { ApiError } from '../kube/errors.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import type { KubeClient } from '../kube/types.ts';
import { act } from './act.ts';
import { HistoryUnknownError } from './current.ts';
import { type Intent, targetOf, type WrittenKind } from './decide/intents.ts';
import { FailedWrites } from './failed-writes.ts';
import { StaleCacheError } from './live-reads.ts';
import type { ChildKind } from './snapshot.ts';
import { bench, child, labels, ours, owner, refusing, signal } from './testing/act-bench.ts';

describe('a child that is there although the cache has none', () => {
  const create: Intent = { type: 'Create', kind: 'Deployment', object: child('Deployment', 'chat-aaa') };

  it('is learned of when it is ours, and the pass goes on: nobody has written it', async () => {
    const { run, seen, calls } = bench({ Deployment: child('Deployment', 'chat-aaa') });
    const next: Intent = { type: 'Create', kind: 'Service', object: child('Service', 'chat') };
    expect(await run(create, next)).toEqual({ done: [next] });
    expect(seen).toHaveLength(2);
    expect(calls.map(({ verb }) => verb)).toEqual(['apply Deployment', 'get Deployment', 'apply Service']);
  });

  it.each([
    ['the label that it is watched by', { [LABEL.name]: 'chat', [LABEL.revision]: 'aaa' }],
    ['all of its labels', undefined],
    ['its label to another name', { ...labels, [LABEL.name]: 'other' }],
  ])('gets its labels back when it has lost %s, and the pass is repeated', async (_, left) => {
    const { run, calls, done, labelled } = bench({ Deployment: child('Deployment', 'chat-aaa', { labels: left }) });
    await expect(run(create)).rejects.toThrow(StaleCacheError);
    expect(labelled).toEqual(['Deployment chat-aaa']);
    expect(calls.at(-1)).toEqual({
      verb: 'patch Deployment',
      body: { metadata: { uid: 'uid-chat-aaa', resourceVersion: '5', labels } },
    });
    expect(done).toEqual([]);
  });

  it('is an obstacle when it is somebody else’s', async () => {
    const { run, calls } = bench({ Deployment: child('Deployment', 'chat-aaa', { ownerReferences: [] }) });
    expect(await run(create)).toMatchObject({ done: [], obstacle: { reason: 'NameConflict', blocking: true } });
    expect(calls.map(({ verb }) => verb)).toEqual(['apply Deployment', 'get Deployment']);
  });

  it('is waited for when it belongs to the predecessor of the same name', async () => {
    const ownerReferences = [{ ...ours[0], uid: 'uid-of-the-deleted' }];
    const { run } = bench({ Deployment: child('Deployment', 'chat-aaa', { ownerReferences }) });
    expect(await run(create)).toMatchObject({ obstacle: { reason: 'NameConflict', blocking: false } });
  });
});

describe('a Secret that the pods of a new Deployment need', () => {
  const create = (...names: readonly string[]): Intent => {
    const env = names.map((name) => ({ name: 'X', valueFrom: { secretKeyRef: { name, key: 'k' } } }));
    const spec = { template: { spec: { containers: [{ name: 'engine', env }] } } };
    return { type: 'Create', kind: 'Deployment', object: child('Deployment', 'chat-aaa', {}, { spec }) };
  };

  it('is an obstacle where it is missing, and nothing is made', async () => {
    const { run, calls } = bench({});
    const { done, obstacle } = await run(create('there', 'missing'));
    expect(done).toEqual([]);
    expect(obstacle).toMatchObject({ reason: 'SecretNotFound', blocking: true, patienceMs: 120_000 });
    expect(obstacle?.message).toMatch(/^Secret missing, which the pods of chat-aaa need, is not in namespace ai\./);
    expect(calls.map(({ verb }) => verb)).toEqual(['exists missing']);
  });

  it('is asked for when a Deployment that had no pods gets its first', async () => {
    const { object } = create('missing') as Extract<Intent, { type: 'Create' }>;
    const begins: Intent = { type: 'Apply', kind: 'Deployment', object, because: [], begins: true };
    expect((await bench({}).run(begins)).obstacle).toMatchObject({ reason: 'SecretNotFound' });
  });

  it('is not asked for where there are to be no pods', async () => {
    const { run, calls } = bench({});
    const { object, ...rest } = create('missing') as Extract<Intent, { type: 'Create' }>;
    const { spec } = object as unknown as { readonly spec: object };
    expect((await run({ ...rest, object: { ...object, spec: { ...spec, replicas: 0 } } as never })).done).toHaveLength(
      1,
    );
    expect(calls.map(({ verb }) => verb)).toEqual(['apply Deployment']);
  });

  it.each([['there'], ['hidden'], ['broken']])('is left to the kubelet where it is %s', async (name) => {
    const { run, calls } = bench({});
    expect((await run(create(name))).done).toHaveLength(1);
    expect(calls.map(({ verb }) => verb)).toEqual([`exists ${name}`, 'apply Deployment']);
  });

  it('keeps nobody from repairing what runs', async () => {
    const { run, calls } = bench({});
    const { object } = create('missing') as Extract<Intent, { type: 'Create' }>;
    await run({ type: 'Apply', kind: 'Deployment', object, because: [] });
    expect(calls.map(({ verb }) => verb)).toEqual(['apply Deployment']);
  });
});

describe('deleting the Deployment of a revision', () => {
  const remove: Intent = { type: 'Delete', kind: 'Deployment', name: 'chat-aaa', uid: 'uid-chat-aaa', because: '' };
  const service = (revision: string, metadata: object = {}) =>
    child('Service', 'chat', metadata, { spec: { selector: { [LABEL.name]: 'chat', [LABEL.revision]: revision } } });

  it('is refused while the server’s own Service selects it, whatever the cache says', async () => {
    const annotations = { [ANNOTATION.servingRevision]: 'aaa' };
    const { run, calls, seen } = bench({ Service: service('aaa', { annotations }) });
    await expect(run(remove)).rejects.toThrow(StaleCacheError);
    expect(calls.map(({ verb }) => verb)).toEqual(['get Service']);
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['another revision is selected', { Service: service('bbb') }],
    ['there is no Service', {}],
    ['the Service is somebody else’s', { Service: service('aaa', { ownerReferences: [] }) }],
  ])('goes on when %s', async (_, objects) => {
    const { run, calls } = bench(objects);
    expect(await run(remove)).toEqual({ done: [remove] });
    expect(calls.map(({ verb }) => verb)).toEqual(['get Service', 'delete Deployment']);
  });
});

it('writes replicas onto the version that was read alone: somebody may have been faster', async () => {
  const { run, calls } = bench({});
  await run({ type: 'SetReplicas', replicas: 2 });
  expect(calls[0]?.body).toMatchObject({ metadata: { resourceVersion: '7' }, spec: { replicas: 2 } });
});

describe('after the replicas that the spec lacks', () => {
  const scale: Intent = { type: 'SetReplicas', replicas: 2 };
  const repair: Intent = { type: 'Apply', kind: 'NetworkPolicy', object: child('NetworkPolicy', 'chat'), because: [] };

  it('nothing is done: all is decided on the spec that comes back', async () => {
    expect(await bench({}).run(scale, repair)).toEqual({ done: [scale] });
  });

  it('the rest is done where they are refused', async () => {
    const { done, obstacle } = await bench({}, refusing('DeepSeekDeployment/chat')).run(scale, repair);
    expect(done).toEqual([repair]);
    expect(obstacle?.reason).toBe('AdmissionDenied');
  });
});

it('gives a Service its ports before the apply, on the version that was read, and applies onto what comes of it', async () => {
  const service = child('Service', 'chat', { resourceVersion: '9' });
  const { run, calls } = bench({ Service: service });
  const object = child('Service', 'chat');
  const apply: Intent = { type: 'Apply', kind: 'Service', object, because: [], portsFirst: [{ port: 80 }] };
  // The bench takes no apply onto what is there.
  await expect(run(apply)).rejects.toThrow('it exists');
  expect(calls).toEqual([
    {
      verb: 'patch Service',
      body: { metadata: { uid: 'uid-chat', resourceVersion: '5' }, spec: { ports: [{ port: 80 }] } },
    },
    {
      verb: 'apply Service',
      body: expect.objectContaining({ metadata: { ...object.metadata, resourceVersion: '9' } }),
    },
  ]);
});

describe('an obstacle', () => {
  const make = (kind: ChildKind, name: string): Intent => ({ type: 'Create', kind, object: child(kind, name) });
  const apply = (kind: WrittenKind, name: string, metadata: object = {}, shrinks = false): Intent => ({
    type: 'Apply',
    kind,
    object: child(kind, name, metadata),
    because: [],
    shrinks,
  });
  const remove = (kind: ChildKind, name: string): Intent => ({ type: 'Delete', kind, name, uid: 'uid', because: '' });
  const serves = (revision: string) => ({ annotations: { [ANNOTATION.servingRevision]: revision } });
  const said = (intents: readonly Intent[]) =>
    intents.map((intent) => {
      const { kind, name } = targetOf('chat', intent);
      return `${intent.type} ${kind}/${name}`;
    });

  it.each<[string, string[], Intent[], string[]]>([
    [
      'of the candidate does not stop what serves, and what belongs to the candidate waits',
      ['Deployment/chat-new'],
      [
        make('ControllerRevision', 'chat-new'),
        make('Deployment', 'chat-new'),
        make('Service', 'chat-new'),
        apply('PodDisruptionBudget', 'chat-old'),
        apply('Service', 'chat', serves('old')),
      ],
      ['Create ControllerRevision/chat-new', 'Apply PodDisruptionBudget/chat-old', 'Apply Service/chat'],
    ],
    [
      'before the active Service loads nothing onto a GPU',
      ['Service/chat'],
      [
        make('ServiceAccount', 'chat'),
        make('Service', 'chat'),
        make('ControllerRevision', 'chat-new'),
        make('Deployment', 'chat-new'),
        make('Service', 'chat-new'),
      ],
      ['Create ServiceAccount/chat', 'Create ControllerRevision/chat-new'],
    ],
    [
      'before the active Service does not keep what runs from being scaled',
      ['Service/chat'],
      [apply('Service', 'chat', serves('old')), apply('Deployment', 'chat-old')],
      ['Apply Deployment/chat-old'],
    ],
    [
      'before the ServiceAccount starts no pod under a foreign one',
      ['ServiceAccount/chat'],
      [make('ServiceAccount', 'chat'), make('Deployment', 'chat-new')],
      [],
    ],
    [
      'before the NetworkPolicy starts no pod that everybody could reach, and leaves those that run',
      ['NetworkPolicy/chat'],
      [make('NetworkPolicy', 'chat'), make('Deployment', 'chat-new'), apply('Deployment', 'chat-old')],
      ['Apply Deployment/chat-old'],
    ],
    [
      'before the new version moves no traffic, and takes nothing from the old one',
      ['PodDisruptionBudget/chat-new'],
      [
        apply('Deployment', 'chat-new'),
        make('PodDisruptionBudget', 'chat-new'),
        apply('Service', 'chat', serves('new')),
        remove('Deployment', 'chat-old'),
        remove('PodDisruptionBudget', 'chat-old'),
      ],
      ['Apply Deployment/chat-new'],
    ],
    [
      'before the verdict on a candidate leaves its pods: it would be tried again',
      ['ControllerRevision/chat-new'],
      [
        apply('ControllerRevision', 'chat-new'),
        remove('Deployment', 'chat-new'),
        remove('Service', 'chat-new'),
        remove('Deployment', 'chat-third'),
      ],
      ['Delete Deployment/chat-third'],
    ],
    [
      'of the route takes away no pods that it may still name',
      ['HTTPRoute/chat'],
      [
        apply('HTTPRoute', 'chat'),
        apply('Deployment', 'chat-old'),
        apply('Deployment', 'chat-new', {}, true),
        remove('Deployment', 'chat-third'),
      ],
      ['Apply Deployment/chat-old'],
    ],
  ])('%s', async (_, refused, intents, expected) => {
    const { done, obstacle } = await bench({}, refusing(...refused)).run(...intents);
    expect(said(done)).toEqual(expected);
    expect(obstacle).toMatchObject({ reason: 'AdmissionDenied', message: expect.stringContaining('is refused') });
  });

  it('is the first of several', async () => {
    const intents = [make('Deployment', 'chat-a'), make('Deployment', 'chat-b')];
    const { obstacle } = await bench({}, refusing('Deployment/chat-a', 'Deployment/chat-b')).run(...intents);
    expect(obstacle?.message).toContain('Deployment chat-a');
  });
});

describe('pods', () => {
  const pod = { name: 'chat-aaa-1', uid: 'uid-1' };

  it('get less time than they have, each by its UID', async () => {
    const { run, calls } = bench({});
    const intent: Intent = { type: 'CutShort', pods: [pod, { name: 'chat-aaa-2', uid: 'uid-2' }], graceSeconds: 10 };
    expect(await run(intent)).toEqual({ done: [intent] });
    const options = (uid: string) => expect.objectContaining({ uid, gracePeriodSeconds: 10 });
    expect(calls).toEqual([
      { verb: 'delete Pod', body: expect.objectContaining({ options: options('uid-1') }) },
      { verb: 'delete Pod', body: expect.objectContaining({ options: options('uid-2') }) },
    ]);
  });

  it('that nobody may mark to go first do not keep the others from going', async () => {
    const mark: Intent = { type: 'SetDeletionCost', pod, cost: -1 };
    const shrink: Intent = { type: 'Apply', kind: 'Deployment', object: child('Deployment', 'chat-aaa'), because: [] };
    const { done, obstacle } = await bench({}, refusing('Pod/')).run(mark, shrink);
    expect(obstacle).toBeUndefined();
    expect(done).toEqual([mark, shrink]);
  });

  it('are not marked while nothing may be written, and nothing else is', async () => {
    const error = new HistoryUnknownError('the API server was away');
    const { run, done } = bench({}, { 'Pod/': error });
    await expect(run({ type: 'SetDeletionCost', pod, cost: -1 })).rejects.toBe(error);
    expect(done).toEqual([]);
  });

  it('are evicted, so that a budget can refuse it, and only the pod that was meant', async () => {
    const { run, calls } = bench({});
    await run({ type: 'Evict', pod });
    expect(calls).toEqual([
      {
        verb: 'create Pod',
        body: expect.objectContaining({ kind: 'Eviction', deleteOptions: { preconditions: { uid: 'uid-1' } } }),
      },
    ]);
  });
});

describe('an eviction that is refused', () => {
  it.each([
    ['by a PodDisruptionBudget', 429, 'TooManyRequests'],
    ['since two of them are for one pod', 500, 'InternalError'],
  ])('%s says why, and the pass goes on', async (_, code, reason) => {
    const { run } = bench({});
    const evict: Intent = { type: 'Evict', pod: { name: 'chat-aaa-1', uid: 'uid-1' } };
    const create = { create: async () => Promise.reject(new ApiError(code, { reason, message: 'not now' })) };
    const children = {} as never;
    const done: Intent[] = [];
    const refused = {
      client: create as unknown as KubeClient,
      children,
      onWrite: (intent: Intent) => void done.push(intent),
      onLabelsRestored: () => undefined,
      failedWrites: new FailedWrites(new FakeClock()),
    };
    const { blocked } = await act(owner, [evict], refused, signal);
    expect(done).toEqual([]);
    expect(blocked).toMatch(/Pod chat-aaa-1 cannot be evicted for the restart: .*not now/);
    expect((await run(evict)).blocked).toBeUndefined();
  });
});
