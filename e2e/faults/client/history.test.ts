import { expect, test } from '@jest/globals';
import { configMap } from '../../../operator/kube/testing/objects.ts';
import type { ConfigMap } from '../../../operator/kube/resources.ts';
import type { StoreEvent } from '../../../operator/kube/types.ts';
import { History } from './history.ts';

const v5 = configMap('a', '5');
const v6 = configMap('a', '6');
const other = configMap('a', '7', { uid: 'other' });

const added = (object: ConfigMap): StoreEvent<ConfigMap> => ({ type: 'added', object, initial: false });
const updated = (object: ConfigMap, previous: ConfigMap): StoreEvent<ConfigMap> => {
  return { type: 'updated', object, previous, initial: false };
};
const deleted = (object: ConfigMap, previous: ConfigMap): StoreEvent<ConfigMap> => {
  return { type: 'deleted', object, previous, initial: false };
};

function judge(...events: StoreEvent<ConfigMap>[]): string[] {
  const history = new History();
  for (const event of events) history.take(event);
  return history.problems;
}

test.each([
  ['a life', [added(v5), updated(v6, v5), deleted(v6, v6)]],
  ['a second life', [added(v5), deleted(v6, v5), added(other)]],
])('%s is in order', (_, events) => {
  expect(judge(...events)).toEqual([]);
});

test.each([
  ['a repeated version', [added(v5), updated(v5, v5)], ['updated a@5 after version 5']],
  ['an older version', [added(v6), updated(v5, v6)], ['updated a@5 after version 6']],
  ['a second addition', [added(v5), added(v6)], expect.arrayContaining(['added a@6, though it is present'])],
  ['a deletion of nothing', [deleted(v5, v5)], expect.arrayContaining(['deleted a@5, though it is absent'])],
  ['another UID without a deletion', [added(v5), updated(other, v5)], ['updated a@7 is of another UID']],
  ['a return after a deletion', [added(v5), deleted(v6, v5), added(v6)], ['added a@6 after version 6']],
  ['a wrong predecessor', [added(v5), updated(v6, other)], ['updated a@6 does not follow what was delivered before']],
])('%s is found', (_, events, problems) => {
  expect(judge(...events)).toEqual(problems);
});
