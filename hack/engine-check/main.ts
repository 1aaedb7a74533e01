/**
 * `make engine-check`: starts the real engines that run without a GPU with the command line that we render, and checks
 * what the operator counts on. By hand: the first run downloads 5 GB. Names of engines as arguments check these alone.
 */
import Table from 'cli-table3';
import { checkEngine } from './checks.ts';
import type { CheckResult } from './checks.ts';
import { subjects, withFolder } from './subjects.ts';
import type { Subject } from './subjects.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function check(subject: Subject, signal: AbortSignal): Promise<CheckResult[]> {
  const onProgress = (line: string): void => print(`${subject.name}: ${line}`);
  try {
    const program = await subject.find({ onProgress, signal });
    onProgress(`${program.version} starts; this takes up to ${subject.startSeconds} s`);
    return await withFolder(async (dir) => checkEngine(subject, program, await subject.writeModel(dir), signal));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return [{ engine: subject.name, check: 'runs here', passed: false, detail }];
  }
}

async function main(names: readonly string[]): Promise<number> {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stopping.abort(new Error(`stopped by ${name}`)));
  }
  const all = subjects();
  const unknown = names.filter((name) => !all.some((subject) => subject.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`No engine ${unknown.join(', ')}. Engines: ${all.map(({ name }) => name).join(', ')}.\n`);
    return 2;
  }
  const table = new Table({
    head: ['engine', 'check', '', 'seen'],
    style: { head: [], border: [] },
    colWidths: [24, 44, 8, 70],
    wordWrap: true,
  });
  let failed = 0;
  for (const subject of all.filter(({ name }) => names.length === 0 || names.includes(name))) {
    if (stopping.signal.aborted) break;
    for (const { engine, check: what, passed, detail } of await check(subject, stopping.signal)) {
      if (!passed) failed++;
      table.push([engine, what, passed ? 'ok' : 'FAILED', detail]);
    }
  }
  print(table.toString());
  return failed === 0 && !stopping.signal.aborted ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
