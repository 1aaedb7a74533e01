import { expect, it } from '@jest/globals';
import type { Moment } from './traffic.ts';
import { lostShares, unansweredShares, weightsOf } from './traffic-weights.ts';

/** A moment a second after the one before, by its index. */
const moments = (...all: readonly Pick<Moment, 'selected' | 'shares'>[]): readonly Moment[] =>
  all.map((moment, index) => ({ at: 1_000 * index, ready: {}, gpus: {}, staying: {}, ...moment }));

const share = (
  weights: Readonly<Record<string, number>>,
  behind: Readonly<Record<string, number>> = { a: 1, b: 1 },
) => ({
  selected: 'a',
  shares: { weights, behind },
});

it('reads the weights of the rule for everybody', () => {
  const rules = [
    { matches: [{ headers: [{ name: 'x', value: 'y' }] }], backendRefs: [{ name: 'chat-b' }] },
    {
      matches: [{ path: { value: '/' } }],
      backendRefs: [
        { name: 'chat-a', weight: 90 },
        { name: 'chat-b', weight: 10 },
      ],
    },
  ];
  expect(weightsOf({ apiVersion: '', kind: '', spec: { rules } }, 'chat')).toEqual({ a: 90, b: 10 });
});

it('a share that nobody answers for is a violation for as long as it lasts', () => {
  const { shares } = share({ a: 90, b: 10 }, { a: 1 });
  expect(unansweredShares(moments(share({ a: 100 }), { selected: 'a', shares }, share({ a: 90, b: 10 })))).toEqual([
    { promise: 'answered-share', at: 1_000, forMs: 1_000, detail: 'nothing of b is ready for its share' },
  ]);
  expect(unansweredShares(moments({ selected: 'a', shares }))).toMatchObject([{ at: 0 }]);
  expect(unansweredShares(moments(share({ a: 100, b: 0 }, { a: 1 }), { selected: 'a' }))).toEqual([]);
});

it('watches are no snapshot: what is there a moment later was there', () => {
  const [first, second] = moments(share({ a: 90, b: 10 }, { a: 1 }), share({ a: 90, b: 10 }));
  expect(unansweredShares([first, { ...second, at: 100 }] as Moment[])).toEqual([]);
});

it('a version that is yet to be selected loses nothing of its share; one that was may', () => {
  const up = moments(share({ a: 90, b: 10 }), share({ a: 50, b: 50 }), { ...share({ b: 100 }), selected: 'b' });
  expect(lostShares(up)).toEqual([]);
  expect(lostShares(moments(share({ a: 50, b: 50 }), share({ a: 90, b: 10 })))).toMatchObject([
    { promise: 'kept-share', at: 1_000, detail: 'the share of b fell from 50 to 10 before it was selected' },
  ]);
  expect(lostShares(moments(share({ a: 50, b: 50 }), { selected: 'a' }))).toHaveLength(1);
});
