import { describe, expect, it, test } from '@jest/globals';
import { systemClock } from '../../operator/kube/clock.ts';
import { acceleratedClock } from '../../operator/kube/testing/accelerated-clock.ts';
import { FakeClock } from '../../operator/kube/testing/fake-clock.ts';
import { errorEvent, type Fault, type ProxiedRequest } from '../../operator/kube/testing/fault-proxy.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';
import { LIMIT, testRig } from './harness.ts';

const cluster = testCluster('control-plane');
const rig = testRig(cluster, testNamespace(cluster));

const isWatch = (request: ProxiedRequest): boolean => request.isWatch;
const isList = (request: ProxiedRequest): boolean => request.isList;

describe('a watch that is cut', () => {
  it('at any byte resumes without a list, and every version is delivered exactly once', async () => {
    const { proxy, write, watching } = bind();
    const watched = await rig().watch(acceleratedClock(50));
    await write('a', 'start');
    // A watch's status line, headers and first event are about 1,100 bytes; a step of 13 meets every part of a chunk.
    const offsets = Array.from({ length: 90 }, (_, index) => index * 13);
    for (const afterBytes of offsets) {
      await watching();
      const cut = proxy.inject({ match: isWatch, fault: { kind: 'cut', afterBytes } });
      proxy.cutWatches();
      await write('a', `cut-${afterBytes}`);
      await eventually(() => expect(watched.value('a')).toBe(`cut-${afterBytes}`), LIMIT);
      expect(cut.fired).toBe(1);
      cut.remove();
    }
    expect(watched.count('listed')).toBe(1);
    const values = watched.events
      .filter(({ object }) => object.metadata.name === 'a')
      .map(({ object }) => object.data?.['value']);
    expect(values).toEqual(['start', ...offsets.map((offset) => `cut-${offset}`)]);
  });

  it('while objects come, change and go ends with the truth', async () => {
    const { proxy, write, remove, watching } = bind();
    await write('kept', '1');
    await write('removed', '1');
    const watched = await rig().watch(acceleratedClock(50));
    await watching();
    await proxy.refuseConnections();
    await write('kept', '2');
    await remove('removed');
    await write('new', '1');
    await proxy.acceptConnections();
    await eventually(() => {
      expect(watched.names()).toEqual(['kept', 'new']);
      expect(watched.value('kept')).toBe('2');
    }, LIMIT);
    expect(watched.count('listed')).toBe(1);
  });
});

describe('a half-open connection', () => {
  it('is noticed within 60 s, and events flow again without a list', async () => {
    const { proxy, write, watching } = bind();
    const clock = new FakeClock();
    const watched = await rig().watch(clock);
    await watching();
    proxy.freezeWatches();
    await write('a', 'unheard');
    const before = rig().requests(isWatch).length;
    await clock.advance(60_000);
    await eventually(() => expect(watched.value('a')).toBe('unheard'), LIMIT);
    expect(rig().requests(isWatch).length - before).toBeGreaterThanOrEqual(1);
    expect(rig().requests(isList)).toHaveLength(1);
  });

  it('from the first byte on is noticed too', async () => {
    const { proxy, write, watching } = bind();
    const clock = new FakeClock();
    const watched = await rig().watch(clock);
    await watching();
    const frozen = proxy.inject({ match: isWatch, fault: { kind: 'freeze', afterBytes: 0 } });
    proxy.cutWatches();
    await eventually(() => expect(frozen.fired).toBe(1), LIMIT);
    await write('a', 'unheard');
    await clock.advance(60_000);
    await eventually(() => expect(watched.value('a')).toBe('unheard'), LIMIT);
    expect(watched.count('listed')).toBe(1);
  });
});

describe('a quiet watch', () => {
  it('ends in good order, moves on by its bookmark, and goes on over the same connection', async () => {
    const { proxy, watching, write } = bind();
    const watched = await rig().watch(systemClock, {
      labelSelector: 'nobody=has-it',
      watchSeconds: { min: 4, max: 4 },
    });
    await watching();
    const connections = proxy.connectionCount;
    await write('other', '1');
    await eventually(() => expect(watched.count('watch-ended')).toBe(2), LIMIT);
    const versions = watched.log.flatMap((event) => (event.type === 'watching' ? [event.resourceVersion] : []));
    expect(new Set(versions).size).toBeGreaterThan(1);
    expect(proxy.connectionCount).toBe(connections);
    expect(watched.count('watch-failed')).toBe(0);
    expect(watched.events).toEqual([]);
  });
});

describe('410', () => {
  test.each<[string, Fault]>([
    ['as the answer to a watch', { kind: 'respond', status: 410, reason: 'Expired' }],
    ['in the stream', { kind: 'stream', lines: [errorEvent(410, 'Expired')] }],
  ])('%s leads to a new list, which finds what was missed', async (_, fault) => {
    const { proxy, write, remove, watching } = bind();
    await write('kept', '1');
    await write('removed', '1');
    const watched = await rig().watch(acceleratedClock(50));
    await watching();
    const gone = proxy.inject({ match: isWatch, fault });
    await proxy.refuseConnections();
    await write('kept', '2');
    await remove('removed');
    await proxy.acceptConnections();
    await eventually(() => {
      expect(watched.value('kept')).toBe('2');
      expect(watched.names()).not.toContain('removed');
    }, LIMIT);
    expect(gone.fired).toBe(1);
    expect(watched.count('listed')).toBe(2);
    const ofRemoved = watched.events.filter(({ object }) => object.metadata.name === 'removed').map(({ type }) => type);
    expect(ofRemoved).toEqual(['added', 'deleted']);
  });
});

describe('a watch that is refused', () => {
  it('is known as such after a minute, and goes on where it was once it is allowed', async () => {
    const { proxy, write, watching } = bind();
    const watched = await rig().watch(acceleratedClock(50));
    await watching();
    const denied = proxy.inject({
      match: isWatch,
      fault: { kind: 'respond', status: 403, reason: 'Forbidden' },
      times: Number.POSITIVE_INFINITY,
    });
    proxy.cutWatches();
    await write('a', 'unheard');
    await eventually(() => expect(watched.informer.isRefused(rig().namespace)).toBe(true), LIMIT);
    expect(watched.value('a')).toBeUndefined();
    expect(watched.informer.isRefused('other')).toBe(false);
    denied.remove();
    await eventually(() => expect(watched.value('a')).toBe('unheard'), LIMIT);
    expect(watched.informer.isRefused()).toBe(false);
    expect(watched.count('listed')).toBe(1);
  });
});

describe('429 with Retry-After', () => {
  it.each([
    ['a list', isList],
    ['a watch', isWatch],
  ])('on %s: nothing is asked before the time is over, then everything works', async (_, match) => {
    const { proxy } = bind();
    const clock = new FakeClock();
    const refused = proxy.inject({
      match,
      fault: { kind: 'respond', status: 429, reason: 'TooManyRequests', retryAfterSeconds: 17 },
    });
    const watched = rig().startWatch(clock);
    await eventually(() => {
      expect(refused.fired).toBe(1);
      expect(watched.log.at(-1)).toMatchObject({ retryInMs: 17_000 });
    }, LIMIT);
    const asked = proxy.requests.length;
    await clock.advance(16_999);
    expect(proxy.requests).toHaveLength(asked);
    await clock.advance(1);
    await eventually(() => expect(proxy.openWatches).toBe(1), LIMIT);
    expect(proxy.requests.filter(match)).toHaveLength(2);
  });
});

describe('a storm', () => {
  test.each([500, 503])(
    'of %i on everything passes: pauses grow, and no list is made but the one that is due',
    async (status) => {
      const { proxy, write, watching } = bind();
      const watched = await rig().watch(acceleratedClock(20));
      await watching();
      const storm = proxy.inject({ match: () => true, fault: { kind: 'respond', status }, times: 10 });
      proxy.cutWatches();
      await write('a', 'after');
      await eventually(() => expect(watched.value('a')).toBe('after'), LIMIT);
      expect(storm.fired).toBe(10);
      const pauses = watched.log.flatMap((event) => (event.type === 'watch-failed' ? [event.retryInMs] : []));
      expect(pauses.slice(0, 2).every((pause) => pause < 250)).toBe(true);
      expect(Math.max(...pauses)).toBeGreaterThanOrEqual(2500);
      expect(Math.max(...pauses)).toBeLessThanOrEqual(5000);
      expect(new Set(pauses.slice(2)).size).toBeGreaterThan(3);
      expect(watched.count('listed')).toBe(1);
    },
  );
});

/** The rig's methods that these tests use most, free to be destructured. */
function bind() {
  const current = rig();
  return {
    proxy: current.proxy,
    write: (name: string, value: string) => current.write(name, value),
    remove: (name: string) => current.remove(name),
    watching: () => current.watching(),
  };
}
