/** What Stryker's JSON report says, as far as it is looked at (mutation-testing-report-schema 2). */
export interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly { readonly status: string }[] }>>;
}

/** How many changes were noticed, and how many were not. */
export interface Score {
  /** A test failed, or hung. */
  readonly caught: number;
  /** No test failed, or none reaches the change. */
  readonly missed: number;
  /** Not tried: code that runs when a module is loaded, or that a comment leaves out. */
  readonly ignored: number;
}

const CAUGHT = new Set(['Killed', 'Timeout']);
const MISSED = new Set(['Survived', 'NoCoverage']);

/** The score of one report. Changes that cannot be compiled or run count nowhere. */
export function scoreOf({ files }: Report): Score {
  const all = Object.values(files).flatMap(({ mutants }) => mutants.map(({ status }) => status));
  const count = (is: (status: string) => boolean) => all.filter(is).length;
  return {
    caught: count((status) => CAUGHT.has(status)),
    missed: count((status) => MISSED.has(status)),
    ignored: count((status) => status === 'Ignored'),
  };
}

/** All of them as one. */
export function sumOf(scores: readonly Score[]): Score {
  const sum = (of: keyof Score) => scores.reduce((total, score) => total + score[of], 0);
  return { caught: sum('caught'), missed: sum('missed'), ignored: sum('ignored') };
}

/** Percent of the changes that were noticed; 0 where none was tried. */
export function percentOf({ caught, missed }: Score): number {
  return caught + missed === 0 ? 0 : (100 * caught) / (caught + missed);
}
