/**
 * `make bugs [ONLY=part of a name]`: puts each bug of bugs.ts into a copy of the sources, on its own, and runs the tests that have to see
 * it. Prints which bugs were caught; ends with 1 where fewer than 95 % were, or where the tests fail without a bug.
 */
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Bug } from './bug.ts';
import { BUGS } from './bugs.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Copies that are worked on side by side. */
const COPIES = 2;
/** Tests that take longer hang, which is seen as well. */
const LIMIT_MS = 300_000;
/** All of them together, without a bug. */
const ALL_LIMIT_MS = 1_800_000;
const ENOUGH = 0.95;

interface Verdict {
  readonly bug: string;
  readonly caught: boolean;
  /** The first test that failed, or why there is none. */
  readonly by: string;
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

/** Runs tests of the unit tier; undefined: all pass, else the first that does not. */
async function firstFailure(
  dir: string,
  patterns: readonly string[],
  limitMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
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
  if (code === 0) return undefined;
  if (code === null) return 'the tests hang';
  return /^ {2}● (.+)$/m.exec(printed)?.[1] ?? printed.trim().split('\n').at(-1) ?? 'no word';
}

async function judge(dir: string, bug: Bug, signal: AbortSignal): Promise<Verdict> {
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
    const by = await firstFailure(dir, bug.tests, LIMIT_MS, signal);
    const seconds = Math.round((performance.now() - began) / 1000);
    return { bug: bug.name, caught: by !== undefined, by: by ?? 'no test', seconds };
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
    const wrong = await firstFailure(first, every, ALL_LIMIT_MS, signal);
    if (wrong !== undefined) {
      console.error(`Without any bug the tests fail already: ${wrong}`);
      return 1;
    }
    const queue = [...chosen];
    const verdicts: Verdict[] = [];
    const work = async (dir: string): Promise<void> => {
      for (let bug = queue.shift(); bug !== undefined; bug = queue.shift()) {
        const verdict = await judge(dir, bug, signal);
        verdicts.push(verdict);
        const mark = verdict.caught ? 'caught' : 'MISSED';
        console.log(
          `${verdicts.length}/${chosen.length} ${mark} ${verdict.seconds} s  ${bug.name}\n      ${verdict.by}`,
        );
      }
    };
    await Promise.all(copies.map(work));
    const caught = verdicts.filter((verdict) => verdict.caught).length;
    await mkdir(join(ROOT, '.reports'), { recursive: true });
    await writeFile(join(ROOT, '.reports/bugs.json'), `${JSON.stringify(verdicts, null, 2)}\n`);
    console.log(`${caught} of ${verdicts.length} seeded bugs caught`);
    return caught >= ENOUGH * verdicts.length ? 0 : 1;
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv[2] ?? '');
