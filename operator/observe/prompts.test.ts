import { expect, test } from '@jest/globals';
import { comparisonPrompt } from './prompts.ts';

const prompts = (seed: string): string[] => Array.from({ length: 200 }, (_, index) => comparisonPrompt(seed, index));

test('prompts of a seed are always the same', () => {
  expect(prompts('a')).toEqual(prompts('a'));
});

test('they have three lengths, in turn', () => {
  const lengths = prompts('a').map((prompt) => prompt.split(' ').length);
  expect(new Set(lengths).size).toBe(3);
  expect(lengths.slice(3)).toEqual(lengths.slice(0, -3));
});

test('no two of them, of whatever seed, begin alike: nothing of them is in a prefix cache', () => {
  const beginnings = ['a', 'b', 'chat-1,chat-2']
    .flatMap(prompts)
    .map((prompt) => prompt.split(' ').slice(0, 4).join(' '));
  expect(new Set(beginnings).size).toBe(beginnings.length);
});

test('they are shorter than a short context, also in bytes', () => {
  for (const maxModelLen of [512, 1024, 2048]) {
    for (let index = 0; index < 30; index++) {
      expect(comparisonPrompt('a', index, maxModelLen).length).toBeLessThan(maxModelLen - 32);
    }
  }
});
