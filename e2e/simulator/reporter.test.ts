import { describe, expect, it } from '@jest/globals';
import { ApiError, TransportError } from '../../operator/kube/errors.ts';
import { FakeClock, settle } from '../../operator/kube/testing/fake-clock.ts';
import type { Annotations } from './cluster.ts';
import { Reporter } from './reporter.ts';

/** A pod whose writes end when and how the test says. */
class Writes {
  readonly done: Annotations[] = [];
  readonly clock = new FakeClock();
  readonly #gone = new AbortController();
  readonly #outcomes: PromiseWithResolvers<undefined>[] = [];
  readonly reporter = new Reporter(
    (annotations) => {
      this.done.push(annotations);
      const outcome = Promise.withResolvers<undefined>();
      this.#outcomes.push(outcome);
      return outcome.promise;
    },
    this.clock,
    this.#gone.signal,
  );

  async finish(error?: Error): Promise<void> {
    const outcome = this.#outcomes.shift();
    if (error) outcome?.reject(error);
    else outcome?.resolve(undefined);
    await settle();
  }
}

describe('Reporter', () => {
  it('writes one thing at a time, and what was said meanwhile together', async () => {
    const writes = new Writes();
    writes.reporter.say({ state: 'loading', restarts: '0' });
    writes.reporter.say({ state: 'crashed', restarts: '1' });
    writes.reporter.say({ state: 'loading' });
    expect(writes.done).toEqual([{ state: 'loading', restarts: '0' }]);
    await writes.finish();
    expect(writes.done.slice(1)).toEqual([{ state: 'loading', restarts: '1' }]);
    await writes.finish();
    writes.reporter.say({ drain: 'done' });
    expect(writes.done.slice(2)).toEqual([{ drain: 'done' }]);
  });

  it('tries again what failed, unless it was overtaken', async () => {
    const writes = new Writes();
    writes.reporter.say({ state: 'loading', restarts: '0' });
    writes.reporter.say({ state: 'ready' });
    await writes.finish(new TransportError('connection refused'));
    expect(writes.done).toHaveLength(1);
    await writes.clock.advance(500);
    expect(writes.done.slice(1)).toEqual([{ state: 'ready', restarts: '0' }]);
  });

  it.each([404, 409])('gives up on %d: the pod is gone', async (status) => {
    const writes = new Writes();
    writes.reporter.say({ state: 'loading' });
    await writes.finish(new ApiError(status, { message: 'no' }));
    await writes.clock.advance(60_000);
    expect(writes.done).toHaveLength(1);
  });
});
