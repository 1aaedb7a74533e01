import { expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Result } from './campaign.ts';
import { differences } from './oracles.ts';
import { coverageOf, Journal, writeReport } from './report.ts';

const result = (kind: Result['kind'], more: Partial<Result> = {}): Result => ({
  ...{ scenario: 'abort', write: 'apply Service chat', nth: 1, struck: true, writes: 3, findings: [], ms: 1 },
  ...more,
  kind,
});
const FOUND = { findings: [{ oracle: 'end', detail: 'lacks /a = <1>' }] } as const;

it('counts plans, those that met their fault, and those with findings', () => {
  const coverage = coverageOf([result('conflict'), result('timeout', { struck: false }), result('timeout', FOUND)]);
  expect(coverage).toMatchObject({ plans: 3, struck: 2, failed: 1 });
  expect(coverage.byFault).toEqual({
    conflict: { plans: 1, struck: 1, failed: 0 },
    timeout: { plans: 2, struck: 1, failed: 1 },
  });
  expect(coverage.byWrite).toEqual({ 'apply Service chat': { plans: 3, struck: 2, failed: 1 } });
});

it('a journal is taken up again, and the last result of a plan counts', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'faults-'));
  try {
    const journal = await Journal.open(join(dir, 'deep', 'one.jsonl'));
    journal.add(result('timeout', FOUND));
    journal.add(result('conflict'));
    await journal.flush();
    const again = await Journal.open(join(dir, 'deep', 'one.jsonl'));
    expect(again.has(result('timeout'))).toBe(true);
    expect(again.has(result('timeout', { nth: 2 }))).toBe(false);
    again.add(result('timeout'));
    await again.flush();
    const { results } = await Journal.open(join(dir, 'deep', 'one.jsonl'));
    expect(results).toEqual([result('timeout'), result('conflict')]);
    await writeReport(join(dir, 'report'), { seed: 7, references: [], results: [result('timeout', FOUND)] }, 'again');
    expect(await readFile(join(dir, 'report.html'), 'utf8')).toContain('lacks /a = &lt;1&gt;');
    expect(JSON.parse(await readFile(join(dir, 'report.json'), 'utf8'))).toMatchObject({
      seed: 7,
      coverage: { plans: 1, failed: 1 },
    });
  } finally {
    await rm(dir, { recursive: true });
  }
});

it('an end that differs is told by what it lacks and what it has', () => {
  const should = { services: { chat: { revision: 'a' } }, phase: 'Idle' };
  expect(differences(should, should)).toEqual([]);
  expect(differences({ services: { chat: { revision: 'b' } }, phase: 'Idle', more: 1 }, should)).toEqual([
    { oracle: 'end', detail: 'lacks /services/chat/revision = a' },
    { oracle: 'end', detail: 'has /services/chat/revision = b' },
    { oracle: 'end', detail: 'has /more = 1' },
  ]);
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`key-${index}`, index]));
  expect(differences(many, {})).toHaveLength(13);
  expect(differences(many, {}).at(-1)?.detail).toBe('8 more');
});
