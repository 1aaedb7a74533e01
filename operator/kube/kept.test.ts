import { describe, expect, it } from '@jest/globals';
import { Packed, whole } from './kept.ts';
import type { ConfigMap } from './resources.ts';
import { ObjectStore } from './store.ts';
import { configMap } from './testing/objects.ts';
import type { StoreEvent } from './types.ts';

/** As large as it has to be to be compressed, with characters that are no single byte. */
const large = (name: string, version: string): ConfigMap => ({
  ...configMap(name, version, { labels: { team: 'search' } }),
  data: { text: 'größe 模型 😀 \u0000 '.repeat(200) },
});

describe('Packed', () => {
  it.each([
    ['a small object', configMap('a', '7', { finalizers: ['x/y'], deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['a large object', large('a', '7')],
  ])('gives %s back as it was', (_, object) => {
    const packed = new Packed(object);
    expect(packed.open()).toEqual(object);
    expect(packed.metadata).toEqual(
      Object.fromEntries(Object.entries(object.metadata).filter(([key]) => key !== 'labels')),
    );
  });

  it('gives each reader a copy of its own', () => {
    const packed = new Packed(large('a', '7'));
    expect(packed.open()).not.toBe(packed.open());
  });
});

describe('whole', () => {
  it('gives the object itself', () => {
    const object = configMap('a', '7');
    expect(whole(object).open()).toBe(object);
  });
});

describe('a store that packs', () => {
  const events: StoreEvent<ConfigMap>[] = [];
  const store = new ObjectStore<ConfigMap>({
    allNamespaces: true,
    packed: true,
    emit: (event) => events.push(event),
    indexers: { team: ({ metadata }) => Object.values(metadata.labels ?? {}) },
  });

  it('tells, finds and forgets like one that does not', () => {
    store.replace(undefined, [large('a', '1'), configMap('b', '1')], '5');
    store.apply(undefined, 'MODIFIED', large('a', '6'));
    expect(store.byIndex('team', 'search')).toEqual([large('a', '6')]);
    expect(store.list()).toEqual([configMap('b', '1'), large('a', '6')]);
    store.apply(undefined, 'DELETED', large('a', '7'));
    expect(store.byIndex('team', 'search')).toEqual([]);
    const told = events.map(({ type, object, previous }) => [type, object, previous?.metadata.resourceVersion]);
    expect(told).toEqual([
      ['added', large('a', '1'), undefined],
      ['added', configMap('b', '1'), undefined],
      ['updated', large('a', '6'), '1'],
      ['deleted', large('a', '7'), '6'],
    ]);
  });

  it('knows which version it holds', () => {
    expect(store.holds(configMap('b', '1').metadata)).toBe(true);
    expect(store.holds(configMap('b', '2').metadata)).toBe(false);
    expect(store.holds(configMap('b', '1', { uid: 'another' }).metadata)).toBe(false);
    expect(store.holds(configMap('c', '1').metadata)).toBe(false);
  });
});
