import { describe, expect, it } from '@jest/globals';
import { Controller } from './controller.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { PRIORITY, WorkQueue } from './work-queue.ts';

const WORKERS = 4;
const PASS_MS = 20;
/** An event of one of the others, every so often: workers are busy a third of the time. */
const EVERY_MS = 15;
const EVENTS = 400;

interface Disturbance {
  /** Called every millisecond. */
  readonly flap: (queue: WorkQueue) => void;
  readonly fails?: boolean;
}

/** Time from the event of each of the other objects to the end of its pass, milliseconds of a clock of its own. */
async function latencies(disturbance?: Disturbance, priority: number = PRIORITY.live) {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock });
  const since = new Map<string, number>();
  const took: number[] = [];
  let turns = 0;
  const controller = new Controller({
    ...{ clock, queue, workers: WORKERS },
    reconcile: async (key, signal) => {
      await clock.sleep(PASS_MS, signal);
      if (key !== 'flapping') took.push(clock.monotonic() - (since.get(key) ?? 0));
      else turns++;
      if (key === 'flapping' && disturbance?.fails === true) throw new Error('refused');
      return undefined;
    },
  });
  const stop = new AbortController();
  const ended = controller.run(stop.signal);
  for (let at = 0; took.length < EVENTS; at++) {
    disturbance?.flap(queue);
    if (at % EVERY_MS === 0 && at / EVERY_MS < EVENTS) {
      const key = `other-${at / EVERY_MS}`;
      since.set(key, clock.monotonic());
      queue.add(key, priority);
    }
    await clock.advance(1);
    if (at > 10 * EVENTS * EVERY_MS) throw new Error(`${took.length} of ${EVENTS} passes`);
  }
  stop.abort();
  await clock.advance(1_000);
  await ended;
  return { p99: took.sort((a, b) => a - b)[Math.floor(EVENTS * 0.99) - 1] ?? Number.NaN, turns };
}

describe('one object that never rests', () => {
  it.each<[string, Disturbance]>([
    ['changes all the time', { flap: (queue) => queue.add('flapping') }],
    ['changes all the time and fails', { flap: (queue) => queue.add('flapping'), fails: true }],
  ])('and %s does not delay the others: P99 within 1.5x', async (_, disturbance) => {
    const alone = await latencies();
    const { p99, turns } = await latencies(disturbance);
    expect(turns).toBeGreaterThan(EVENTS / 2);
    expect(p99 / alone.p99).toBeLessThanOrEqual(1.5);
  });

  it('does not keep the objects of the first list from their turn, although it overtakes them', async () => {
    const alone = await latencies(undefined, PRIORITY.initial);
    const { p99 } = await latencies({ flap: (queue) => queue.add('flapping') }, PRIORITY.initial);
    expect(p99 / alone.p99).toBeLessThanOrEqual(1.5);
  });
});

describe('ten thousand objects of one namespace', () => {
  it('do not come before one of another', async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue({ clock, laneOf: (key) => key.slice(0, key.indexOf('/')) });
    let passes = 0;
    const turnOf = new Map<string, number>();
    const controller = new Controller({
      ...{ clock, queue, workers: WORKERS },
      reconcile: async (key, signal) => {
        turnOf.set(key, ++passes);
        await clock.sleep(PASS_MS, signal);
        return undefined;
      },
    });
    const stop = new AbortController();
    const ended = controller.run(stop.signal);
    for (let index = 0; index < 10_000; index++) queue.add(`mallory/${index}`);
    await clock.advance(PASS_MS);
    const before = passes;
    queue.add('others/chat');
    for (let at = 0; at < 2 * PASS_MS; at++) await clock.advance(1);
    expect(turnOf.get('others/chat')).toBeLessThanOrEqual(before + 2);
    stop.abort();
    await clock.advance(1_000);
    await ended;
  });
});
