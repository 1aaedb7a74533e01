import { beforeEach, describe, expect, it } from '@jest/globals';
import { ServerClock, TOLERATED_SKEW_MS } from './server-clock.ts';
import { FakeClock } from './testing/fake-clock.ts';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1, 12, 0, 0, 700);

/** The machine: its wall clock can be set, its monotonic time cannot. */
class Machine extends FakeClock {
  wallOffset = 0;
  override now(): number {
    return super.now() + this.wallOffset;
  }
}

let machine: Machine;
/** The true time less the monotonic time of the machine. */
let truth: number;
let steps: number[];
let clock: ServerClock;

beforeEach(() => {
  machine = new Machine(START);
  truth = START;
  steps = [];
  clock = new ServerClock({ local: machine, onStep: (ms) => steps.push(ms) });
});

const trueTime = (): number => machine.monotonic() + truth;
const error = (): number => clock.now() - trueTime();

/** One answer of a server that is ahead by `skewMs`, after `there` + `back` milliseconds. */
async function ask({ skewMs = 0, there = 2, back = 2, date = '' } = {}): Promise<void> {
  const sentAt = machine.monotonic();
  await machine.advance(there);
  const header = date || new Date(trueTime() + skewMs).toUTCString();
  await machine.advance(back);
  clock.observe({ date: header, sentAt, receivedAt: machine.monotonic() });
}

/** Answers at uneven moments, one about every `everyMs`. */
async function askFor(ms: number, everyMs: number, options: Parameters<typeof ask>[0] = {}): Promise<void> {
  const end = machine.monotonic() + ms;
  for (let turn = 0; machine.monotonic() < end; turn++) {
    await machine.advance(everyMs + ((turn * 137) % 400));
    await ask(options);
  }
}

describe('the server clock', () => {
  it("is the machine's before the first answer, as of its start", async () => {
    machine.wallOffset = 2 * HOUR;
    await machine.advance(5_000);
    expect(clock.now()).toBe(START + 5_000);
    expect(clock.errorMs).toBeUndefined();
  });

  it.each([
    ['slow', -2 * HOUR],
    ['fast', 2 * HOUR],
  ])('is right from the first answer on where the local clock is %s', async (_, offset) => {
    machine.wallOffset = offset;
    clock = new ServerClock({ local: machine, onStep: (ms) => steps.push(ms) });
    expect(error()).toBe(offset);
    await ask();
    expect(Math.abs(error())).toBeLessThanOrEqual(504);
    expect(steps).toHaveLength(1);
  });

  it.each([-2 * HOUR, 2 * HOUR])('does not notice that the wall clock jumps by %i ms', async (jump) => {
    await askFor(60_000, 1_000);
    const before = clock.now();
    machine.wallOffset = jump;
    await machine.advance(1_000);
    expect(clock.now() - before).toBe(1_000);
    await askFor(60_000, 1_000);
    expect(Math.abs(error())).toBeLessThan(100);
  });

  it('comes to be exact to a small part of a second, and knows how exact', async () => {
    await ask();
    expect(clock.errorMs).toBeGreaterThan(400);
    await askFor(60_000, 1_000);
    expect(clock.errorMs).toBeLessThan(100);
    expect(Math.abs(error())).toBeLessThanOrEqual(clock.errorMs ?? 0);
    await machine.advance(HOUR);
    expect(clock.errorMs).toBeGreaterThan(1_800); // 500 ppm of an hour: nobody has answered
  });

  it('is not misled by answers that were long on their way, in either direction', async () => {
    await askFor(60_000, 1_000);
    await ask({ there: 20_000, back: 1 });
    await ask({ there: 1, back: 20_000 });
    expect(Math.abs(error())).toBeLessThan(100);
    expect(steps).toHaveLength(1);
  });

  it.each(['', 'nonsense', 'Thu, 01 Jan 1970 00:00:10 GMT'])('ignores the date %j', async (date) => {
    clock.observe({ date, sentAt: 0, receivedAt: 1 });
    expect(clock.errorMs).toBeUndefined();
    expect(clock.now()).toBe(START);
  });

  it('ignores a server that is two hours off as long as another one is right', async () => {
    await askFor(10_000, 1_000);
    for (let round = 0; round < 20; round++) {
      await ask({ skewMs: 2 * HOUR });
      await machine.advance(10_000);
      await ask({ skewMs: 2 * HOUR });
      await machine.advance(10_000);
      await ask();
      expect(Math.abs(error())).toBeLessThan(600);
    }
    expect(steps).toHaveLength(1);
  });

  it('keeps the right time where the very first answer was wrong', async () => {
    await ask({ skewMs: 2 * HOUR });
    await ask();
    await ask();
    expect(Math.abs(error())).toBeLessThanOrEqual(504);
    expect(steps).toHaveLength(2);
  });

  it('follows a time that stays different for a minute, and not before', async () => {
    await askFor(10_000, 1_000);
    truth += 2 * HOUR; // the machine was suspended: its monotonic clock stood still
    await askFor(50_000, 1_000);
    expect(error()).toBeLessThan(-HOUR);
    await askFor(20_000, 1_000);
    expect(Math.abs(error())).toBeLessThan(600);
    expect(steps).toHaveLength(2);
  });

  it('does not follow answers that contradict each other', async () => {
    await askFor(10_000, 1_000);
    for (let round = 1; round <= 30; round++) {
      await ask({ skewMs: round * HOUR });
      await machine.advance(10_000);
    }
    expect(Math.abs(error())).toBeLessThan(600);
  });

  it('lies between servers that differ a little, and never goes back', async () => {
    await ask();
    let last = clock.now();
    for (let turn = 0; turn < 200; turn++) {
      await machine.advance(500 + ((turn * 137) % 400));
      await ask({ skewMs: turn % 3 === 0 ? TOLERATED_SKEW_MS - 100 : 0, there: (turn * 7) % 50 });
      expect(clock.now()).toBeGreaterThanOrEqual(last);
      last = clock.now();
      expect(error()).toBeGreaterThan(-600);
      expect(error()).toBeLessThan(TOLERATED_SKEW_MS + 600);
    }
    expect(steps).toHaveLength(1);
  });

  it('goes on with what it knows while no server answers', async () => {
    await askFor(30_000, 1_000);
    const before = error();
    await machine.advance(10 * 60_000);
    expect(error()).toBeCloseTo(before);
  });

  it('sleeps on monotonic time', async () => {
    let awake = false;
    void clock.sleep(1_000, new AbortController().signal).then(() => (awake = true));
    await ask({ skewMs: 2 * HOUR });
    machine.wallOffset = 2 * HOUR;
    await machine.advance(900);
    expect(awake).toBe(false);
    await machine.advance(100);
    expect(awake).toBe(true);
  });
});
