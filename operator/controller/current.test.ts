import { describe, expect, it } from '@jest/globals';
import { resources } from '../kube/resources.ts';
import { notCurrent, onlyWhenCurrent, refusedKinds } from './current.ts';

const cachesWith = (pods: boolean, gateway: boolean, refused?: string) => ({
  all: [
    { type: resources.services, isCurrent: true, isRefused: () => false },
    {
      type: resources.pods,
      isCurrent: pods,
      isRefused: (namespace?: string) => refused !== undefined && [undefined, refused].includes(namespace),
    },
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

describe('kinds whose watch is refused', () => {
  it('hold up the passes of their namespace alone, which come again by themselves', async () => {
    const caches = cachesWith(true, true, 'gone');
    expect(['gone', 'ns', undefined].map((namespace) => refusedKinds(caches, namespace))).toEqual([
      ['Pod'],
      [],
      ['Pod'],
    ]);
    const passes: string[] = [];
    const reconcile = onlyWhenCurrent(caches, (key) => Promise.resolve(void passes.push(key)));
    const { signal } = new AbortController();
    const pass = (key: string) => reconcile(key, signal, { id: '1', retries: 0 });
    expect(await pass('gone/a')).toEqual({ requeueAfterMs: 5_000 });
    expect(await pass('ns/a')).toBeUndefined();
    expect(passes).toEqual(['ns/a']);
  });
});
