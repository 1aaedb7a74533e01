import { describe, expect, it } from '@jest/globals';
import { nextRevisionRule, revisionRule, RuleBook, ruleSchema } from './rules.ts';
import type { PodMatch, Rule } from './rules.ts';

const pod = {
  namespace: 'ai',
  name: 'chat-7d-x',
  labels: { 'deepseek-operator.io/name': 'chat', 'deepseek-operator.io/revision': '7d', tier: 'gold' },
};

function bookOf(...rules: Rule[]): RuleBook {
  const book = new RuleBook();
  for (const rule of rules) book.set(rule);
  return book;
}

describe('a rule', () => {
  it.each<[PodMatch, boolean]>([
    [{}, true],
    [{ pod: 'ai/chat-7d-x' }, true],
    [{ pod: 'ai/chat-7d-y' }, false],
    [{ namespace: 'ai' }, true],
    [{ namespace: 'other' }, false],
    [{ labels: { tier: 'gold' } }, true],
    [{ labels: { tier: 'gold', zone: 'a' } }, false],
    [{ deployment: 'chat' }, true],
    [{ deployment: 'chat', revision: '7d' }, true],
    [{ deployment: 'chat', revision: '8e' }, false],
    [{ deployment: 'code' }, false],
    [{ deployment: 'chat', notRevision: '8e' }, true],
    [{ deployment: 'chat', notRevision: '7d' }, false],
    [revisionRule('chat', '7d', {}).match, true],
    [revisionRule('chat', '7d', {}, 'other').match, false],
    [nextRevisionRule('chat', '7d', {}).match, false],
    [nextRevisionRule('chat', '6c', {}).match, true],
  ])('of %j: %s', (match, applies) => {
    const book = bookOf({ name: 'r', match, behaviour: { loadSeconds: 7 } });
    expect(book.behaviourOf(pod)).toEqual(applies ? { loadSeconds: 7 } : {});
  });

  it('wins over earlier ones field by field, and replaces its namesake', () => {
    const book = bookOf(
      { name: 'all', match: {}, behaviour: { loadSeconds: 5, slowFactor: 2 } },
      { name: 'chat', match: { deployment: 'chat' }, behaviour: { loadSeconds: 9 } },
    );
    expect(book.behaviourOf(pod)).toEqual({ loadSeconds: 9, slowFactor: 2 });
    book.set({ name: 'all', match: {}, behaviour: { failure: 'oom' } });
    expect(book.behaviourOf(pod)).toEqual({ loadSeconds: 9, failure: 'oom' });
    expect(book.list().map(({ name }) => name)).toEqual(['chat', 'all']);
    book.clear();
    expect(book.behaviourOf(pod)).toEqual({});
  });

  it('tells its listeners about every change', () => {
    const book = new RuleBook();
    let changes = 0;
    book.onChange(() => changes++);
    book.set({ name: 'a', match: {}, behaviour: {} });
    book.remove('a');
    expect(book.remove('a')).toBe(false);
    book.clear();
    expect(changes).toBe(3);
  });

  it.each([
    [{ match: {}, behaviour: {} }],
    [{ name: 'r', match: { podd: 'x' }, behaviour: {} }],
    [{ name: 'r', match: {}, behaviour: { failure: 'explode' } }],
    [{ name: 'r', match: {}, behaviour: { errorRate: 2 } }],
    [{ name: 'r', match: {}, behaviour: { slowFactor: 0 } }],
    [{ name: 'r', match: {}, behaviour: { exitCode: 0 } }],
  ])('is refused as %j', (rule) => expect(ruleSchema.safeParse(rule).success).toBe(false));
});
