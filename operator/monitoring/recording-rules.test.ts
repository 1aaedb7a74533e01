import { describe, expect, it, test } from '@jest/globals';
import { boundLabel, boundPattern, HISTOGRAMS, interpolate } from './histograms.ts';
import { AUTOSCALING_METRIC, FLEET, recordingRules, type RecordingRule } from './index.ts';

const rulesOf = (...[scope, revisions]: Parameters<typeof recordingRules>): readonly RecordingRule[] =>
  recordingRules(scope, revisions).flatMap(({ rules }) => rules.filter((rule) => 'record' in rule));
const CHAT = { kind: 'Deployment', namespace: 'ai', name: 'chat' } as const;

test.each(Object.entries(AUTOSCALING_METRIC))('%s is recorded for every engine that tells it', (type, { series }) => {
  const engines = rulesOf(FLEET)
    .filter(({ record }) => record === series)
    .map(({ labels }) => labels?.['engine']);
  const all = ['vLLM', 'SGLang', 'TensorRT-LLM', 'llama.cpp'];
  // One rule divides what all of them run by what they may.
  const expected = { BatchUtilization: [undefined], KVCacheUtilization: all.slice(0, 3) }[type] ?? all;
  expect(engines).toEqual(expected);
});

test('no two rules record the same series', () => {
  const keys = rulesOf(FLEET).map(({ record, labels }) => `${record} ${JSON.stringify(labels)}`);
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
});

describe('the rules of one DeepSeekDeployment', () => {
  const revisions = [
    { revision: 'a', engine: 'vLLM', maxNumSeqs: 64 },
    { revision: 'b', engine: 'SGLang', maxNumSeqs: 32 },
  ] as const;

  it('look at nothing else', () => {
    for (const { expr } of rulesOf(CHAT, revisions)) {
      if (expr.startsWith('vector(')) continue;
      expect(expr).toMatch(/namespace="ai",(deepseekdeployment|name)="chat"/);
    }
  });

  it('say how many requests fit, by revision, without the operator', () => {
    const found = rulesOf(CHAT, revisions).filter(({ record }) => record === 'deepseek:max_num_seqs');
    expect(found.map(({ expr, labels }) => [labels?.['revision'], expr])).toEqual([
      ['a', 'vector(64)'],
      ['b', 'vector(32)'],
    ]);
  });

  it('are about the engines of its revisions alone', () => {
    const engines = new Set(rulesOf(CHAT, revisions).map(({ labels }) => labels?.['engine']));
    expect([...engines]).toEqual([undefined, 'vLLM', 'SGLang']);
  });
});

describe('buckets', () => {
  test.each([
    ['of the engine itself are taken as they are', 1, undefined],
    ['between two are weighted', 2.5, { below: { bound: 2, weight: 0.75 }, above: { bound: 4, weight: 0.25 } }],
    ['below the first begin at 0', 0.02, { above: { bound: 0.1, weight: 0.2 } }],
  ])('%s', (_, bound, expected) => {
    expect(interpolate(bound, [0.1, 1, 2, 4])).toEqual(expected);
  });

  it('above the last are an error of the table', () => {
    expect(() => interpolate(5, [0.1, 4])).toThrow(RangeError);
  });

  it.each(HISTOGRAMS)('of $series can all be had from SGLang', ({ bounds, sglang }) => {
    for (const bound of bounds) expect(() => interpolate(bound, sglang)).not.toThrow();
  });

  it('are written as Prometheus does, and found as others do', () => {
    expect([1, 0.25, 160].map(boundLabel)).toEqual(['1.0', '0.25', '160.0']);
    const pattern = new RegExp(`^(${boundPattern([1, 0.25])})$`);
    expect(['1', '1.0', '0.25'].every((text) => pattern.test(text))).toBe(true);
    expect(['10', '1.5', '0x25', '11.0'].some((text) => pattern.test(text))).toBe(false);
  });
});
