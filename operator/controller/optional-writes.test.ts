import { beforeEach, describe, expect, it } from '@jest/globals';
import { API_VERSION, KIND } from '../api/index.ts';
import { ApiError } from '../kube/errors.ts';
import { NotLeaderError } from '../kube/leader-election.ts';
import { FakeClock, settle } from '../kube/testing/fake-clock.ts';
import type { KubeClient, KubeObject } from '../kube/types.ts';
import { HistoryUnknownError } from './current.ts';
import type { OptionalIntent } from './decide/optional-writes.ts';
import { OptionalWrites } from './optional-writes.ts';
import type { LiveMeta } from './snapshot.ts';

const owner: LiveMeta = { name: 'chat', namespace: 'ai', uid: 'uid-chat' };
const create = (kind: OptionalIntent['kind'], name = 'chat', spec: object = {}): OptionalIntent => ({
  ...{ type: 'Create', kind, object: { metadata: { name }, spec } as object },
});
const MONITOR = create('PodMonitor');
const RULE = create('PrometheusRule', 'chat-rules');

let clock: FakeClock;
let writes: OptionalWrites;
let stop: AbortController;
/** What the server answers, by kind; default: it takes the object. */
let answers: Map<string, Error | 'Hangs'>;
/** What is there already, by kind. */
let there: Map<string, KubeObject>;
let calls: string[];
let done: string[];
let told: string[];

beforeEach(() => {
  clock = new FakeClock();
  writes = new OptionalWrites({ clock, random: () => 1 });
  stop = new AbortController();
  answers = new Map();
  there = new Map();
  [calls, done, told] = [[], [], []];
});

const client = {
  apply: async ({ kind }: { readonly kind: string }, object: object, { signal }: { readonly signal: AbortSignal }) => {
    calls.push(kind);
    const answer = answers.get(kind);
    if (answer instanceof Error) throw answer;
    if (answer === 'Hangs') {
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    }
    if (there.has(kind)) throw new ApiError(409, { reason: 'Conflict', message: 'it exists' });
    return object;
  },
  get: async ({ kind }: { readonly kind: string }) => Promise.resolve(there.get(kind)),
} as unknown as KubeClient;
const children = new Proxy({} as never, {
  get: (_, kind) => ({ type: { kind }, observeWrite: () => undefined, observeDelete: () => undefined }),
});
const pass = async (...intents: OptionalIntent[]) =>
  writes.carryOut(
    owner,
    intents,
    {
      ...{ client, children },
      onWrite: (intent) => done.push('kind' in intent ? intent.kind : intent.type),
      onLabelsRestored: () => undefined,
      onFailure: ({ message }) => told.push(message),
    },
    stop.signal,
  );
const failures = (...intents: OptionalIntent[]) => writes.failures('uid-chat', intents);
const down = (detail: string) =>
  new ApiError(500, { message: `failed calling webhook "rules.example": dial tcp 10.0.0.7:${detail}: refused` });

describe('a write that fails', () => {
  it.each<[string, Error, string]>([
    ['with an error of the server', down('443'), 'failed calling webhook'],
    [
      'since the CRD is older',
      new ApiError(400, { reason: 'BadRequest', message: 'unknown field "spec.x"' }),
      'older CRD',
    ],
    ['since a policy denies it', new ApiError(403, { reason: 'Forbidden', message: 'denied' }), 'denied'],
    ['since the kind has gone', new ApiError(404, { reason: 'NotFound', message: 'not found' }), 'not found'],
  ])('%s leaves the others to be done, and is told', async (_, error, words) => {
    answers.set('PodMonitor', error);
    // Something new to tell: the next pass writes it into the status.
    expect(await pass(MONITOR, RULE)).toBe(0);
    expect(done).toEqual(['PrometheusRule']);
    expect(failures(MONITOR, RULE)).toMatchObject([{ kind: 'PodMonitor', reason: 'MonitoringWriteFailed' }]);
    expect(told[0]).toContain(words);
  });

  it('since the name is taken says whose it is', async () => {
    const metadata = { name: 'chat', namespace: 'ai', uid: 'other' };
    there.set('PodMonitor', { apiVersion: 'a/v1', kind: 'PodMonitor', metadata });
    await pass(MONITOR);
    expect(failures(MONITOR)).toMatchObject([{ reason: 'NameConflict', message: /PodMonitor chat exists/ }]);
  });

  it('since nobody answers is given up after 5 s', async () => {
    answers.set('PodMonitor', 'Hangs');
    const passing = pass(MONITOR, RULE);
    await clock.advance(4_900);
    expect(calls).toEqual(['PodMonitor']);
    await clock.advance(200);
    await passing;
    expect(done).toEqual(['PrometheusRule']);
    expect(failures(MONITOR)[0]?.message).toContain('no answer within 5 s');
    expect(clock.pendingTimers).toBe(0);
  });

  it('is tried again with backoff, however often passes come', async () => {
    answers.set('PodMonitor', down('443'));
    await pass(MONITOR);
    const times: number[] = [];
    for (let second = 0; second < 300; second++) {
      const before = calls.length;
      await pass(MONITOR);
      if (calls.length > before) times.push(second);
      await clock.advance(1_000);
    }
    expect(times).toEqual([1, 3, 7, 15, 31, 63, 123, 183, 243]);
    expect(await pass(MONITOR)).toBeGreaterThan(0);
    expect(told).toHaveLength(1);
  });

  it('is told in the same words for as long as they say the same, or were told before', async () => {
    const messages = new Set<string | undefined>();
    for (let i = 0; i < 40; i++) {
      answers.set('PodMonitor', i % 2 === 0 ? down(String(40_000 + i)) : new ApiError(500, { message: 'EOF' }));
      await pass(MONITOR);
      messages.add(failures(MONITOR)[0]?.message);
      await clock.advance(60_000);
    }
    expect(messages.size).toBe(2);
    expect(told).toHaveLength(2);
  });

  it('is forgotten once it is done, and that is news', async () => {
    answers.set('PodMonitor', down('443'));
    await pass(MONITOR);
    answers.clear();
    await clock.advance(1_000);
    expect(await pass(MONITOR)).toBe(0);
    expect([failures(MONITOR), await pass(MONITOR)]).toEqual([[], undefined]);
  });

  it('is tried at once when something else is to be written, and not at all when nothing is', async () => {
    answers.set('PodMonitor', down('443'));
    await pass(MONITOR);
    await pass(create('PodMonitor', 'chat', { changed: true }));
    expect(calls).toHaveLength(2);
    expect(await pass()).toBeUndefined();
    expect(failures(MONITOR)).toEqual([]);
  });

  it('is forgotten with its owner', async () => {
    answers.set('PodMonitor', down('443'));
    await pass(MONITOR);
    writes.forget('uid-chat');
    expect(failures(MONITOR)).toEqual([]);
  });

  it('since somebody was faster is tried again and not told', async () => {
    const metadata = { name: 'chat', namespace: 'ai', uid: 'uid-monitor' };
    const ownerReferences = [{ apiVersion: API_VERSION, kind: KIND, name: 'chat', uid: 'uid-chat', controller: true }];
    there.set('PodMonitor', { apiVersion: 'a/v1', kind: 'PodMonitor', metadata: { ...metadata, ownerReferences } });
    await pass(MONITOR);
    // It was there already.
    expect([failures(MONITOR), done]).toEqual([[], []]);
    const apply: OptionalIntent = { type: 'Apply', kind: 'PodMonitor', object: { metadata }, because: [] };
    expect(await pass(apply)).toBe(1_000);
    expect(failures(apply)).toEqual([]);
  });
});

describe('a pass that is over', () => {
  it.each([
    ['this process no longer leads', new NotLeaderError('the lease is lost')],
    ['the API server may be of another history', new HistoryUnknownError('the API server was away')],
  ])('throws when %s, and tells of no failure', async (_, error) => {
    answers.set('PodMonitor', error);
    await expect(pass(MONITOR, RULE)).rejects.toBe(error);
    expect(calls).toEqual(['PodMonitor']);
    expect([failures(MONITOR), told]).toEqual([[], []]);
  });

  it('throws when it is stopped', async () => {
    answers.set('PodMonitor', 'Hangs');
    const passing = pass(MONITOR);
    await settle();
    stop.abort(new Error('enough'));
    await expect(passing).rejects.toThrow('enough');
  });
});
