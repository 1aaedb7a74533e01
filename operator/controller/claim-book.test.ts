import { expect, it } from '@jest/globals';
import { ClaimBook, type ClaimEntry } from './claim-book.ts';

const entry = (holder: string, keeps: Readonly<Record<string, number>>, candidate?: ClaimEntry['candidate']) => ({
  holder,
  claims: Object.entries(keeps).map(([giver, keep]) => ({ giver, revision: 'old', keep })),
  ...(candidate && { candidate }),
});
function book() {
  const told: string[] = [];
  return { told, book: new ClaimBook((giver) => void told.push(giver)) };
}

it('tells those who are asked, and again only when they are asked for more', () => {
  const { told, book: claims } = book();
  claims.record('uid-a', entry('ai/a', { 'ai/one': 1 }));
  claims.record('uid-a', entry('ai/a', { 'ai/one': 1 }));
  expect(told).toEqual(['ai/one']);
  claims.record('uid-a', entry('ai/a', { 'ai/one': 0, 'ai/two': 1 }));
  expect(told).toEqual(['ai/one', 'ai/one', 'ai/two']);
  claims.record('uid-a', entry('ai/a', { 'ai/one': 1, 'ai/two': 1 }));
  expect(told).toHaveLength(3);
});

it('knows what is claimed of a revision, by whom, until they claim it no more', () => {
  const { book: claims } = book();
  claims.record('uid-a', entry('ai/a', { 'ai/one': 1 }));
  claims.record('uid-b', entry('ai/b', { 'ai/one': 0 }));
  expect(claims.on('ai/one', 'old')).toEqual([
    { holder: 'ai/a', keep: 1 },
    { holder: 'ai/b', keep: 0 },
  ]);
  expect(claims.on('ai/one', 'older')).toEqual([]);
  claims.record('uid-b');
  claims.record('uid-a', entry('ai/a', {}));
  expect(claims.on('ai/one', 'old')).toEqual([]);
});

it('knows the candidates that have claimed before another one', () => {
  const { book: claims } = book();
  const candidate = { replicas: 2, template: {} };
  claims.record('uid-a', entry('ai/a', { 'ai/one': 1 }, candidate));
  claims.record('uid-b', entry('ai/b', { 'ai/one': 1 }));
  expect(claims.candidatesBeside('uid-c')).toEqual([{ holder: 'ai/a', ...candidate }]);
  expect(claims.candidatesBeside('uid-a')).toEqual([]);
  claims.record('uid-a', entry('ai/a', {}, candidate));
  expect(claims.candidatesBeside('uid-c')).toEqual([]);
});
