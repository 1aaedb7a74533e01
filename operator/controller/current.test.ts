import { describe, expect, it } from '@jest/globals';
import { resources } from '../kube/resources.ts';
import { notCurrent, onlyWhenCurrent } from './current.ts';

const cachesWith = (pods: boolean, gateway: boolean) => ({
  all: [
    { type: resources.services, isCurrent: true },
    { type: resources.pods, isCurrent: pods },
  ],
  gateway: { isCurrent: gateway },
});

describe('caches that are not known to be of the API server’s history', () => {
  it.each([
    [true, true, []],
    [false, true, ['Pod']],
    [false, false, ['Pod', 'HTTPRoute']],
  ])('pods %s, routes %s: %j', (pods, gateway, kinds) => expect(notCurrent(cachesWith(pods, gateway))).toEqual(kinds));

  it('hold every pass up, which comes again by itself', async () => {
    const passes: string[] = [];
    const reconcile = (key: string) => Promise.resolve(void passes.push(key));
    const { signal } = new AbortController();
    const run = (pods: boolean) =>
      onlyWhenCurrent(cachesWith(pods, true), reconcile)('ns/a', signal, { id: '1', retries: 0 });
    expect(await run(false)).toEqual({ requeueAfterMs: 200 });
    expect(passes).toEqual([]);
    expect(await run(true)).toBeUndefined();
    expect(passes).toEqual(['ns/a']);
  });
});
