import Table from 'cli-table3';
import pc from 'picocolors';
import type { Figure, Scenario, Sizes, Verdict } from './figure.ts';
import { machineLine, machineWarning, type Machine } from './machine.ts';

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

/** docs/benchmarks.md. */
export function renderMarkdown(report: Report, scenarios: readonly Scenario[]): string {
  const { startedAt, machine, figures } = report;
  const warning = machineWarning(machine);
  return [
    '# Benchmarks',
    '',
    'Written by `make bench`, which prints this table and leaves every detail in `.reports/bench.json`; `make bench-full` adds what takes',
    'longer, and `npm run bench -- --only NAME` runs one scenario and writes no page. Counts come from the audit log of a real API server. Installations and the real node: [figures.md](figures.md).',
    '',
    `${startedAt.slice(0, 10)}, ${machineLine(machine)}.${warning === undefined ? '' : ` **${warning}**`}`,
    '',
    '| figure | must reach | measured | |',
    '|---|---|---|---|',
    ...figures.map(
      ({ title, limit, measured, verdict }) => `| ${[title, limit, measured, WORDS[verdict]].map(cell).join(' | ')} |`,
    ),
    '',
    '![Time and memory against the number of models](growth.svg)',
    '',
    '## How it is measured',
    '',
    ...scenarios.flatMap(({ name, method }) => [`**${name}**: ${method}`, '']),
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
