import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Campaign, Reference, Result } from './campaign.ts';
import { FAULTS, isCrash, nameOf, type Plan, plansFor } from './plan.ts';

/** Of some plans: how many there are, how many met their fault, and how many of them showed something wrong. */
export interface Counts {
  readonly plans: number;
  readonly struck: number;
  readonly failed: number;
  /** The most writes of one of them for each one of its undisturbed run. */
  readonly mostWrites: number;
}

/** What the plans covered, in all and by each of what tells them apart. */
export interface Coverage extends Counts {
  readonly byFault: Readonly<Record<string, Counts>>;
  readonly byScenario: Readonly<Record<string, Counts>>;
  /** By the kind of the write. */
  readonly byWrite: Readonly<Record<string, Counts>>;
}

/** Counts over results. */
export function coverageOf(results: readonly Result[]): Coverage {
  const count = (of: readonly Result[]): Counts => ({
    plans: of.length,
    struck: of.filter(({ struck }) => struck).length,
    failed: of.filter(({ findings }) => findings.length > 0).length,
    mostWrites: Math.max(0, ...of.map(({ ratio }) => Math.round(100 * ratio) / 100)),
  });
  const by = (key: (result: Result) => string) =>
    Object.fromEntries(
      [...new Set(results.map(key))].sort().map((name) => [name, count(results.filter((one) => key(one) === name))]),
    );
  return {
    ...count(results),
    byFault: by(({ kind }) => kind),
    byScenario: by(({ scenario }) => scenario),
    byWrite: by(({ write }) => write),
  };
}

/** Of all crashes at all writes of the undisturbed runs: how many were met. */
export interface CrashPoints {
  readonly met: number;
  readonly all: number;
  /** Plans with a crash that were played and did not meet it. */
  readonly missed: readonly string[];
}

/** Counts crashes. */
export function crashPoints(
  references: readonly Pick<Reference, 'scenario' | 'writes'>[],
  results: readonly Result[],
): CrashPoints {
  const points = plansFor(references, 1).filter(({ kind }) => isCrash(kind));
  const names = new Set(points.map(nameOf));
  const crashes = results.filter(({ kind }) => isCrash(kind));
  return {
    met: crashes.filter((result) => result.struck && names.has(nameOf(result))).length,
    all: points.length,
    missed: crashes.filter(({ struck }) => !struck).map(nameOf),
  };
}

/** One line of the journal. */
interface Line extends Result {
  /** Of which sources it says something. */
  readonly sources: string;
}

/** What was done already with the sources as they are: one result per line, so that a run that was ended can be taken up again. */
export class Journal {
  readonly #file: string;
  readonly #sources: string;
  readonly #done = new Map<string, Result>();
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(file: string, sources: string) {
    this.#file = file;
    this.#sources = sources;
  }

  /**
   * Reads the journal, if there is one. Of a plan that was played several times the last result counts; what was found out about other
   * sources (`sourcesOf`) does not.
   */
  static async open(file: string, sources: string): Promise<Journal> {
    const journal = new Journal(file, sources);
    await mkdir(dirname(file), { recursive: true });
    const text = await readFile(file, 'utf8').catch(() => '');
    for (const line of text.split('\n').filter((one) => one.endsWith('}'))) {
      const { sources: of, ...result } = JSON.parse(line) as Line;
      if (of === sources) journal.#done.set(nameOf(result), result);
    }
    return journal;
  }

  get results(): readonly Result[] {
    return [...this.#done.values()];
  }

  has(plan: Plan): boolean {
    return this.#done.has(nameOf(plan));
  }

  add(result: Result): void {
    this.#done.set(nameOf(result), result);
    const line: Line = { ...result, sources: this.#sources };
    this.#writing = this.#writing.then(() => appendFile(this.#file, `${JSON.stringify(line)}\n`));
  }

  /** Resolves when everything that was added is written. */
  flush(): Promise<unknown> {
    return this.#writing;
  }
}

/** What a report is made of. */
export interface Reported extends Pick<Campaign, 'seed' | 'references' | 'results'> {
  /** The sources that it says something of. */
  readonly sources: string;
  /** Makes it again. */
  readonly command: string;
}

/** Writes `FILE.json` and `FILE.html`. */
export async function writeReport(file: string, reported: Reported): Promise<void> {
  const { seed, sources, command, references, results } = reported;
  const coverage = coverageOf(results);
  const crashes = crashPoints(references, results);
  const undisturbed = references.map(({ scenario, writes }) => ({ scenario, writes }));
  const report = { seed, sources, command, coverage, crashes, undisturbed, results };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.json`, `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(`${file}.html`, page(reported, coverage, crashes));
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

function page(
  { seed, sources, command, references, results }: Reported,
  coverage: Coverage,
  { met, all: points }: CrashPoints,
): string {
  const row = (name: string, { plans, struck, failed, mostWrites }: Counts, says = '') =>
    `<tr${failed > 0 ? ' class="bad"' : ''}><td>${escape(name)}</td><td>${plans}</td><td>${struck}</td><td>${failed}</td><td>${mostWrites}</td><td>${escape(says)}</td></tr>`;
  const faults = Object.entries(coverage.byFault).map(([name, counts]) =>
    row(name, counts, FAULTS[name as keyof typeof FAULTS]),
  );
  const scenarios = Object.entries(coverage.byScenario).map(([name, counts]) => {
    const all = references.find(({ scenario }) => scenario === name)?.writes.length ?? 0;
    return row(name, counts, `${all} writes undisturbed`);
  });
  const writes = Object.entries(coverage.byWrite).map(([name, counts]) => row(name, counts));
  const bad = results
    .filter(({ findings }) => findings.length > 0)
    .map(
      (result) =>
        `<h3><code>${escape(nameOf(result))}</code></h3><p>${escape(result.write)}</p><ul>${result.findings
          .map(({ oracle, detail }) => `<li><b>${escape(oracle)}</b> ${escape(detail)}</li>`)
          .join('')}</ul>`,
    );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Fault campaign, seed ${seed}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } td, th { border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left; }
.bad td { background: #fde8e8; } code { background: #f3f3f3; padding: 0 .2rem; }
</style></head><body>
<h1>Fault campaign, seed ${seed}</h1>
<p><b>${coverage.plans}</b> plans, <b>${coverage.struck}</b> met their fault, <b>${coverage.failed}</b> with findings;
<b>${met} of ${points}</b> crash points. Sources: <code>${escape(sources)}</code>. Again: <code>${escape(command)}</code></p>
<p>Writes: at most so many for each one of the undisturbed run.</p>
<h2>By fault</h2><table><tr><th>fault</th><th>plans</th><th>struck</th><th>bad</th><th>writes</th><th></th></tr>${faults.join('')}</table>
<h2>By scenario</h2><table><tr><th>scenario</th><th>plans</th><th>struck</th><th>bad</th><th>writes</th><th></th></tr>${scenarios.join('')}</table>
<h2>By write</h2><table><tr><th>write</th><th>plans</th><th>struck</th><th>bad</th><th>writes</th><th></th></tr>${writes.join('')}</table>
<h2>Findings</h2>${bad.join('') || '<p>None.</p>'}
</body></html>
`;
}
