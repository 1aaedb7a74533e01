import { describe, expect, it } from '@jest/globals';
import { canonicalSpec, revisionHash } from './canonical.ts';
import { readRecord, recordOf } from './record.ts';
import type { Revision, RevisionData } from './revision.ts';

const template = { spec: { containers: [{ name: 'engine' }] } };

function revisionOf(extraArgs: readonly string[]): Revision {
  const model = { name: 'deepseek-r1-distill-qwen-7b' };
  const spec = canonicalSpec({ model, accelerator: { type: 'T4' }, engine: { extraArgs } }) ?? {};
  const plan = { warnings: ['w'], gpusPerReplica: 1 } as unknown as RevisionData['plan'];
  return {
    hash: revisionHash(spec),
    number: 3,
    data: { hashVersion: 1, spec, template, plan, version: 'qwen-7b/INT8/vllm' },
  };
}
const revision = revisionOf(['--a']);
const text = recordOf(revision) ?? '';

describe('the record of a revision', () => {
  it('gives the revision back, with the template that runs', () => {
    expect(readRecord(revision.hash, text, template)).toEqual(revision);
  });

  it('is the same text whatever order the API server gives to what it stores', () => {
    const { plan, ...rest } = revision.data;
    const reordered = Object.fromEntries(Object.entries(plan).reverse()) as unknown as typeof plan;
    expect(recordOf({ ...revision, data: { plan: reordered, ...rest } })).toBe(text);
  });

  it.each([
    ['another revision’s', recordOf(revisionOf(['--b'])) ?? ''],
    ['edited', text.replace('T4', 'A100')],
    ['no JSON', 'x'],
    ['nothing', 'null'],
    ['of another shape', '{"number":1}'],
  ])('is not believed when it is %s', (_, other) => {
    expect(readRecord(revision.hash, other, template)).toBeUndefined();
  });

  it('is left out where it would not fit into an annotation', () => {
    expect(recordOf(revisionOf(['x'.repeat(140_000)]))).toBeUndefined();
  });
});
