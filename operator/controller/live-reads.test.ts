import { expect, test } from '@jest/globals';
import { ANNOTATION } from '../api/names.ts';
import { checkSpecIsCurrent, StaleCacheError } from './live-reads.ts';

const CACHED = 3;

/** What comes of a check of a model whose cached spec has generation 3, with what was asked and what the cache has learned. */
async function check(
  written: { readonly service?: string; readonly revision?: number },
  server: { readonly generation: number; readonly uid?: string } | undefined = { generation: CACHED },
  isThere = true,
) {
  const asked: string[] = [];
  const learned: unknown[] = [];
  const live = { metadata: { name: 'chat', namespace: 'ai', uid: 'u', ...server } };
  const annotations = written.service === undefined ? {} : { [ANNOTATION.generation]: written.service };
  const snapshot = {
    deployment: { metadata: { name: 'chat', namespace: 'ai', uid: 'u', generation: CACHED } },
    services: [{ metadata: { name: 'chat-aaa' } }, { metadata: { name: 'chat', annotations } }],
    revisions: [{ hash: 'old' }, { hash: 'aaa', generation: written.revision }],
  };
  const access = {
    client: {
      list: (_: unknown, { namespace, fieldSelector }: { namespace: string; fieldSelector: string }) => {
        asked.push(`${namespace} ${fieldSelector}`);
        return Promise.resolve({ items: isThere ? [live] : [] });
      },
    },
    deployments: { observeWrite: (object: unknown) => void learned.push(object) },
  };
  const error = await checkSpecIsCurrent(snapshot as never, access as never, AbortSignal.timeout(5_000)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(asked.every((one) => one === 'ai metadata.name=chat')).toBe(true);
  return { error, asked: asked.length, learned: learned.length };
}

test.each([
  ['children that do not say it', {}],
  ['a Service of an earlier spec', { service: '1' }],
  ['children of the same spec', { service: '3', revision: 3 }],
  ['garbage in the annotation', { service: 'later' }],
])('nobody is asked for %s', async (_, written) => {
  expect(await check(written, { generation: 9 })).toEqual({ error: undefined, asked: 0, learned: 0 });
});

test.each([
  ['the Service', { service: '4' }],
  ['a revision', { revision: 4 }],
])('a spec that is older than the one that %s was written for is not decided on', async (_, written) => {
  const { error, ...calls } = await check(written, { generation: 4 });
  expect(error).toBeInstanceOf(StaleCacheError);
  expect(calls).toEqual({ asked: 1, learned: 1 });
});

test('a model that was made anew under the name is not decided on either', async () => {
  const { error } = await check({ service: '4' }, { generation: 1, uid: 'another' });
  expect(error).toBeInstanceOf(StaleCacheError);
});

test('a model that is gone is not decided on', async () => {
  const { error, ...calls } = await check({ service: '4' }, undefined, false);
  expect(error).toBeInstanceOf(StaleCacheError);
  expect(calls).toEqual({ asked: 1, learned: 0 });
});

test('an annotation that anybody has written holds nothing up', async () => {
  expect(await check({ service: '99' })).toEqual({ error: undefined, asked: 1, learned: 0 });
});
