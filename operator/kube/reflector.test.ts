import { afterEach, beforeEach, describe, expect, it, test } from '@jest/globals';
import type { HistoryOptions, PageOptions, WatchClient, WatchOptions } from './client.ts';
import { ApiError, TimeoutError, TransportError } from './errors.ts';
import { Reflector, type ReflectorEvent } from './reflector.ts';
import { resources, type ConfigMap } from './resources.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';
import { errorEvent } from './testing/fault-proxy.ts';
import { configMap } from './testing/objects.ts';
import type { KubeObject, ObjectList, ResourceType } from './types.ts';

type Answer = readonly string[] | Error;

/** Plays what the test says; when nothing is left to play, lists are empty and watches are silent. */
class Script implements WatchClient {
  readonly lists: (ObjectList<ConfigMap>[] | Error)[] = [];
  /** Lines, after which the watch ends in good order; or lines and then an error; or the error of the request itself. */
  readonly watches: { lines: Answer; then?: Error; lastsMs?: number }[] = [];
  /** `list` and `watch <version>`, with the time of each. */
  readonly calls: { what: string; at: number }[] = [];
  /** The versions that `remembers` was asked about. */
  readonly checks: { what: string; at: number }[] = [];
  /** What `remembers` answers; when nothing is left, yes. */
  readonly histories: (boolean | Error)[] = [];
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async *listPages<T extends KubeObject>(_: ResourceType<T>, options: PageOptions): AsyncGenerator<ObjectList<T>> {
    this.calls.push({ what: 'list', at: this.#clock.monotonic() });
    expect(options.retry).toBe(false);
    const pages = this.lists.shift() ?? [{ items: [], resourceVersion: '1' }];
    if (pages instanceof Error) throw pages;
    yield* pages as unknown as ObjectList<T>[];
  }

  async remembers(_: ResourceType, { resourceVersion, signal: __, ...scope }: HistoryOptions): Promise<boolean> {
    this.checks.push({ what: resourceVersion, at: this.#clock.monotonic() });
    expect(scope).toEqual(PLACE);
    const answer = this.histories.shift() ?? true;
    if (answer instanceof Error) throw answer;
    return answer;
  }

  async watch(_: ResourceType, options: WatchOptions): Promise<AsyncIterable<Uint8Array>> {
    this.calls.push({ what: `watch ${options.resourceVersion}`, at: this.#clock.monotonic() });
    const played = this.watches.shift();
    if (played?.lines instanceof Error) throw played.lines;
    const silence = (ms: number): Promise<void> => this.#clock.sleep(ms, options.signal);
    return (async function* () {
      if (played === undefined) {
        await silence(options.limitMs);
        throw new TimeoutError('dead');
      }
      for (const line of played.lines as readonly string[]) yield Buffer.from(`${line}\n`);
      if (played.lastsMs !== undefined) await silence(played.lastsMs);
      if (played.then !== undefined) throw played.then;
    })();
  }
}

const event = (type: string, name: string, version: string): string =>
  JSON.stringify({ type, object: configMap(name, version) });
const gone = new ApiError(410, { reason: 'Expired' });
const refused = new TransportError('refused');

let clock: FakeClock;
let script: Script;
let told: ReflectorEvent[];
let sunk: string[];
let stop: AbortController;
let running: Promise<void>;
let reflector: Reflector<ConfigMap>;

/** Where it may list, and what of it; labels are asked for beside that. */
const PLACE = { namespace: 'ai', fieldSelector: 'metadata.name=a' };

function start(random = () => 1): void {
  reflector = new Reflector<ConfigMap>({
    client: script,
    type: resources.configMaps,
    scope: { ...PLACE, labelSelector: 'app=x' },
    clock,
    random,
    onEvent: (one) => told.push(one),
    sink: {
      begin: () => sunk.push('begin'),
      prepare: (object) => object,
      replace: (items, version) =>
        sunk.push(`replace ${items.map(({ metadata }) => metadata.name).join()} @${version}`),
      apply: (type, { metadata }) => sunk.push(`${type} ${metadata.name}@${metadata.resourceVersion ?? ''}`),
      bookmark: (version) => sunk.push(`BOOKMARK @${version}`),
    },
  });
  running = reflector.run(stop.signal);
}
const calls = (): string[] => script.calls.map(({ what }) => what);
const gaps = (): number[] => script.calls.slice(1).map(({ at }, index) => at - (script.calls[index]?.at ?? 0));

beforeEach(() => {
  clock = new FakeClock();
  script = new Script(clock);
  told = [];
  sunk = [];
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort(new Error('test is over'));
  await running;
  expect(clock.pendingTimers).toBe(0);
});

describe('in good order', () => {
  it('lists all pages, then watches from the version of the list', async () => {
    script.lists.push([
      { items: [configMap('a', '3')], resourceVersion: '9' },
      { items: [configMap('b', '4')], resourceVersion: '9' },
    ]);
    script.watches.push({ lines: [event('ADDED', 'c', '10'), event('DELETED', 'a', '11')], lastsMs: 5000 });
    start();
    await settle();
    expect(sunk).toEqual(['begin', 'replace a,b @9', 'ADDED c@10', 'DELETED a@11']);
    expect(calls()).toEqual(['list', 'watch 9']);
  });

  it('goes on from the last version when the server ends the watch, at once and without a list', async () => {
    script.watches.push({ lines: [event('ADDED', 'a', '5')], lastsMs: 45_000 }, { lines: [], lastsMs: 45_000 });
    start();
    await clock.advance(90_000);
    expect(calls()).toEqual(['list', 'watch 1', 'watch 5', 'watch 5']);
    expect(gaps()).toEqual([0, 45_000, 45_000]);
  });

  it('moves on with bookmarks', async () => {
    script.watches.push({ lines: [event('BOOKMARK', '', '77')], lastsMs: 45_000 });
    start();
    await clock.advance(45_000);
    expect(calls()).toEqual(['list', 'watch 1', 'watch 77']);
    expect(sunk).toContain('BOOKMARK @77');
  });
});

describe('when the connection fails', () => {
  it('resumes a cut watch at once, from the last version, without a list', async () => {
    script.watches.push({ lines: [event('ADDED', 'a', '5')], then: refused });
    start();
    await settle();
    expect(calls()).toEqual(['list', 'watch 1', 'watch 5']);
    expect(gaps()).toEqual([0, 0]);
  });

  it.each(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'])('resumes after the version of a %s', async (type) => {
    script.watches.push({ lines: [event(type, 'a', '5')], then: refused });
    start();
    await settle();
    expect(calls()).toEqual(['list', 'watch 1', 'watch 5']);
  });

  it('takes a quiet watch that ended in good order for a success', async () => {
    script.watches.push({ lines: refused }, { lines: refused }, { lines: [], lastsMs: 45_000 }, { lines: refused });
    start();
    await clock.advance(60_000);
    expect(gaps().slice(0, 5)).toEqual([0, 0, 200, 45_000, 0]);
  });

  it('gives a dead connection up within 60 s, without a list and without a pause', async () => {
    start();
    await clock.advance(180_000);
    expect(calls()).toEqual(['list', ...Array<string>(4).fill('watch 1')]);
    expect(Math.max(...gaps())).toBeLessThanOrEqual(60_000);
    const failed = told.filter(({ type }) => type === 'watch-failed');
    expect(failed).toMatchObject(failed.map(() => ({ relist: false, retryInMs: 0 })));
    expect(failed).toHaveLength(3);
  });

  it('tries again at once, then with growing pauses of 5 s at most, and starts over after a success', async () => {
    for (let i = 0; i < 9; i += 1) script.watches.push({ lines: refused });
    script.watches.push({ lines: [event('ADDED', 'a', '5')], then: refused });
    start();
    await clock.advance(60_000);
    expect(gaps().slice(0, 11)).toEqual([0, 0, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 0]);
    expect(calls().filter((what) => what === 'list')).toHaveLength(1);
  });

  it('does not come back in step with others: pauses are drawn', async () => {
    for (let i = 0; i < 4; i += 1) script.watches.push({ lines: refused });
    start(() => 0);
    await clock.advance(10_000);
    expect(gaps().slice(0, 5)).toEqual([0, 0, 100, 200, 400]);
  });

  it('makes no hot loop of watches that end at once', async () => {
    for (let i = 0; i < 100; i += 1) script.watches.push({ lines: [] });
    start();
    await clock.advance(30_000);
    expect(script.calls.length).toBeLessThan(15);
    expect(calls().filter((what) => what === 'list')).toHaveLength(1);
  });

  it('does not take short watches that bring news for failures', async () => {
    for (let i = 0; i < 20; i += 1) script.watches.push({ lines: [event('MODIFIED', 'a', String(10 + i))] });
    start();
    await settle();
    expect(script.calls).toHaveLength(22);
    expect(Math.max(...gaps())).toBe(0);
  });

  it('never gives up on a list', async () => {
    for (let i = 0; i < 20; i += 1) script.lists.push(new ApiError(403, { reason: 'Forbidden' }));
    start();
    await clock.advance(300_000);
    expect(calls().slice(0, 22)).toEqual([...Array<string>(21).fill('list'), 'watch 1']);
    expect(Math.max(...gaps().slice(0, 20))).toBe(5000);
  });
});

describe('when the server objects', () => {
  test.each([
    ['an HTTP 410', { lines: gone }],
    ['a 410 in the stream', { lines: [errorEvent(410, 'Expired')] }],
  ])('lists again after %s', async (_, watch) => {
    script.watches.push(watch);
    start();
    await settle();
    expect(calls()).toEqual(['list', 'watch 1', 'list', 'watch 1']);
  });

  it('does not list in a loop when each list is followed by 410', async () => {
    for (let i = 0; i < 100; i += 1) script.watches.push({ lines: gone });
    start();
    await clock.advance(30_000);
    expect(calls().filter((what) => what === 'list').length).toBeLessThan(12);
  });

  it('watches again after a 500 in the stream, without a list', async () => {
    script.watches.push({ lines: [event('ADDED', 'a', '5'), errorEvent(500, 'InternalError')] });
    start();
    await settle();
    expect(calls()).toEqual(['list', 'watch 1', 'watch 5']);
  });

  it.each([
    ['no JSON', '{"type":"MODIF'],
    ['no event', '{"hello":"world"}'],
    ['an unknown type', JSON.stringify({ type: 'RENAMED', object: configMap('a', '3') })],
  ])('reconnects from the last version after a line that is %s, and applies nothing of it', async (_, line) => {
    script.watches.push({ lines: [event('ADDED', 'a', '5'), line, event('ADDED', 'b', '6')] });
    start();
    await settle();
    expect(calls()).toEqual(['list', 'watch 1', 'watch 5']);
    expect(sunk).toEqual(['begin', 'replace  @1', 'ADDED a@5']);
  });

  it('lists when what stands at a version cannot be read five times in a row', async () => {
    for (let i = 0; i < 5; i += 1) script.watches.push({ lines: ['{"type":"MODIF'] });
    start();
    await clock.advance(10_000);
    expect(calls()).toEqual(['list', ...Array<string>(5).fill('watch 1'), 'list', 'watch 1']);
  });

  it('keeps to the version through a storm of 503', async () => {
    for (let i = 0; i < 10; i += 1) script.watches.push({ lines: new ApiError(503, {}) });
    start();
    await clock.advance(60_000);
    expect(calls().filter((what) => what === 'list')).toHaveLength(1);
  });

  test.each([
    ['a watch', (error: Error) => script.watches.push({ lines: error }), ['list', 'watch 1', 'watch 1'], 1],
    ['a list', (error: Error) => script.lists.push(error), ['list', 'list', 'watch 1'], 0],
  ])('waits as long as 429 asks on %s', async (_, fail, expected, gap) => {
    fail(new ApiError(429, { reason: 'TooManyRequests' }, 17));
    start();
    await clock.advance(20_000);
    expect(calls()).toEqual(expected);
    expect(gaps()[gap]).toBe(17_000);
  });
});

describe('when the server was away', () => {
  it('asks whether it still knows of what it has told, and goes on where it was', async () => {
    script.watches.push({ lines: refused }, { lines: new ApiError(503, {}) }, { lines: [], lastsMs: 45_000 });
    start();
    await clock.advance(60_000);
    expect(calls()).toEqual(['list', ...Array<string>(4).fill('watch 1')]);
    expect(script.checks).toEqual([
      { what: '1', at: 0 },
      { what: '1', at: 200 },
    ]);
  });

  it('lists when it does not: etcd was restored from a backup, and a watch would stay silent', async () => {
    script.lists.push([{ items: [configMap('a', '90')], resourceVersion: '100' }]);
    script.watches.push({ lines: refused });
    script.histories.push(false);
    script.lists.push([{ items: [configMap('a', '40')], resourceVersion: '50' }]);
    start();
    await settle();
    expect(calls()).toEqual(['list', 'watch 100', 'list', 'watch 50']);
    expect(sunk).toEqual(['begin', 'replace a @100', 'begin', 'replace a @50']);
    expect(told).toContainEqual({ type: 'history-lost', resourceVersion: '100' });
  });

  it('asks again, with pauses, while it gets no answer', async () => {
    script.watches.push({ lines: refused });
    script.histories.push(refused, new ApiError(503, {}));
    start();
    await clock.advance(5_000);
    expect(calls()).toEqual(['list', 'watch 1', 'watch 1']);
    expect(script.checks.map(({ at }) => at)).toEqual([0, 200, 600]);
  });

  it.each([
    ['a watch that was cut', { lines: [], then: refused }],
    ['a refusal', { lines: new ApiError(429, {}) }],
  ])('does not ask after %s: the server was there', async (_, watch) => {
    script.watches.push(watch);
    start();
    await settle();
    expect(calls()).toEqual(['list', 'watch 1', 'watch 1']);
    expect(script.checks).toEqual([]);
  });
});

describe('when a watch is refused', () => {
  const refuse = (code: number, times: number) => {
    for (let i = 0; i < times; i += 1) script.watches.push({ lines: new ApiError(code, {}) });
  };

  it.each([401, 403, 404])('with %s for a minute, it says so until the next one is allowed', async (code) => {
    refuse(code, 20);
    start();
    await clock.advance(59_000);
    expect([reflector.isRefused, reflector.isCurrent]).toEqual([false, true]);
    await clock.advance(1_000);
    expect(reflector.isRefused).toBe(true);
    await clock.advance(60_000);
    expect(reflector.isRefused).toBe(false);
    expect(told.filter(({ type }) => type === 'watching').length).toBeGreaterThan(0);
  });

  it('counts anew after one that was allowed', async () => {
    refuse(403, 12);
    script.watches.push({ lines: [event('ADDED', 'a', '5')], then: refused });
    refuse(403, 30);
    start();
    await clock.advance(65_000);
    expect(sunk).toContain('ADDED a@5');
    expect(reflector.isRefused).toBe(false);
    await clock.advance(60_000);
    expect(reflector.isRefused).toBe(true);
  });

  it('is not what a server in trouble does', async () => {
    refuse(503, 40);
    start();
    await clock.advance(90_000);
    expect(reflector.isRefused).toBe(false);
  });

  it('begins no stream', async () => {
    refuse(403, 1);
    start();
    await settle();
    expect(told.map(({ type }) => type)).toEqual(['listed', 'watch-failed', 'watching']);
  });
});

describe('stopping', () => {
  it.each([
    ['in a watch', () => undefined],
    ['in a pause', () => script.lists.push(new ApiError(403, {}), new ApiError(403, {}))],
  ])('resolves %s', async (_, prepare) => {
    prepare();
    start();
    await settle();
    stop.abort(new Error('enough'));
    await expect(running).resolves.toBeUndefined();
  });
});
