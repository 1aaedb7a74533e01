/**
 * `make faults`: plays each scenario undisturbed, and then once for each plan: each crash at each of its writes, each other fault at a
 * write of each kind. What is done already is in the journal of the seed, so that a campaign that was ended goes on where it was.
 */
import { Command, InvalidArgumentError } from 'commander';
import { join } from 'node:path';
import { startCluster } from '../../../hack/cluster/index.ts';
import { runCampaign } from './campaign.ts';
import { nameOf, type Plan, planOf, sample } from './plan.ts';
import { withRegressions } from './regressions.ts';
import { coverageOf, crashPoints, Journal, writeReport } from './report.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { sourcesOf } from './sources.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** Fewer plans for all scenarios would mean that writes are no longer recorded. */
const FEWEST_PLANS = 300;

interface Options {
  readonly seed: number;
  readonly plans?: number;
  readonly only?: Plan;
  readonly scenario?: string;
  readonly shard: { readonly index: number; readonly of: number };
  readonly atOnce: number;
  readonly minutes: number;
  readonly undisturbed?: true;
  readonly again?: true;
}

function positive(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('must be a whole number above 0');
  return Number(text);
}

function shard(text: string): Options['shard'] {
  const [, index = '0', of = '0'] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (Number(index) < 1 || Number(index) > Number(of)) throw new InvalidArgumentError('must be i/n with 1 <= i <= n');
  return { index: Number(index), of: Number(of) };
}

function named(text: string): Plan {
  const plan = planOf(text);
  if (plan === undefined) throw new InvalidArgumentError('is no name of a plan');
  return plan;
}

const program = new Command('faults')
  .description(
    'Breaks what lies between the operator and the API server at each of its writes, and looks at how it ends.',
  )
  .option('--seed <n>', 'which writes the sampled faults come at', positive, 1)
  .option('--plans <n>', 'only so many of the plans, by the seed', positive)
  .option('--only <plan>', 'one plan by its name, as in a report: "SCENARIO; FAULT; WRITE #N"', named)
  .option('--scenario <regexp>', 'only the scenarios whose name this regular expression finds')
  .option('--shard <i/n>', 'every n-th plan, beginning with the i-th', shard, { index: 1, of: 1 })
  .option('--at-once <n>', 'runs at the same time', positive, 6)
  .option('--minutes <n>', 'end after so long; what is left is done by the next run', positive, 60)
  .option('--undisturbed', 'only the undisturbed runs')
  .option('--again', 'do what is done already once more');

async function main(): Promise<void> {
  const options = program.parse().opts<Options>();
  const { seed, only, atOnce, minutes } = options;
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => interrupted.abort(new Error(`interrupted by ${name}`)));
  const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(minutes * 60_000)]);
  const file = join(ROOT, `.reports/faults-${seed}`);
  const sources = await sourcesOf(ROOT);
  const journal = await Journal.open(`${file}.jsonl`, sources);
  const scenarios = SCENARIOS.filter(({ name }) =>
    only === undefined ? new RegExp(options.scenario ?? '').test(name) : name === only.scenario,
  );
  if (scenarios.length === 0)
    throw new Error(`no such scenario; there are: ${SCENARIOS.map(({ name }) => name).join('; ')}`);
  const choose = (all: readonly Plan[]): readonly Plan[] => {
    if (options.undisturbed === true) return [];
    if (only !== undefined) return [only];
    if (scenarios.length === SCENARIOS.length && all.length < FEWEST_PLANS)
      throw new Error(`${all.length} plans, not ${FEWEST_PLANS}: of most writes nothing is known`);
    const sampled = options.plans === undefined ? all : sample(all, options.plans, seed);
    const own = withRegressions(sampled, scenarios).filter(
      (_, index) => index % options.shard.of === options.shard.index - 1,
    );
    const left = options.again === true ? own : own.filter((plan) => !journal.has(plan));
    console.log(`${all.length} plans, ${own.length} of them here, ${own.length - left.length} done already`);
    return left;
  };
  const began = performance.now();
  await using cluster = await startCluster({ profile: 'simulated', signal, onProgress: (line) => console.log(line) });
  const references: Parameters<typeof writeReport>[1]['references'][number][] = [];
  const ended = await runCampaign({
    ...{ cluster, scenarios, seed, atOnce, choose, signal },
    onReference: (reference) => {
      references.push(reference);
      const bad = reference.findings.map(({ oracle, detail }) => `\n  ${oracle}: ${detail}`).join('');
      console.log(
        `undisturbed: ${reference.scenario}: ${reference.writes.length} writes, ${reference.outcome?.ms ?? 0} ms, switches ${String(reference.outcome?.switches)}${bad}`,
      );
    },
    onResult: (result, done, all) => {
      journal.add(result);
      const left = ((performance.now() - began) / done) * (all - done);
      const bad = result.findings.map(({ oracle, detail }) => `\n  ${oracle}: ${detail}`).join('');
      console.log(`${bar(done, all)} ${done}/${all}, ${Math.ceil(left / 60_000)} min left  ${nameOf(result)}${bad}`);
    },
  }).then(
    () => undefined,
    (error: unknown) => error,
  );
  await journal.flush();
  // Other shards may have written beside this one.
  const { results: all } = await Journal.open(`${file}.jsonl`, sources);
  const results = only === undefined ? all : all.filter((result) => nameOf(result) === nameOf(only));
  await writeReport(file, { seed, sources, references, results, command: `npm run -s faults -- --seed ${seed}` });
  const { plans, struck, failed, byFault, byWrite } = coverageOf(results);
  const crashes = crashPoints(references, results);
  if (plans > 0) {
    console.table(byFault);
    console.table(byWrite);
  }
  console.log(
    `${references.length} scenarios undisturbed, ${references.filter(({ findings }) => findings.length > 0).length} with findings; ${plans} plans, ${struck} met their fault, ${plans - struck} did not come to it, ${failed} with findings; ${crashes.met} of ${crashes.all} crash points; ${file}.html`,
  );
  for (const name of crashes.missed) console.error(`did not come to its crash, twice: ${name}`);
  if (ended !== undefined)
    console.error(
      `ended before the end: ${ended instanceof Error ? ended.message : 'no error'}; the same command goes on`,
    );
  const isBad = failed > 0 || crashes.missed.length > 0 || references.some(({ findings }) => findings.length > 0);
  process.exitCode = isBad || ended !== undefined ? 1 : 0;
}

const bar = (done: number, all: number): string => `[${'#'.repeat(Math.round((20 * done) / all)).padEnd(20, '.')}]`;

await main();
