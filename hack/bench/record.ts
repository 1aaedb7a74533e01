import { readFile, writeFile } from 'node:fs/promises';
import type { Figure } from './figure.ts';
import type { Machine } from './machine.ts';

/** What a scenario measured when it ran last, as docs/benchmarks.json keeps it. */
export interface Recorded {
  readonly scenario: string;
  /** The day, YYYY-MM-DD. */
  readonly date: string;
  readonly machine: Omit<Machine, 'load'>;
  /** Load averages of a minute, before it and after it; absent where nobody wrote them down. */
  readonly load?: readonly [number, number];
  /** Without their details, which .reports/bench.json has. */
  readonly figures: readonly Figure[];
}

/** All that the page is made of. */
export interface Records {
  /** What people have to say of the figures, in Markdown. */
  readonly note?: string;
  readonly scenarios: readonly Recorded[];
}

export async function readRecords(file: string): Promise<Records> {
  return JSON.parse(await readFile(file, 'utf8')) as Records;
}

export async function writeRecords(file: string, records: Records): Promise<void> {
  await writeFile(file, `${JSON.stringify(records, null, 2)}\n`);
}

/**
 * With what was measured now in place of what the same scenarios measured before. A scenario that broke, or that was left out of this
 * run (all of it skipped), keeps what it had.
 */
export function merge({ scenarios, ...records }: Records, news: readonly Recorded[]): Records {
  const measured = news.filter(({ figures }) => figures.some(isMeasured));
  const kept = scenarios.filter(({ scenario }) => !measured.some((each) => each.scenario === scenario));
  return { ...records, scenarios: [...kept, ...measured.map(withoutDetails)] };
}

/** Stands in the place of a figure whose scenario broke. */
export const UNMEASURED = 'could not be measured';

function isMeasured({ measured, verdict }: Figure): boolean {
  return measured !== UNMEASURED && verdict !== 'skipped';
}

function withoutDetails(recorded: Recorded): Recorded {
  const figures = recorded.figures.map(({ name, title, limit, measured, verdict }) => {
    return { name, title, limit, measured, verdict };
  });
  return { ...recorded, figures };
}
