import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FakeClock, settle } from './testing/fake-clock.ts';
import { PRIORITY, WorkQueue } from './work-queue.ts';

const never = new AbortController().signal;

function setup(options: Partial<ConstructorParameters<typeof WorkQueue>[0]> = {}) {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, ...options });
  return { clock, queue };
}

/** Takes every key that is ready and finishes each at once. */
async function takeAll(queue: WorkQueue): Promise<string[]> {
  const taken: string[] = [];
  while (queue.depth > 0) {
    const key = await queue.get(never);
    if (key === undefined) break;
    taken.push(key);
    queue.done(key);
  }
  return taken;
}

describe('adding', () => {
  it('hands keys out in the order of their arrival', async () => {
    const { queue } = setup();
    for (const key of ['c', 'a', 'b']) queue.add(key);
    expect(await takeAll(queue)).toEqual(['c', 'a', 'b']);
  });

  it('keeps a key that waits only once', async () => {
    const { queue } = setup();
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
    expect(queue.depth).toBe(2);
    expect(await takeAll(queue)).toEqual(['a', 'b']);
  });

  it('runs a key again after its work when it was added during the work, once however often', async () => {
    const { queue } = setup();
    queue.add('a');
    await queue.get(never);
    queue.add('a');
    queue.add('a');
    expect(queue.depth).toBe(0);
    queue.done('a');
    expect(await takeAll(queue)).toEqual(['a']);
  });

  it('gives a waiting worker the key as soon as it comes', async () => {
    const { queue } = setup();
    const first = queue.get(never);
    const second = queue.get(never);
    queue.add('a');
    queue.add('b');
    expect(await Promise.all([first, second])).toEqual(['a', 'b']);
  });

  it('ignores done for a key that nobody works on', async () => {
    const { queue } = setup();
    queue.add('a');
    queue.done('a');
    queue.done('b');
    expect(await takeAll(queue)).toEqual(['a']);
  });
});

describe('lanes', () => {
  const laneOf = (key: string): string => key.split('/')[0] ?? '';
  const flood = (queue: WorkQueue, lane: string, count: number, priority?: number): void => {
    for (let index = 1; index <= count; index++) queue.add(`${lane}/${index}`, priority);
  };

  it('take turns, however many wait in one', async () => {
    const { queue } = setup({ laneOf });
    flood(queue, 'a', 5);
    flood(queue, 'b', 2);
    queue.add('c/1');
    expect(await takeAll(queue)).toEqual(['a/1', 'b/1', 'c/1', 'a/2', 'b/2', 'a/3', 'a/4', 'a/5']);
  });

  it('who comes into a full queue waits for one turn of each lane', async () => {
    const { queue } = setup({ laneOf });
    flood(queue, 'a', 1_000);
    for (let taken = 0; taken < 500; taken++) queue.done((await queue.get(never)) ?? '');
    queue.add('b/1');
    expect([await queue.get(never), await queue.get(never)]).toEqual(['a/501', 'b/1']);
  });

  it('whose turn comes often are not before others who come now', async () => {
    const { queue } = setup({ laneOf });
    for (let round = 0; round < 100; round++) {
      queue.add('a/1');
      queue.done((await queue.get(never)) ?? '');
    }
    flood(queue, 'b', 3);
    flood(queue, 'a', 2);
    expect(await takeAll(queue)).toEqual(['b/1', 'a/1', 'b/2', 'a/2', 'b/3']);
  });

  it('count for each priority: a key that is raised waits behind its lane there, and holds up nobody', async () => {
    const { queue } = setup({ laneOf });
    flood(queue, 'a', 4, PRIORITY.initial);
    flood(queue, 'b', 2, PRIORITY.live);
    queue.add('a/4', PRIORITY.live);
    queue.add('a/5', PRIORITY.initial);
    expect(await takeAll(queue)).toEqual(['a/4', 'b/1', 'b/2', 'a/1', 'a/2', 'a/3', 'a/5']);
  });

  it('of keys that were delayed or come back after their work take turns, too', async () => {
    const { clock, queue } = setup({ laneOf });
    for (let index = 1; index <= 3; index++) queue.addAfter(`a/${index}`, 10);
    queue.addAfter('b/1', 20);
    queue.add('c/1');
    await queue.get(never);
    queue.add('c/1');
    await clock.advance(30);
    queue.done('c/1');
    expect(await takeAll(queue)).toEqual(['a/1', 'b/1', 'c/1', 'a/2', 'a/3']);
  });

  it.each([1, 2, 3])('none waits longer than one round of those that wait (seed %d)', async (seed) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(4), fc.nat(30)), { maxLength: 200 }), async (added) => {
        const { queue } = setup({ laneOf });
        for (const [lane, key] of added) queue.add(`${lane}/${key}`);
        const waiting = new Map<string, number>();
        for (const key of new Set(added.map(([lane, name]) => `${lane}/${name}`)))
          waiting.set(laneOf(key), (waiting.get(laneOf(key)) ?? 0) + 1);
        const turns = new Map<string, number>();
        for (const key of await takeAll(queue)) {
          const lane = laneOf(key);
          turns.set(lane, (turns.get(lane) ?? 0) + 1);
          // Whoever still waits has had at most one turn fewer.
          for (const [other, count] of waiting)
            if ((turns.get(other) ?? 0) < count)
              expect(turns.get(lane) ?? 0).toBeLessThanOrEqual((turns.get(other) ?? 0) + 1);
        }
        expect(Object.fromEntries(turns)).toEqual(Object.fromEntries(waiting));
      }),
      { seed, numRuns: 50 },
    );
  });
});

describe('priority', () => {
  it('lets live events overtake the flood of the first list', async () => {
    const { queue } = setup();
    queue.add('initial-1', PRIORITY.initial);
    queue.add('initial-2', PRIORITY.initial);
    queue.add('live', PRIORITY.live);
    expect(await takeAll(queue)).toEqual(['live', 'initial-1', 'initial-2']);
  });

  it('raises a waiting key and never lowers one', async () => {
    const { queue } = setup();
    queue.add('a');
    queue.add('b', PRIORITY.initial);
    queue.add('c', PRIORITY.initial);
    queue.add('c', PRIORITY.live);
    queue.add('a', PRIORITY.initial);
    expect(await takeAll(queue)).toEqual(['a', 'c', 'b']);
  });

  it('remembers the highest priority that was asked for during the work', async () => {
    const { queue } = setup();
    queue.add('a', PRIORITY.initial);
    await queue.get(never);
    queue.add('a', PRIORITY.live);
    queue.add('a', PRIORITY.initial);
    queue.add('b', PRIORITY.initial);
    queue.done('a');
    expect(await takeAll(queue)).toEqual(['a', 'b']);
  });

  it('retries an initial key with the priority it had', async () => {
    const { clock, queue } = setup();
    queue.add('initial', PRIORITY.initial);
    await queue.get(never);
    queue.addRateLimited('initial');
    queue.done('initial');
    queue.add('initial-2', PRIORITY.initial);
    await clock.advance(5);
    queue.add('live');
    expect(await takeAll(queue)).toEqual(['live', 'initial-2', 'initial']);
  });
});

describe('delays', () => {
  it('hands a key out when its time has come and not before', async () => {
    const { clock, queue } = setup();
    queue.addAfter('a', 100);
    await clock.advance(99);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await takeAll(queue)).toEqual(['a']);
  });

  it.each([
    ['the earlier comes second', 100, 50],
    ['the earlier comes first', 50, 100],
  ])('keeps the earliest time when %s', async (_, first, second) => {
    const { clock, queue } = setup();
    queue.addAfter('a', first);
    queue.addAfter('a', second);
    await clock.advance(50);
    expect(await takeAll(queue)).toEqual(['a']);
    await clock.advance(100);
    expect(queue.depth).toBe(0);
  });

  it('makes a delayed key ready when it is added', async () => {
    const { clock, queue } = setup();
    queue.addAfter('a', 100);
    queue.add('a');
    expect(await takeAll(queue)).toEqual(['a']);
    await clock.advance(1000);
    expect(queue.depth).toBe(0);
    expect(clock.pendingTimers).toBeLessThanOrEqual(1);
  });

  it('does not put off a key that is ready', async () => {
    const { queue } = setup();
    queue.add('a');
    queue.addAfter('a', 100);
    expect(await takeAll(queue)).toEqual(['a']);
  });

  it('lets a delay that ends during the work run the key again', async () => {
    const { clock, queue } = setup();
    queue.add('a');
    await queue.get(never);
    queue.addAfter('a', 10);
    await clock.advance(20);
    expect(queue.depth).toBe(0);
    queue.done('a');
    expect(await takeAll(queue)).toEqual(['a']);
  });

  it('uses one timer however many keys are delayed', () => {
    const { clock, queue } = setup();
    for (let index = 100; index > 0; index--) queue.addAfter(`key-${index}`, index * 10);
    expect(clock.pendingTimers).toBe(1);
    expect(clock.nextTimerIn).toBe(10);
  });

  it.each([0, -5, Number.NaN])('takes a delay of %p as now', async (delay) => {
    const { queue } = setup();
    queue.addAfter('a', delay);
    expect(await takeAll(queue)).toEqual(['a']);
  });
});

describe('rate limit', () => {
  it('doubles the delay from 5 ms up to a minute, per key, until the key is forgotten', async () => {
    const { clock, queue } = setup();
    const delays: number[] = [];
    for (let failure = 0; failure < 16; failure++) {
      queue.addRateLimited('a');
      delays.push(clock.nextTimerIn ?? -1);
      await clock.advance(60_000);
      await takeAll(queue);
    }
    expect(delays).toEqual([
      5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10_240, 20_480, 40_960, 60_000, 60_000,
    ]);
    expect(queue.retries('a')).toBe(16);
    expect(queue.retries('b')).toBe(0);
    queue.forget('a');
    queue.addRateLimited('a');
    expect(clock.nextTimerIn).toBe(5);
  });

  it('stays at its limit after any number of failures', () => {
    const { clock, queue } = setup({ maxDelayMs: 1000 });
    for (let failure = 0; failure < 5000; failure++) queue.addRateLimited('a');
    queue.shutDown();
    expect(queue.retries('a')).toBe(5000);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('shutting down', () => {
  it('ends those who wait, takes nothing more and leaves no timer', async () => {
    const { clock, queue } = setup();
    const waiting = queue.get(never);
    queue.addAfter('later', 10);
    queue.shutDown();
    queue.add('a');
    queue.addAfter('b', 5);
    expect(await waiting).toBeUndefined();
    expect(await queue.get(never)).toBeUndefined();
    expect(queue.depth).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('drains when the last work is done', async () => {
    const { queue } = setup();
    queue.add('a');
    queue.add('b');
    await queue.get(never);
    await queue.get(never);
    queue.shutDown();
    let drained: boolean | undefined;
    void queue.drain(never).then((result) => (drained = result));
    queue.done('a');
    await settle();
    expect(drained).toBeUndefined();
    queue.done('b');
    await settle();
    expect(drained).toBe(true);
  });

  it('gives up draining when told to', async () => {
    const { queue } = setup();
    queue.add('a');
    await queue.get(never);
    const limit = new AbortController();
    const drained = queue.drain(limit.signal);
    limit.abort();
    expect(await drained).toBe(false);
  });

  it('lets a getter leave without losing a key', async () => {
    const { queue } = setup();
    const leaving = new AbortController();
    const left = queue.get(leaving.signal);
    leaving.abort();
    expect(await left).toBeUndefined();
    queue.add('a');
    expect(await takeAll(queue)).toEqual(['a']);
  });
});

it("reports client-go's figures", async () => {
  const seen: [string, number?][] = [];
  const { clock, queue } = setup({
    metrics: {
      added: () => seen.push(['added']),
      started: (seconds) => seen.push(['started', seconds]),
      finished: (seconds) => seen.push(['finished', seconds]),
      retried: () => seen.push(['retried']),
    },
  });
  queue.add('a');
  queue.add('a');
  await clock.advance(2000);
  await queue.get(never);
  await clock.advance(3000);
  queue.add('b');
  await queue.get(never);
  await clock.advance(1000);
  expect(queue.unfinishedSeconds()).toBe(5);
  expect(queue.longestRunningSeconds()).toBe(4);
  queue.add('a');
  queue.done('a');
  queue.addRateLimited('b');
  expect(queue.longestRunningSeconds()).toBe(1);
  expect(seen).toEqual([['added'], ['started', 2], ['added'], ['started', 0], ['added'], ['finished', 4], ['retried']]);
});

describe('any schedule', () => {
  const keys = fc.constantFrom('a', 'b', 'c', 'd');
  const step = fc.oneof(
    fc.record({
      do: fc.constant('add' as const),
      key: keys,
      priority: fc.constantFrom(PRIORITY.live, PRIORITY.initial),
    }),
    fc.record({ do: fc.constant('addAfter' as const), key: keys, ms: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ do: fc.constant('addRateLimited' as const), key: keys }),
    fc.record({ do: fc.constant('done' as const), key: keys }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40 }) }),
  );

  it('never has a key in two hands and loses none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 4 }), async (steps, workers) => {
        const { clock, queue } = setup();
        const inHands = new Map<string, () => void>();
        /** Keys that were asked for after their last work began. */
        const owed = new Set<string>();
        const stop = new AbortController();
        const work = async (): Promise<void> => {
          for (let key = await queue.get(stop.signal); key !== undefined; key = await queue.get(stop.signal)) {
            expect(inHands.has(key)).toBe(false);
            owed.delete(key);
            const held = key;
            await new Promise<void>((resolve) => inHands.set(held, resolve));
            inHands.delete(key);
            queue.done(key);
          }
        };
        const all = Promise.all(Array.from({ length: workers }, work));
        for (const action of steps) {
          if (action.do === 'wait') await clock.advance(action.ms);
          else if (action.do === 'done') inHands.get(action.key)?.();
          else {
            owed.add(action.key);
            if (action.do === 'add') queue.add(action.key, action.priority);
            else if (action.do === 'addAfter') queue.addAfter(action.key, action.ms);
            else queue.addRateLimited(action.key);
          }
          await settle();
          expect(inHands.size).toBeLessThanOrEqual(workers);
        }
        // From here on everything is worked off: each key that was asked for must come to a hand.
        for (let round = 0; round < 12; round++) {
          for (const finish of inHands.values()) finish();
          await clock.advance(60_000);
        }
        expect([...owed]).toEqual([]);
        stop.abort();
        for (const finish of inHands.values()) finish();
        await all;
      }),
      { numRuns: 300 },
    );
  });
});
