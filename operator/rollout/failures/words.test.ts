import { describe, expect, test } from '@jest/globals';
import { quote, tellingLine } from './words.ts';
import { readVerdict } from './scheduling.ts';
import { classifyRefusal } from './admission.ts';

describe('quote', () => {
  test.each([
    ['(EngineCore_DP0 pid=17) ERROR 11-21 09:00:00 [core.py:708] ValueError: x.', 'ValueError: x'],
    ['(APIServer pid=1) (Worker_TP1 pid=9) RuntimeError: y', 'RuntimeError: y'],
    ['a\n  b\tc', 'a b c'],
    ['[ERROR] kept', '[ERROR] kept'],
    [
      "ServerArgs(tokenizer='m', max_tokens=4096, api_key='planted')",
      "ServerArgs(tokenizer='m', max_tokens=4096, api_key='***')",
    ],
    ['401 for sk-0123456789abcdef0123', '401 for ***'],
    ['401 for eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl', '401 for ***'],
    ['denied to AKIAIOSFODNN7EXAMPLE at https://user:planted@hub/api', 'denied to *** at https://user:***@hub/api'],
    ['Authorization: Bearer planted-0a1b', 'Authorization: ***'],
  ])('%p is quoted as %p', (words, quoted) => expect(quote(words)).toBe(quoted));

  test('has no half character: it goes into annotations, which the API server reads as YAML', () => {
    expect([...Array(8).keys()].map((n) => quote(`${'a'.repeat(n)}${'🙂'.repeat(400)}`).isWellFormed())).not.toContain(
      false,
    );
  });
});

describe('tellingLine', () => {
  test.each<[string, string | undefined]>([
    ['Traceback (most recent call last):\n  File "x"\nValueError: bad\nsys:1: DeprecationWarning', 'ValueError: bad'],
    ['ValueError: first\nKeyError: last\n', 'KeyError: last'],
    ['torch.cuda.AcceleratorError: lost', 'torch.cuda.AcceleratorError: lost'],
    ['one\ntwo\n\n', 'two'],
    ['\n', undefined],
  ])('of %p is %p', (log, line) => expect(tellingLine(log)).toBe(line));
});

describe('readVerdict', () => {
  test('counts nodes by reason, and leaves preemption out', () => {
    expect(
      readVerdict(
        "0/10 nodes are available: 1 Insufficient nvidia.com/gpu, 9 node(s) didn't match Pod's node affinity/selector. preemption: 0/10 nodes are available: 1 No preemption victims found for incoming pod, 9 Preemption is not helpful for scheduling..",
      ),
    ).toEqual({
      nodes: 10,
      reasons: [
        { nodes: 1, words: 'Insufficient nvidia.com/gpu' },
        { nodes: 9, words: "node(s) didn't match Pod's node affinity/selector" },
      ],
      summary:
        "0/10 nodes are available: 1 Insufficient nvidia.com/gpu, 9 node(s) didn't match Pod's node affinity/selector",
    });
  });

  test('does not split a taint with a comma', () => {
    const { reasons } = readVerdict('0/2 nodes are available: 2 node(s) had untolerated taint {a: b, c}.');
    expect(reasons).toEqual([{ nodes: 2, words: 'node(s) had untolerated taint {a: b, c}' }]);
  });
});

describe('classifyRefusal', () => {
  test('says what is refused, why, and what to do', () => {
    expect(
      classifyRefusal(
        'Service chat',
        'services "chat" is forbidden: exceeded quota: q, requested: services=1, used: services=5, limited: services=5',
      ),
    ).toEqual({
      reason: 'QuotaExceeded',
      message:
        'Service chat is refused: services "chat" is forbidden: exceeded quota: q, requested: services=1, used: services=5, ' +
        'limited: services=5. Raise the quota or free some of it. It goes on by itself.',
      blocking: false,
    });
  });
});
