import { describe, expect, it } from '@jest/globals';
import { Turns } from './turns.ts';

/** The turns that so many get who come into these lanes, one after the other. */
const come = (turns: Turns, ...lanes: readonly string[]): number[] => lanes.map((lane) => turns.next(lane));

describe('turns', () => {
  it('are taken by lanes one after the other, and within a lane in the order of coming', () => {
    expect(come(new Turns(), 'a', 'a', 'a', 'b', 'b', 'c')).toEqual([1, 2, 3, 1, 2, 1]);
  });

  it('that a lane did not use while it was empty are not given to it later', () => {
    const turns = new Turns();
    come(turns, 'a', 'a', 'a');
    for (const turn of [1, 2, 3]) turns.taken('a', turn);
    expect(come(turns, 'b', 'b', 'a')).toEqual([4, 5, 4]);
  });

  it('go on behind those of the lane that still wait', () => {
    const turns = new Turns();
    come(turns, 'a', 'a', 'a');
    turns.taken('a', 1);
    expect(come(turns, 'a', 'b')).toEqual([4, 2]);
  });

  it('are given again where the last of a lane has left, and not where one before it has', () => {
    const turns = new Turns();
    come(turns, 'a', 'a', 'a');
    turns.left('a', 2);
    expect(turns.next('a')).toBe(4);
    turns.left('a', 4);
    expect(turns.next('a')).toBe(4);
    turns.left('b', 4);
    expect(turns.next('a')).toBe(5);
  });

  it('are the next ones where nobody of the lane waits any more', () => {
    const turns = new Turns();
    come(turns, 'a', 'b', 'b');
    turns.taken('a', 1);
    turns.taken('b', 1);
    turns.left('b', 2);
    expect(come(turns, 'b', 'a')).toEqual([2, 2]);
  });

  it('remember no lane in which nobody waits any more', () => {
    const turns = new Turns();
    come(turns, 'a', 'a', 'b', 'c');
    expect(turns.lanes).toBe(3);
    turns.left('c', 1);
    turns.taken('a', 1);
    turns.taken('b', 1);
    expect(turns.lanes).toBe(1);
    turns.taken('a', 2);
    expect(turns.lanes).toBe(0);
  });
});
