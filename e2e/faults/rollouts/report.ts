import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Campaign, Result } from './campaign.ts';
import { FAULTS, nameOf, type Plan } from './plan.ts';

/** Of some plans: how many there are, how many met their fault, and how many of them showed something wrong. */
export interface Counts {
  readonly plans: number;
  readonly struck: number;
  readonly failed: number;
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

/** What was done already: one result per line, so that a run that was ended can be taken up again. */
export class Journal {
  readonly #file: string;
  readonly #done = new Map<string, Result>();
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(file: string) {
    this.#file = file;
  }

  /** Reads the journal, if there is one; of a plan that was played several times the last result counts. */
  static async open(file: string): Promise<Journal> {
    const journal = new Journal(file);
    await mkdir(dirname(file), { recursive: true });
    const text = await readFile(file, 'utf8').catch(() => '');
    for (const line of text.split('\n').filter((one) => one.endsWith('}'))) {
      const result = JSON.parse(line) as Result;
      journal.#done.set(nameOf(result), result);
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
    this.#writing = this.#writing.then(() => appendFile(this.#file, `${JSON.stringify(result)}\n`));
  }

  /** Resolves when everything that was added is written. */
  flush(): Promise<unknown> {
    return this.#writing;
  }
}

/** Writes `FILE.json` and `FILE.html`. */
export async function writeReport(
  file: string,
  { seed, references, results }: Pick<Campaign, 'seed' | 'references'> & { readonly results: readonly Result[] },
  command: string,
): Promise<void> {
  const coverage = coverageOf(results);
  const undisturbed = references.map(({ scenario, writes }) => ({ scenario, writes }));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.json`, `${JSON.stringify({ seed, command, coverage, undisturbed, results }, null, 2)}\n`);
  await writeFile(`${file}.html`, page(seed, command, coverage, undisturbed, results));
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

function page(
  seed: number,
  command: string,
  coverage: Coverage,
  undisturbed: readonly { readonly scenario: string; readonly writes: readonly string[] }[],
  results: readonly Result[],
): string {
  const row = (name: string, { plans, struck, failed }: Counts, says = '') =>
    `<tr${failed > 0 ? ' class="bad"' : ''}><td>${escape(name)}</td><td>${plans}</td><td>${struck}</td><td>${failed}</td><td>${escape(says)}</td></tr>`;
  const faults = Object.entries(coverage.byFault).map(([name, counts]) =>
    row(name, counts, FAULTS[name as keyof typeof FAULTS]),
  );
  const scenarios = Object.entries(coverage.byScenario).map(([name, counts]) => {
    const all = undisturbed.find(({ scenario }) => scenario === name)?.writes.length ?? 0;
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
<p><b>${coverage.plans}</b> plans, <b>${coverage.struck}</b> met their fault, <b>${coverage.failed}</b> with findings. Again: <code>${escape(command)}</code></p>
<h2>By fault</h2><table><tr><th>fault</th><th>plans</th><th>struck</th><th>bad</th><th></th></tr>${faults.join('')}</table>
<h2>By scenario</h2><table><tr><th>scenario</th><th>plans</th><th>struck</th><th>bad</th><th></th></tr>${scenarios.join('')}</table>
<h2>By write</h2><table><tr><th>write</th><th>plans</th><th>struck</th><th>bad</th><th></th></tr>${writes.join('')}</table>
<h2>Findings</h2>${bad.join('') || '<p>None.</p>'}
</body></html>
`;
}
