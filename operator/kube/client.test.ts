import { beforeEach, describe, expect, it, test } from '@jest/globals';
import { KubeHttpClient } from './client.ts';
import { ApiError } from './errors.ts';
import { resources } from './resources.ts';
import { configMap } from './testing/objects.ts';
import type { KubeRequest } from './transport.ts';

const { configMaps, deployments, pods } = resources;
const { signal } = new AbortController();
const ref = { namespace: 'ns', name: 'a' };
const object = configMap('a', '5', { namespace: 'ns' });
const { resourceVersion: _, ...unversioned } = object.metadata;

let sent: KubeRequest[];
let answers: unknown[];
let client: KubeHttpClient;

beforeEach(() => {
  sent = [];
  answers = [];
  const transport = {
    call: async <T>(request: KubeRequest): Promise<T> => {
      sent.push(request);
      const answer = answers.shift() ?? {};
      if (answer instanceof Error) throw answer;
      return answer as T;
    },
    stream: async (request: KubeRequest, limitMs: number) => {
      sent.push({ ...request, limitMs });
      return (async function* (): AsyncGenerator<Uint8Array> {
        yield* [];
      })();
    },
  };
  client = new KubeHttpClient(transport, { fence: () => undefined });
});

describe('whether an object is there', () => {
  const exists = () => client.exists(configMaps, ref, { signal });

  it('is asked for its metadata alone', async () => {
    expect(await exists()).toBe(true);
    expect(sent[0]?.accept).toBe('application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1');
  });

  it('is no with a 404, and unknown with anything else', async () => {
    answers.push(new ApiError(404, { reason: 'NotFound' }), new ApiError(403, { reason: 'Forbidden' }));
    expect(await exists()).toBe(false);
    await expect(exists()).rejects.toThrow(ApiError);
  });
});

describe('requests', () => {
  test.each<[string, () => Promise<unknown>, string, boolean]>([
    ['get', () => client.get(configMaps, ref, { signal }), 'GET /api/v1/namespaces/ns/configmaps/a', true],
    ['exists', () => client.exists(configMaps, ref, { signal }), 'GET /api/v1/namespaces/ns/configmaps/a', true],
    ['the version', () => client.serverVersion({ signal }), 'GET /version', true],
    [
      'create',
      () => client.create(configMaps, object, { signal }),
      'POST /api/v1/namespaces/ns/configmaps?fieldValidation=Strict',
      false,
    ],
    [
      'an eviction',
      () => client.create(pods, { metadata: ref }, { signal, subresource: 'eviction' }),
      'POST /api/v1/namespaces/ns/pods/a/eviction?fieldValidation=Strict',
      false,
    ],
    [
      'apply',
      () => client.apply(configMaps, object, { signal, fieldManager: 'me', force: true, dryRun: true }),
      'PATCH /api/v1/namespaces/ns/configmaps/a?fieldManager=me&force=true&fieldValidation=Strict&dryRun=All',
      true,
    ],
    [
      'patch',
      () => client.patch(deployments, ref, {}, { signal, type: 'merge', subresource: 'scale' }),
      'PATCH /apis/apps/v1/namespaces/ns/deployments/a/scale?fieldValidation=Strict',
      false,
    ],
    [
      'update with a version',
      () => client.update(configMaps, object, { signal, subresource: 'status' }),
      'PUT /api/v1/namespaces/ns/configmaps/a/status?fieldValidation=Strict',
      true,
    ],
    [
      'update without a version, which could undo a foreign write',
      () => client.update(configMaps, { ...object, metadata: unversioned }, { signal }),
      'PUT /api/v1/namespaces/ns/configmaps/a?fieldValidation=Strict',
      false,
    ],
    [
      'delete with a UID',
      () => client.delete(configMaps, ref, { signal, uid: 'u' }),
      'DELETE /api/v1/namespaces/ns/configmaps/a',
      true,
    ],
    [
      'delete without a UID, which could hit a successor',
      () => client.delete(configMaps, ref, { signal }),
      'DELETE /api/v1/namespaces/ns/configmaps/a',
      false,
    ],
  ])('%s', async (_name, call, line, retry) => {
    await call();
    expect(sent.map(({ method, path }) => `${method} ${path}`)).toEqual([line]);
    expect(sent[0]?.retry).toBe(retry);
    expect(sent[0]?.fence === undefined).toBe(line.startsWith('GET'));
  });

  it('have the content type of their kind of patch', async () => {
    await client.apply(configMaps, object, { signal, fieldManager: 'me' });
    await client.patch(configMaps, ref, {}, { signal, type: 'merge' });
    await client.patch(configMaps, ref, [], { signal, type: 'json' });
    expect(sent.map(({ contentType }) => contentType)).toEqual([
      'application/apply-patch+yaml',
      'application/merge-patch+json',
      'application/json-patch+json',
    ]);
  });

  it('have the limit that their writer sets', async () => {
    const limited = { signal, limitMs: 7 };
    await client.create(configMaps, object, limited);
    await client.apply(configMaps, object, { ...limited, fieldManager: 'me' });
    await client.patch(configMaps, ref, {}, { ...limited, type: 'merge' });
    await client.update(configMaps, object, limited);
    await client.delete(configMaps, ref, limited);
    expect(sent.map(({ limitMs }) => limitMs)).toEqual([7, 7, 7, 7, 7]);
  });

  it('delete carries its preconditions', async () => {
    await client.delete(configMaps, ref, { signal, uid: 'u', resourceVersion: '5', propagationPolicy: 'Foreground' });
    expect(sent[0]?.body).toMatchObject({
      preconditions: { uid: 'u', resourceVersion: '5' },
      propagationPolicy: 'Foreground',
    });
  });

  it('remembers asks for one object at exactly that version', async () => {
    expect(await client.remembers(pods, { namespace: 'ns', resourceVersion: '7', signal })).toBe(true);
    expect(sent[0]).toMatchObject({
      path: '/api/v1/namespaces/ns/pods?limit=1&resourceVersion=7&resourceVersionMatch=Exact',
      retry: false,
    });
  });

  it('remembers asks no wider than its reader may list', async () => {
    await client.remembers(pods, { fieldSelector: 'metadata.name=a', resourceVersion: '7', signal });
    expect(sent[0]?.path).toBe(
      '/api/v1/pods?fieldSelector=metadata.name%3Da&limit=1&resourceVersion=7&resourceVersionMatch=Exact',
    );
  });

  it.each([
    ['it was compacted away', new ApiError(410, { reason: 'Expired' })],
    [
      'it is of the future',
      new ApiError(504, { reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } }),
    ],
  ])('remembers says no when %s, and nothing when there was no answer', async (_, answer) => {
    answers.push(answer, new ApiError(503, {}));
    const remembers = () => client.remembers(pods, { resourceVersion: '7', signal });
    expect(await remembers()).toBe(false);
    await expect(remembers()).rejects.toThrow('503');
  });

  it('watch asks for bookmarks and an end', async () => {
    await client.watch(pods, {
      resourceVersion: '7',
      timeoutSeconds: 45,
      limitMs: 50_000,
      labelSelector: 'a=b',
      signal,
    });
    expect(sent[0]).toMatchObject({
      path: '/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=45&labelSelector=a%3Db',
      limitMs: 50_000,
    });
  });

  it('are refused without what they need', async () => {
    expect(() => client.create(configMaps, { metadata: { name: 'a' } }, { signal })).toThrow(
      /needs metadata.namespace/,
    );
    expect(() => client.get(configMaps, { name: 'a' }, { signal })).toThrow('ConfigMap a needs a namespace');
    expect(sent).toEqual([]);
  });
});

describe('list', () => {
  const page = (name: string, token?: string): object => {
    return { metadata: { resourceVersion: '9', continue: token }, items: [{ metadata: { name } }] };
  };

  it('follows the pages and completes the items', async () => {
    answers.push(page('a', 'more'), page('b'));
    const list = await client.list(pods, { namespace: 'ns', labelSelector: 'x=y', signal });
    expect(list).toEqual({
      resourceVersion: '9',
      items: [
        { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } },
        { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'b' } },
      ],
    });
    expect(sent.map(({ path }) => path)).toEqual([
      '/api/v1/namespaces/ns/pods?labelSelector=x%3Dy&limit=500',
      '/api/v1/namespaces/ns/pods?labelSelector=x%3Dy&limit=500&continue=more',
    ]);
  });

  it('asks for pages of another size', async () => {
    answers.push(page('a'));
    for await (const { items } of client.listPages(pods, { pageSize: 100, signal })) expect(items).toHaveLength(1);
    expect(sent.map(({ path }) => path)).toEqual(['/api/v1/pods?limit=100']);
  });

  it('starts over, once, when its version expires between two pages', async () => {
    const expired = new ApiError(410, { reason: 'Expired' });
    answers.push(page('a', 'more'), expired, page('a', 'more'), page('b'));
    expect((await client.list(pods, { signal })).items).toHaveLength(2);
    answers.push(expired, expired);
    await expect(client.list(pods, { signal })).rejects.toBe(expired);
  });

  it('of nothing is empty', async () => {
    answers.push({ metadata: { resourceVersion: '9' }, items: null });
    expect(await client.list(pods, { signal })).toEqual({ items: [], resourceVersion: '9' });
  });
});
