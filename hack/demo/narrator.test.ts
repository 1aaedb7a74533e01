import { expect, it } from '@jest/globals';
import { redirect } from './pod-network.ts';
import { wrap } from './narrator.ts';

it('breaks lines at blanks, and nowhere else', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrap('a-word-that-is-too-long x', 7)).toEqual(['a-word-that-is-too-long', 'x']);
});

it.each([
  ['a pod', '10.244.1.7', { host: '127.244.1.7', port: 23456 }],
  ['the API server', '127.0.0.1', { host: '127.0.0.1', port: 8000 }],
  ['a name', '10.example.com', { host: '10.example.com', port: 8000 }],
])('makes connections to %s arrive where they should', (_, host, arrives) => {
  const target = { host, port: 8000 };
  redirect(target, 23456);
  expect(target).toEqual(arrives);
});
