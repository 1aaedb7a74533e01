import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock, settle } from '../kube/testing/fake-clock.ts';
import { Admission } from './admission.ts';

const never = new AbortController().signal;
let clock: FakeClock;
let admission: Admission;
let log: string[];
let called: string[];

beforeEach(() => {
  clock = new FakeClock();
  called = [];
  admission = new Admission({ clock, limitMs: 10_000, onTurn: (key) => called.push(key) });
  log = [];
});

/** Work that says when it begins, and ends when it is told to. */
function work(name: string) {
  const end = Promise.withResolvers<string>();
  const run = async (signal: AbortSignal): Promise<string> => {
    log.push(name);
    signal.addEventListener('abort', () => end.reject(signal.reason as Error), { once: true });
    return end.promise;
  };
  return { run, end: () => end.resolve(name) };
}

const outcome = (promise: Promise<string>) =>
  promise.then(
    (value) => log.push(`${value} done`),
    (error: unknown) => log.push(error instanceof Error ? error.name : String(error)),
  );

describe('Admission', () => {
  it('lets one in after the other, in their order', async () => {
    const [a, b, c] = [work('a'), work('b'), work('c')];
    for (const { run } of [a, b, c]) void outcome(admission.run(run, never));
    await settle();
    expect(log).toEqual(['a']);
    c.end();
    a.end();
    await settle();
    expect(log).toEqual(['a', 'a done', 'b']);
    b.end();
    await settle();
    expect(log).toEqual(['a', 'a done', 'b', 'b done', 'c', 'c done']);
  });

  it('lets two in, and calls the others in their order as places become free', async () => {
    const works = ['a', 'b', 'c', 'd'].map((name) => work(name));
    const come = (index: number) => {
      const key = 'abcd'.charAt(index);
      if (admission.admits(key)) void outcome(admission.run(works[index]?.run ?? works[0]!.run, never));
      else log.push(`${key} waits`);
      admission.passed(key);
    };
    for (const index of [0, 1, 2, 3]) come(index);
    await settle();
    expect(log).toEqual(['c waits', 'd waits', 'a']);
    works[0]?.end();
    await settle();
    expect(called).toEqual(['c']);
    // A newcomer does not take the place that is kept, and nobody is called twice.
    expect(admission.admits('e')).toBe(false);
    come(2);
    works[1]?.end();
    await settle();
    expect(called).toEqual(['c', 'd']);
    expect(log).toEqual(['c waits', 'd waits', 'a', 'a done', 'b', 'b done', 'c']);
  });

  it('calls the next one where a place is of no use to whom it was kept for', async () => {
    const [a, b] = [work('a'), work('b')];
    for (const { run } of [a, b]) void outcome(admission.run(run, never));
    expect([admission.admits('c'), admission.admits('d')]).toEqual([false, false]);
    admission.passed('c');
    expect(called).toEqual([]);
    a.end();
    await settle();
    expect(called).toEqual(['c']);
    // Its pass ends without asking: it was deleted meanwhile.
    admission.passed('c');
    expect(called).toEqual(['c', 'd']);
    expect(admission.admits('d')).toBe(true);
  });

  it('calls the next one when somebody who waits is stopped', async () => {
    const [a, b] = [work('a'), work('b')];
    const stop = new AbortController();
    void outcome(admission.run(a.run, never));
    void outcome(admission.run(b.run, stop.signal));
    expect(admission.admits('c')).toBe(false);
    stop.abort(new Error('stopped'));
    await settle();
    expect(called).toEqual(['c']);
  });

  it('goes on after a failure', async () => {
    await expect(admission.run(() => Promise.reject(new Error('conflict')), never)).rejects.toThrow('conflict');
    await expect(admission.run(() => Promise.resolve(1), never)).resolves.toBe(1);
  });

  it('forgets who does not want to wait any longer, and keeps the order of the others', async () => {
    const [a, b, c] = [work('a'), work('b'), work('c')];
    const impatient = new AbortController();
    void outcome(admission.run(a.run, never));
    void outcome(admission.run(b.run, impatient.signal));
    void outcome(admission.run(c.run, never));
    impatient.abort(Object.assign(new Error('stopped'), { name: 'AbortError' }));
    await settle();
    expect(log).toEqual(['a', 'AbortError']);
    a.end();
    await settle();
    expect(log).toEqual(['a', 'AbortError', 'a done', 'c']);
  });

  it('ends the turn of who takes too long, and lets the next one in', async () => {
    const [a, b] = [work('a'), work('b')];
    void outcome(admission.run(a.run, never));
    void outcome(admission.run(b.run, never));
    await clock.advance(9_999);
    expect(log).toEqual(['a']);
    await clock.advance(1);
    await settle();
    expect(log).toEqual(['a', 'AdmissionTimeoutError', 'b']);
    // The limit is that of each holder.
    await clock.advance(9_999);
    b.end();
    await settle();
    expect(log.at(-1)).toBe('b done');
  });

  it('leaves who does not heed the limit behind', async () => {
    const b = work('b');
    void outcome(admission.run(() => new Promise(() => undefined), never));
    void outcome(admission.run(b.run, never));
    await clock.advance(10_000);
    expect(log).toEqual([]);
    await clock.advance(5_000);
    await settle();
    expect(log).toEqual(['AdmissionTimeoutError', 'b']);
  });
});
