import { expect, it } from '@jest/globals';
import { ApiError } from '../kube/errors.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { NodeAutoscalerReader } from './node-autoscaler.ts';

const { signal } = new AbortController();
const NOW = Date.UTC(2026, 0, 1, 12);
const status = (updated?: string) => ({
  metadata: {
    name: 'status',
    annotations: updated === undefined ? {} : { 'cluster-autoscaler.kubernetes.io/last-updated': updated },
  },
});
const absent = new ApiError(404, {});
const forbidden = new ApiError(403, {});

function reader(configMap: object | Error, pools: readonly object[] | Error) {
  const clock = new FakeClock(NOW);
  const asked = { count: 0 };
  const answer = (value: object | Error) => {
    asked.count++;
    return value instanceof Error ? Promise.reject(value) : Promise.resolve(value as never);
  };
  const client = {
    get: () => answer(configMap),
    list: () => answer(pools instanceof Error ? pools : { items: pools, resourceVersion: '1' }),
  };
  const subject = new NodeAutoscalerReader({ client, clock });
  return { clock, asked, read: () => subject.read(signal) };
}

it.each<[string, object | Error, readonly object[] | Error, string | undefined]>([
  ['nothing', absent, absent, undefined],
  ['nothing that may be seen', forbidden, forbidden, undefined],
  ['a cluster-autoscaler at work', status('2026-01-01 11:59:50.123456789 +0000 UTC'), absent, 'cluster-autoscaler'],
  ['one in another time zone', status('2026-01-01 19:59:50 +0800 CST'), absent, 'cluster-autoscaler'],
  ['one that has stopped', status('2026-01-01 11:49:50.1 +0000 UTC'), absent, undefined],
  ['one that says nothing', status(), absent, undefined],
  ['one that says something else', status('today'), absent, undefined],
  ['NodePools', absent, [{}], 'Karpenter'],
  ['Karpenter without NodePools', absent, [], undefined],
  [
    'a cluster-autoscaler that has made way for Karpenter',
    status('2025-01-01 11:49:50.1 +0000 UTC'),
    [{}],
    'Karpenter',
  ],
])('finds %s', async (_, configMap, pools, found) => {
  const { read } = reader(configMap, pools);
  expect(await read()).toBe(found);
});

it('asks again after some minutes', async () => {
  const { read, asked, clock } = reader(absent, [{}]);
  await read();
  await read();
  expect(asked.count).toBe(2);
  await clock.advance(300_000);
  await read();
  expect(asked.count).toBe(4);
});

it('does not take a server in trouble for a cluster without', async () => {
  await expect(reader(new ApiError(503, {}), absent).read()).rejects.toThrow();
});
