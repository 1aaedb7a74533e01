import { expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import type { Result } from './campaign.ts';
import { differences } from './oracles.ts';
import { sourcesOf } from './sources.ts';
import { coverageOf, crashPoints, Journal, writeReport } from './report.ts';

const result = (kind: Result['kind'], more: Partial<Result> = {}): Result => ({
  ...{
    scenario: 'abort',
    write: 'apply Service chat',
    nth: 1,
    struck: true,
    writes: 3,
    events: 1,
    ratio: 1.5,
    findings: [],
    ms: 1,
  },
  ...more,
  kind,
});
const FOUND = { findings: [{ oracle: 'end', detail: 'lacks /a = <1>' }] } as const;

it('counts plans, those that met their fault, and those with findings', () => {
  const coverage = coverageOf([
    result('conflict', { ratio: 2.249 }),
    result('timeout', { struck: false }),
    result('timeout', FOUND),
  ]);
  expect(coverage).toMatchObject({ plans: 3, struck: 2, failed: 1, mostWrites: 2.25 });
  expect(coverage.byFault).toEqual({
    conflict: { plans: 1, struck: 1, failed: 0, mostWrites: 2.25 },
    timeout: { plans: 2, struck: 1, failed: 1, mostWrites: 1.5 },
  });
  expect(coverage.byWrite).toEqual({ 'apply Service chat': { plans: 3, struck: 2, failed: 1, mostWrites: 2.25 } });
});

it('counts the crashes of the undisturbed runs that were met, and names those that did not come', () => {
  const references = [{ scenario: 'abort', writes: ['apply Service chat', 'apply Service chat'] }];
  const results = [
    result('dies-before'),
    result('dies-after', { nth: 2 }),
    // Such a write there was once, in another run.
    result('dies-after', { nth: 3 }),
    result('response-lost', { struck: false }),
    result('conflict', { struck: false }),
  ];
  expect(crashPoints(references, results)).toEqual({
    met: 2,
    all: 6,
    missed: ['abort; response-lost; apply Service chat #1'],
  });
});

it('a journal is taken up again, and the last result of a plan counts', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'faults-'));
  try {
    const file = join(dir, 'deep', 'one.jsonl');
    const journal = await Journal.open(file, 'abc');
    journal.add(result('timeout', FOUND));
    journal.add(result('conflict'));
    await journal.flush();
    const again = await Journal.open(file, 'abc');
    expect(again.has(result('timeout'))).toBe(true);
    expect(again.has(result('timeout', { nth: 2 }))).toBe(false);
    again.add(result('timeout'));
    await again.flush();
    const { results } = await Journal.open(file, 'abc');
    expect(results).toEqual([result('timeout'), result('conflict')]);
    // What was found out about other sources says nothing about these.
    const changed = await Journal.open(file, 'abc with changes');
    expect(changed.results).toEqual([]);
    changed.add(result('conflict', FOUND));
    await changed.flush();
    expect((await Journal.open(file, 'abc')).results).toEqual([result('timeout'), result('conflict')]);
    const references = [{ scenario: 'abort', writes: ['apply Service chat'], findings: [] }];
    const reported = { seed: 7, sources: 'abc', command: 'again', references, results: [result('timeout', FOUND)] };
    await writeReport(join(dir, 'report'), reported);
    expect(await readFile(join(dir, 'report.html'), 'utf8')).toMatch(/0 of 3<.*lacks \/a = &lt;1&gt;/s);
    expect(JSON.parse(await readFile(join(dir, 'report.json'), 'utf8'))).toMatchObject({
      seed: 7,
      sources: 'abc',
      crashes: { met: 0, all: 3, missed: [] },
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

it('sources are told by their commit, and by what was changed since', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sources-'));
  const git = (...args: string[]) =>
    execFileSync(
      'git',
      ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'commit.gpgsign=false', ...args],
      { cwd: dir },
    );
  try {
    git('init', '-q');
    await writeFile(join(dir, 'one'), 'one');
    git('add', '.');
    git('commit', '-qm', 'one');
    const committed = await sourcesOf(dir);
    expect(committed).toMatch(/^[0-9a-f]{40}$/);
    await writeFile(join(dir, 'one'), 'two');
    const changed = await sourcesOf(dir);
    expect(changed).toMatch(new RegExp(`^${committed} with changes [0-9a-f]{8}$`));
    await writeFile(join(dir, 'one'), 'three');
    expect(await sourcesOf(dir)).not.toBe(changed);
  } finally {
    await rm(dir, { recursive: true });
  }
});
