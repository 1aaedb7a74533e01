import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IndexedHeap } from './heap.ts';

interface Item {
  readonly id: number;
  rank: number;
}

it('gives the first by order whatever is pushed, moved and removed', () => {
  const step = fc.record({
    do: fc.constantFrom('push', 'pop', 'delete', 'move'),
    pick: fc.nat(50),
    rank: fc.integer({ min: 0, max: 20 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const before = (a: Item, b: Item): boolean => a.rank < b.rank || (a.rank === b.rank && a.id < b.id);
      const heap = new IndexedHeap<Item>(before);
      const model: Item[] = [];
      let id = 0;
      for (const { do: action, pick, rank } of steps) {
        const chosen = model[pick % Math.max(model.length, 1)];
        if (action === 'push') {
          const item = { id: id++, rank };
          model.push(item);
          heap.push(item);
        } else if (action === 'pop') {
          const first = heap.pop();
          if (first) model.splice(model.indexOf(first), 1);
        } else if (chosen && action === 'delete') {
          expect(heap.delete(chosen)).toBe(true);
          expect(heap.delete(chosen)).toBe(false);
          model.splice(model.indexOf(chosen), 1);
        } else if (chosen) {
          chosen.rank = rank;
          heap.update(chosen);
        }
        const [first] = model.toSorted((a, b) => a.rank - b.rank || a.id - b.id);
        expect(heap.peek()).toBe(first);
        expect(heap.size).toBe(model.length);
      }
    }),
  );
});

it('holds what is in it, and nothing once it was cleared', () => {
  const heap = new IndexedHeap<Item>((a, b) => a.rank < b.rank);
  const [one, two] = [
    { id: 1, rank: 1 },
    { id: 2, rank: 2 },
  ];
  expect([heap.size, heap.peek(), heap.pop(), heap.has(one), heap.delete(one)]).toEqual([
    0,
    undefined,
    undefined,
    false,
    false,
  ]);
  heap.push(two);
  heap.push(one);
  expect([heap.has(one), heap.has(two)]).toEqual([true, true]);
  expect(heap.pop()).toBe(one);
  expect([heap.has(one), heap.has(two)]).toEqual([false, true]);
  heap.clear();
  expect([heap.size, heap.peek(), heap.has(two)]).toEqual([0, undefined, false]);
  // What is not in it cannot be moved.
  heap.update(two);
  expect(heap.size).toBe(0);
  heap.push(two);
  expect(heap.peek()).toBe(two);
});
