import Table from 'cli-table3';
import pc from 'picocolors';
import type { Figure, Scenario, Sizes, Verdict } from './figure.ts';
import { describeCpu, type Machine } from './machine.ts';
import type { Recorded, Records } from './record.ts';

/** A run of the benchmarks. */
export interface Report {
  /** RFC 3339. */
  readonly startedAt: string;
  readonly minutes: number;
  readonly sizes: Sizes;
  readonly machine: Machine;
  readonly figures: readonly Figure[];
}

const WORDS: Readonly<Record<Verdict, string>> = { pass: 'pass', miss: 'MISS', info: '', skipped: 'skipped' };
const COLOURS: Readonly<Record<Verdict, (text: string) => string>> = {
  pass: pc.green,
  miss: pc.red,
  info: String,
  skipped: pc.yellow,
};

/** For the terminal. */
export function renderTable(figures: readonly Figure[]): string {
  const table = new Table({
    head: ['FIGURE', 'MUST REACH', 'MEASURED', ''],
    colWidths: [46, 12, 52, 9],
    wordWrap: true,
    style: { head: ['dim'], border: ['dim'], compact: true },
  });
  for (const { title, limit, measured, verdict } of figures)
    table.push([title, limit, measured, COLOURS[verdict](WORDS[verdict])]);
  return table.toString();
}

/** docs/benchmarks.md: the scenarios that have been measured, in the order of `scenarios`. */
export function renderMarkdown({ note, scenarios: records }: Records, scenarios: readonly Scenario[]): string {
  const measured = scenarios.flatMap(({ name, method }) => {
    const recorded = records.find(({ scenario }) => scenario === name);
    return recorded === undefined ? [] : [{ name, method, recorded }];
  });
  return [
    '# Benchmarks',
    '',
    'Written by `make bench`, which prints this table and leaves every detail in `.reports/bench.json`; `make bench-full` adds what takes',
    'longer, `make soak` goes on for an hour, and `npm run bench -- --only NAME` runs one scenario (with `--page` its rows here are replaced). Counts come from the audit log of a real API server. Installations and the real node: [figures.md](figures.md).',
    '',
    ...(note === undefined ? [] : [note, '']),
    '| figure | must reach | measured | |',
    '|---|---|---|---|',
    ...measured.flatMap(({ recorded }) =>
      recorded.figures.map(
        ({ title, limit, measured: value, verdict }) =>
          `| ${[title, limit, value, WORDS[verdict]].map(cell).join(' | ')} |`,
      ),
    ),
    '',
    ...(measured.some(({ name }) => name === 'growth')
      ? ['![Time and memory against the number of models](growth.svg)', '']
      : []),
    '## How it is measured',
    '',
    ...measured.flatMap(({ name, method, recorded }) => [`**${name}** (${circumstances(recorded)}): ${method}`, '']),
  ].join('\n');
}

/** `2026-11-23, 2 cores (AMD EPYC), load 0.9 to 4.1`. */
function circumstances({ date, machine, load }: Recorded): string {
  const loads = load === undefined ? [] : [`load ${load[0].toFixed(1)} before and ${load[1].toFixed(1)} after`];
  return [date, describeCpu(machine), ...loads].join(', ');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
