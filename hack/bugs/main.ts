/**
 * `make bugs [ONLY=part of a name]`: puts each bug of bugs.ts into a copy of the sources, on its own, and runs the tests that have to see
 * it. Prints which bugs were caught; ends with 1 where fewer than 95 % were, where one makes a file that cannot be loaded, which says
 * nothing of the tests, or where the tests fail without a bug.
 */
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Bug } from './bug.ts';
import { BUGS } from './bugs.ts';
import { type Verdict, verdictOf } from './verdict.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Copies that are worked on side by side. */
const COPIES = 2;
/** Tests that take longer hang, which is seen as well. */
const LIMIT_MS = 600_000;
/** All of them together, without a bug. */
const ALL_LIMIT_MS = 1_800_000;
const ENOUGH = 0.95;
const MARKS = { caught: 'caught', missed: 'MISSED', invalid: 'INVALID' } as const;

interface Judged extends Verdict {
  readonly bug: string;
  readonly seconds: number;
}

/** The sources as they are in the work tree, with the packages of this one. */
async function copySources(parent: string, number: number): Promise<string> {
  const dir = join(parent, `copy-${number}`);
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: ROOT,
    maxBuffer: 1 << 25,
  });
  const files = stdout.split('\0').filter((file) => file !== '' && file !== 'node_modules');
  for (const file of files) await cp(join(ROOT, file), join(dir, file), { recursive: true, verbatimSymlinks: true });
  await symlink(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  return dir;
}

/** Runs tests of the unit tier. */
async function runTests(
  dir: string,
  patterns: readonly string[],
  limitMs: number,
  signal: AbortSignal,
): Promise<Verdict> {
  const jest = join('node_modules', 'jest', 'bin', 'jest.js');
  const flags = ['--selectProjects=unit', '--bail=1', '--maxWorkers=1', '--colors=false'];
  const child = spawn(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', jest, ...flags, '--', ...patterns],
    {
      cwd: dir,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: limitMs,
      killSignal: 'SIGKILL',
      signal,
    },
  );
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (printed += piece));
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  return verdictOf(code, printed);
}

async function judge(dir: string, bug: Bug, signal: AbortSignal): Promise<Judged> {
  const began = performance.now();
  const path = join(dir, bug.file);
  const text = await readFile(path, 'utf8');
  if (text.split(bug.from).length !== 2)
    throw new Error(`"${bug.name}" does not stand once in ${bug.file}: mend hack/bugs`);
  await writeFile(
    path,
    text.replace(bug.from, () => bug.to),
  );
  try {
    const verdict = await runTests(dir, bug.tests, LIMIT_MS, signal);
    return { bug: bug.name, ...verdict, seconds: Math.round((performance.now() - began) / 1000) };
  } finally {
    await writeFile(path, text);
  }
}

async function main(part: string): Promise<number> {
  const chosen = BUGS.filter(({ name }) => name.includes(part));
  if (chosen.length === 0) {
    console.error(`No bug has "${part}" in its name.`);
    return 2;
  }
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => interrupted.abort(new Error(`interrupted by ${name}`)));
  const { signal } = interrupted;
  const parent = await mkdtemp(join(tmpdir(), 'bugs-'));
  try {
    const copies = await Promise.all(Array.from({ length: COPIES }, (_, number) => copySources(parent, number)));
    const [first = ''] = copies;
    const every = [...new Set(chosen.flatMap(({ tests }) => tests))];
    const without = await runTests(first, every, ALL_LIMIT_MS, signal);
    if (without.outcome !== 'missed') {
      console.error(`Without any bug the tests fail already: ${without.by}`);
      return 1;
    }
    const queue = [...chosen];
    const verdicts: Judged[] = [];
    const work = async (dir: string): Promise<void> => {
      for (let bug = queue.shift(); bug !== undefined; bug = queue.shift()) {
        const verdict = await judge(dir, bug, signal);
        verdicts.push(verdict);
        const mark = MARKS[verdict.outcome];
        console.log(
          `${verdicts.length}/${chosen.length} ${mark} ${verdict.seconds} s  ${bug.name}\n      ${verdict.by}`,
        );
      }
    };
    await Promise.all(copies.map(work));
    const count = (of: Verdict['outcome']) => verdicts.filter(({ outcome }) => outcome === of).length;
    const [caught, invalid] = [count('caught'), count('invalid')];
    await mkdir(join(ROOT, '.reports'), { recursive: true });
    await writeFile(join(ROOT, '.reports/bugs.json'), `${JSON.stringify(verdicts, null, 2)}\n`);
    console.log(`${caught} of ${verdicts.length} seeded bugs caught`);
    if (invalid > 0) console.error(`${invalid} cannot be loaded: mend hack/bugs`);
    return invalid === 0 && caught >= ENOUGH * verdicts.length ? 0 : 1;
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv[2] ?? '');
