import { expect, it } from '@jest/globals';
import { LruMap } from './lru-map.ts';

it('forgets what was not used for longest, and says so', () => {
  const removed: string[] = [];
  const map = new LruMap<string, string>(2, (value) => removed.push(value));
  map.set('a', 'A');
  map.set('b', 'B');
  map.get('a');
  map.set('c', 'C');
  expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual(['A', undefined, 'C', 2]);
  map.set('a', 'A2');
  expect(removed).toEqual(['B']);
  map.delete('a');
  map.delete('a');
  map.clear();
  expect(removed).toEqual(['B', 'A2', 'C']);
  expect(map.size).toBe(0);
});
