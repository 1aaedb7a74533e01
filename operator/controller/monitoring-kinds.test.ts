import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { ApiError } from '../kube/errors.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import type { KubeObject } from '../kube/types.ts';
import { MonitoringKinds } from './monitoring-kinds.ts';
import { FakeCollection, quiet } from './testing/fake-collection.ts';

let stop: AbortController;
let clock: FakeClock;
let server: FakeCollection<KubeObject>;
let kinds: MonitoringKinds;
let running: Promise<void>;

beforeEach(() => {
  stop = new AbortController();
  clock = new FakeClock();
  server = new FakeCollection();
  const options = { client: server.client, clock, namespaces: [], onReflectorEvent: () => undefined };
  kinds = new MonitoringKinds(options);
});
afterEach(async () => {
  stop.abort(new Error('test is over'));
  await running;
});
const start = () => {
  running = kinds.run(stop.signal);
  return kinds.waitUntilKnown(stop.signal);
};
const has = () => kinds.stateOf({ namespace: 'ai', name: 'chat' }).has;

it('knows at once what there is', async () => {
  expect(await start()).toEqual([]);
  expect(has()).toEqual({ PodMonitor: true, ScrapeConfig: true, PrometheusRule: true });
  expect(clock.now()).toBe(new FakeClock().now());
});

it('holds up the start for 10 s at most, and a kind whose list fails counts as missing until it answers', async () => {
  server.answer = new ApiError(500, { message: 'conversion webhook failed' });
  const known = start();
  let isOver = false;
  void known.then(() => (isOver = true));
  await clock.advance(9_000);
  expect(isOver).toBe(false);
  await clock.advance(1_000);
  expect(await known).toEqual(['PodMonitor', 'ScrapeConfig', 'PrometheusRule']);
  expect(has()).toMatchObject({ PodMonitor: false });

  const changes: string[] = [];
  kinds.onChange(
    (key) => changes.push(key),
    () => changes.push('kinds'),
  );
  server.answer = [];
  await clock.advance(120_000);
  await quiet();
  expect(has()).toMatchObject({ PodMonitor: true });
  expect(changes).toEqual(['kinds', 'kinds', 'kinds']);
});

it('ends the wait when it is stopped', async () => {
  server.answer = new ApiError(500, { message: 'no' });
  const known = start();
  stop.abort(new Error('enough'));
  await expect(known).rejects.toThrow('enough');
});
