import { beforeEach, describe, expect, it, test } from '@jest/globals';
import type { ConfigMap } from './resources.ts';
import { keyOf, ObjectStore } from './store.ts';
import { configMap } from './testing/objects.ts';
import type { StoreEvent } from './types.ts';

const EVERYWHERE = undefined;

let events: StoreEvent<ConfigMap>[];
let store: ObjectStore<ConfigMap>;

const seen = (): string[] =>
  events
    .splice(0)
    .map(({ type, object }) => `${type} ${object.metadata.name}@${object.metadata.resourceVersion ?? ''}`);
const versionOf = (name: string): string | undefined =>
  store.get({ namespace: 'default', name })?.metadata.resourceVersion;

beforeEach(() => {
  events = [];
  store = new ObjectStore<ConfigMap>({
    allNamespaces: true,
    emit: (event) => events.push(event),
    indexers: { team: ({ metadata }) => (metadata.labels?.['team'] === undefined ? [] : [metadata.labels['team']]) },
  });
});

describe('lists and watch events', () => {
  it('marks the objects of the first list, and of that list only', () => {
    store.replace(EVERYWHERE, [configMap('a', '1')], '5');
    store.apply(EVERYWHERE, 'ADDED', configMap('b', '6'));
    store.replace(EVERYWHERE, [configMap('a', '1'), configMap('b', '6'), configMap('c', '7')], '8');
    expect(events.map(({ object, initial }) => [object.metadata.name, initial])).toEqual([
      ['a', true],
      ['b', false],
      ['c', false],
    ]);
  });

  it('follows added, modified and deleted', () => {
    store.replace(EVERYWHERE, [], '5');
    store.apply(EVERYWHERE, 'ADDED', configMap('a', '6'));
    store.apply(EVERYWHERE, 'MODIFIED', configMap('a', '7'));
    store.apply(EVERYWHERE, 'DELETED', configMap('a', '8'));
    expect(seen()).toEqual(['added a@6', 'updated a@7', 'deleted a@8']);
    expect(store.size).toBe(0);
  });

  it('gives the previous object with an update and a deletion', () => {
    store.replace(EVERYWHERE, [configMap('a', '1')], '5');
    store.apply(EVERYWHERE, 'MODIFIED', configMap('a', '6'));
    store.apply(EVERYWHERE, 'DELETED', configMap('a', '7'));
    expect(events.map(({ previous }) => previous?.metadata.resourceVersion)).toEqual([undefined, '1', '6']);
  });

  test.each(['5', '6'])('drops an event of version %s when 6 is stored', (version) => {
    store.replace(EVERYWHERE, [configMap('a', '6')], '6');
    seen();
    store.apply(EVERYWHERE, 'MODIFIED', configMap('a', version));
    expect(seen()).toEqual([]);
    expect(versionOf('a')).toBe('6');
  });

  it('compares versions as numbers: 10 is newer than 9', () => {
    store.replace(EVERYWHERE, [configMap('a', '9')], '9');
    store.apply(EVERYWHERE, 'MODIFIED', configMap('a', '10'));
    expect(versionOf('a')).toBe('10');
  });

  it('makes deletions of what a new list lacks', () => {
    store.replace(EVERYWHERE, [configMap('a', '1'), configMap('b', '2')], '5');
    seen();
    store.replace(EVERYWHERE, [configMap('b', '2')], '9');
    expect(seen()).toEqual(['deleted a@1']);
  });

  it('shows an object of the same name with another UID as deleted and added', () => {
    store.replace(EVERYWHERE, [configMap('a', '1', { uid: 'first' })], '5');
    seen();
    store.apply(EVERYWHERE, 'ADDED', configMap('a', '9', { uid: 'second' }));
    expect(seen()).toEqual(['deleted a@1', 'added a@9']);
  });

  it('ignores the late deletion of an earlier object of the same name', () => {
    store.replace(EVERYWHERE, [configMap('a', '9', { uid: 'second' })], '9');
    seen();
    store.apply(EVERYWHERE, 'DELETED', configMap('a', '8', { uid: 'first' }));
    expect(seen()).toEqual([]);
    expect(versionOf('a')).toBe('9');
  });

  it('believes a list that is older than the store: etcd was restored from a backup', () => {
    store.replace(EVERYWHERE, [configMap('a', '100')], '100');
    seen();
    store.replace(EVERYWHERE, [configMap('a', '40')], '50');
    expect(seen()).toEqual(['updated a@40']);
  });
});

describe('own writes', () => {
  beforeEach(() => {
    store.replace(EVERYWHERE, [configMap('a', '5')], '5');
    seen();
  });

  it('shows an own write at once, and its watch event changes nothing', () => {
    store.observeWrite(configMap('a', '8'));
    store.apply(EVERYWHERE, 'MODIFIED', configMap('a', '8'));
    expect(seen()).toEqual(['updated a@8']);
    expect(versionOf('a')).toBe('8');
  });

  it('keeps an own write against older events and against an older list', () => {
    store.observeWrite(configMap('a', '8'));
    store.apply(EVERYWHERE, 'MODIFIED', configMap('a', '6'));
    store.replace(EVERYWHERE, [configMap('a', '6')], '7');
    expect(versionOf('a')).toBe('8');
  });

  it('keeps an own creation that a list under way had not seen', () => {
    store.observeWrite(configMap('new', '8'));
    store.replace(EVERYWHERE, [configMap('a', '5')], '7');
    expect(seen()).toEqual(['added new@8']);
    expect(versionOf('new')).toBe('8');
  });

  it('drops an own creation that a later list lacks: it has been deleted', () => {
    store.observeWrite(configMap('new', '8'));
    store.replace(EVERYWHERE, [configMap('a', '5')], '9');
    expect(seen()).toEqual(['added new@8', 'deleted new@8']);
  });

  it('drops the answer to a write when the watch has already shown the deletion', () => {
    store.apply(EVERYWHERE, 'MODIFIED', configMap('a', '8'));
    store.apply(EVERYWHERE, 'DELETED', configMap('a', '9'));
    seen();
    store.observeWrite(configMap('a', '8'));
    expect(seen()).toEqual([]);
    expect(store.size).toBe(0);
  });

  it('keeps the newer of two own writes whose answers cross', () => {
    store.observeWrite(configMap('a', '9'));
    store.observeWrite(configMap('a', '8'));
    expect(seen()).toEqual(['updated a@9']);
  });

  it('drops an answer without a change', () => {
    store.observeWrite(configMap('a', '5'));
    expect(seen()).toEqual([]);
  });

  it('believes the watch about an own write that a foreign one followed', () => {
    store.observeWrite(configMap('a', '8'));
    store.apply(EVERYWHERE, 'MODIFIED', configMap('a', '8'));
    store.apply(EVERYWHERE, 'MODIFIED', configMap('a', '9'));
    store.bookmark(EVERYWHERE, '12');
    expect(seen()).toEqual(['updated a@8', 'updated a@9']);
  });

  it('lets go of an own write that the selector does not match, once the watch has passed it', () => {
    store.observeWrite(configMap('other', '8'));
    store.bookmark(EVERYWHERE, '7');
    expect(versionOf('other')).toBe('8');
    store.bookmark(EVERYWHERE, '8');
    expect(seen()).toEqual(['added other@8', 'deleted other@8']);
  });

  it('believes a deletion event of exactly the own write: the selector stopped matching', () => {
    store.observeWrite(configMap('a', '8'));
    store.apply(EVERYWHERE, 'DELETED', configMap('a', '8'));
    expect(store.size).toBe(0);
  });

  it('takes writes from before the first list', () => {
    const fresh = new ObjectStore<ConfigMap>({ allNamespaces: true, emit: () => undefined });
    fresh.observeWrite(configMap('a', '8'));
    fresh.replace(EVERYWHERE, [configMap('a', '6')], '7');
    expect(fresh.list().map(({ metadata }) => metadata.resourceVersion)).toEqual(['8']);
  });
});

describe('own deletions', () => {
  beforeEach(() => {
    store.replace(EVERYWHERE, [configMap('a', '5')], '5');
    seen();
  });
  const a = { namespace: 'default', name: 'a', uid: 'uid-a' };

  it('hides the object at once, and its events do not bring it back', () => {
    store.observeDelete(a);
    store.apply(EVERYWHERE, 'MODIFIED', configMap('a', '6'));
    store.apply(EVERYWHERE, 'DELETED', configMap('a', '7'));
    expect(seen()).toEqual(['deleted a@5']);
    expect(store.size).toBe(0);
  });

  it('stays hidden in a list that was taken before the deletion', () => {
    store.observeDelete(a);
    store.replace(EVERYWHERE, [configMap('a', '6')], '6');
    expect(store.size).toBe(0);
  });

  it('stays hidden when a list from before its creation arrives late, and the watch then replays its life', () => {
    store.observeWrite(configMap('new', '8'));
    store.observeDelete({ namespace: 'default', name: 'new', uid: 'uid-new' });
    store.replace(EVERYWHERE, [configMap('a', '5')], '6');
    store.apply(EVERYWHERE, 'ADDED', configMap('new', '7'));
    store.apply(EVERYWHERE, 'MODIFIED', configMap('new', '8'));
    store.apply(EVERYWHERE, 'DELETED', configMap('new', '9'));
    expect(seen()).toEqual(['added new@8', 'deleted new@8']);
  });

  it('stays hidden when the watch shows late that it had once left the selector', () => {
    store.observeWrite(configMap('a', '9'));
    store.observeDelete(a);
    store.apply(EVERYWHERE, 'DELETED', configMap('a', '6'));
    store.apply(EVERYWHERE, 'ADDED', configMap('a', '7'));
    store.apply(EVERYWHERE, 'MODIFIED', configMap('a', '9'));
    store.apply(EVERYWHERE, 'DELETED', configMap('a', '10'));
    expect(seen()).toEqual(['updated a@9', 'deleted a@9']);
  });

  it('hides earlier objects of that name too, when a late list makes the watch replay their lives', () => {
    store.observeWrite(configMap('new', '9', { uid: 'second' }));
    store.observeDelete({ namespace: 'default', name: 'new', uid: 'second' });
    store.replace(EVERYWHERE, [configMap('a', '5')], '5');
    store.apply(EVERYWHERE, 'ADDED', configMap('new', '6', { uid: 'first' }));
    store.apply(EVERYWHERE, 'DELETED', configMap('new', '7', { uid: 'first' }));
    store.apply(EVERYWHERE, 'ADDED', configMap('new', '8', { uid: 'second' }));
    store.apply(EVERYWHERE, 'MODIFIED', configMap('new', '10', { uid: 'second' }));
    store.apply(EVERYWHERE, 'DELETED', configMap('new', '11', { uid: 'second' }));
    store.apply(EVERYWHERE, 'ADDED', configMap('new', '12', { uid: 'third' }));
    expect(seen()).toEqual(['added new@9', 'deleted new@9', 'added new@12']);
  });

  it('drops the late answer to an own write of what has been deleted', () => {
    store.observeDelete(a);
    store.observeWrite(configMap('a', '7'));
    expect(seen()).toEqual(['deleted a@5']);
  });

  it('ends with a list from after it', () => {
    store.observeDelete(a);
    store.replace(EVERYWHERE, [], '9');
    store.apply(EVERYWHERE, 'ADDED', configMap('a', '10'));
    expect(seen()).toEqual(['deleted a@5', 'added a@10']);
  });

  it('shows the next object of that name, which has another UID', () => {
    store.observeDelete(a);
    store.apply(EVERYWHERE, 'ADDED', configMap('a', '9', { uid: 'second' }));
    expect(versionOf('a')).toBe('9');
  });

  it('shows it again when the server says that it lingers', () => {
    store.observeDelete(a);
    store.apply(EVERYWHERE, 'MODIFIED', configMap('a', '7', { deletionTimestamp: '2026-01-01T00:00:00Z' }));
    expect(seen()).toEqual(['deleted a@5', 'added a@7']);
  });

  it('leaves an object with finalizers where it is', () => {
    store.apply(EVERYWHERE, 'MODIFIED', configMap('a', '6', { finalizers: ['x/y'] }));
    seen();
    store.observeDelete(a);
    expect(seen()).toEqual([]);
  });

  it('ignores a deletion of another UID', () => {
    store.observeDelete({ ...a, uid: 'another' });
    expect(versionOf('a')).toBe('5');
  });
});

describe('a list that begins after own writes and deletions: etcd was restored from a backup', () => {
  beforeEach(() => store.replace(EVERYWHERE, [configMap('a', '5'), configMap('b', '6')], '6'));

  it.each([
    ['further on: the history was made to jump', '1000000006'],
    ['back', '6'],
  ])('is believed, though it shows what was before them, %s', (_, version) => {
    store.observeWrite(configMap('a', '8'));
    store.observeDelete({ namespace: 'default', name: 'b', uid: 'uid-b' });
    seen();
    store.begin(EVERYWHERE);
    store.replace(EVERYWHERE, [configMap('a', '5'), configMap('b', '6')], version);
    expect(seen()).toEqual(['updated a@5', 'added b@6']);
    store.bookmark(EVERYWHERE, `${version}9`);
    expect(seen()).toEqual([]);
  });

  it('says nothing of writes that come while it is under way, nor of other namespaces', () => {
    store = new ObjectStore<ConfigMap>({ allNamespaces: false, emit: (event) => events.push(event) });
    seen();
    for (const namespace of ['default', 'other']) store.replace(namespace, [], '6');
    store.observeWrite(configMap('mine', '8', { namespace: 'other' }));
    store.begin('default');
    store.observeWrite(configMap('new', '9'));
    store.replace('default', [], '8');
    store.replace('other', [], '7');
    expect(seen()).toEqual(['added mine@8', 'added new@9']);
  });
});

describe('indexes', () => {
  it('finds objects by what the indexer yields, through updates and deletions', () => {
    store.replace(EVERYWHERE, [configMap('a', '1', { labels: { team: 'x' } }), configMap('b', '2')], '5');
    expect(store.byIndex('team', 'x').map(({ metadata }) => metadata.name)).toEqual(['a']);
    store.apply(EVERYWHERE, 'MODIFIED', configMap('a', '6', { labels: { team: 'y' } }));
    expect(store.byIndex('team', 'x')).toEqual([]);
    expect(store.byIndex('team', 'y')).toHaveLength(1);
    store.apply(EVERYWHERE, 'DELETED', configMap('a', '7', { labels: { team: 'y' } }));
    expect(store.byIndex('team', 'y')).toEqual([]);
  });

  it('refuses an index that does not exist', () => {
    expect(() => store.byIndex('colour', 'red')).toThrow('the store has no index "colour"');
  });
});

test('several namespaces are scopes of their own: a list of one deletes nothing of another', () => {
  const scoped = new ObjectStore<ConfigMap>({ allNamespaces: false, emit: (event) => events.push(event) });
  scoped.replace('one', [configMap('a', '1', { namespace: 'one' })], '5');
  scoped.replace('two', [configMap('b', '2', { namespace: 'two' })], '6');
  scoped.replace('one', [], '9');
  expect(scoped.list().map(({ metadata }) => keyOf(metadata))).toEqual(['two/b']);
  expect(events.every(({ type, initial }) => initial || type === 'deleted')).toBe(true);
});

test('a list of one namespace does not end the deletions of another', () => {
  const scoped = new ObjectStore<ConfigMap>({ allNamespaces: false, emit: () => undefined });
  const b = configMap('b', '6', { namespace: 'two' });
  scoped.replace('two', [b], '6');
  scoped.observeDelete({ namespace: 'two', name: 'b' });
  scoped.replace('one', [], '9');
  scoped.apply('two', 'MODIFIED', configMap('b', '7', { namespace: 'two' }));
  expect(scoped.size).toBe(0);
});

test('keyOf of a cluster-scoped object is its name', () => {
  expect([keyOf({ name: 'n' }), keyOf({ namespace: 's', name: 'n' })]).toEqual(['n', 's/n']);
});
