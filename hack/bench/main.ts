/**
 * `npm run bench [-- --full|--quick --only NAME --page]`: measures the figures that the project promises, prints them, and writes
 * .reports/bench.json and, after a complete run or with --page, docs/benchmarks.md. Exit status: 0 every figure reached; 1 one missed or not
 * measured; 2 wrong usage.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Command, CommanderError, Option } from 'commander';
import pc from 'picocolors';
import type { BenchContext, Figure, Scenario, Sizes } from './figure.ts';
import { describeMachine, machineLine, machineWarning } from './machine.ts';
import { merge, readRecords, type Recorded, UNMEASURED, writeRecords } from './record.ts';
import { renderMarkdown, renderTable, type Report } from './report.ts';
import { attack } from './scenarios/attack.ts';
import { autoscaling } from './scenarios/autoscaling.ts';
import { demo } from './scenarios/demo.ts';
import { firstDeployment } from './scenarios/first-deployment.ts';
import { growth, plotGrowth } from './scenarios/growth.ts';
import { massCreation } from './scenarios/mass-creation.ts';
import { planner } from './scenarios/planner.ts';
import { rolloutStep } from './scenarios/rollout-step.ts';
import { rolloutWrites } from './scenarios/rollout-writes.ts';
import { rollouts } from './scenarios/rollouts.ts';
import { scale } from './scenarios/scale.ts';
import { soak } from './scenarios/soak.ts';
import { steadyState } from './scenarios/steady-state.ts';
import { switchTime } from './scenarios/switch-time.ts';
import { together } from './scenarios/together.ts';
import { verdicts } from './scenarios/verdicts.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SCENARIOS: readonly Scenario[] = [
  planner,
  verdicts,
  rolloutStep,
  switchTime,
  firstDeployment,
  massCreation,
  rolloutWrites,
  rollouts,
  attack,
  autoscaling,
  demo,
  steadyState,
  scale,
  together,
  growth,
  soak,
];

/** What the figures are promised for. */
const REGULAR: Sizes = {
  models: 100,
  restMinutes: 5,
  delivery: false,
  flood: 1_000,
  pairs: 3,
  rollouts: { models: 50, orders: 200, flips: 100 },
  autoscaling: { pairs: 6 },
  attack: { rounds: 10, flood: 1_000 },
  scale: { models: 1_000, restMinutes: 10, created: 50, changed: 200, takeovers: 3, foreign: 10_000 },
  together: { models: 50, alone: 10 },
  soak: { models: 200, minutes: 20 },
};
const FULL: Sizes = {
  ...REGULAR,
  restMinutes: 10,
  delivery: true,
  attack: { rounds: 25, flood: 10_000 },
  growth: [100, 300, 1_000, 3_000],
};
/** To try the benchmarks themselves. */
const QUICK: Sizes = {
  models: 10,
  restMinutes: 0.25,
  delivery: true,
  flood: 20,
  pairs: 2,
  rollouts: { models: 4, orders: 8, flips: 8 },
  autoscaling: { pairs: 2 },
  attack: { rounds: 2, flood: 100 },
  scale: { models: 30, restMinutes: 0.2, created: 5, changed: 10, takeovers: 1, foreign: 100 },
  together: { models: 6, alone: 3 },
  soak: { models: 10, minutes: 2 },
  growth: [5, 10, 20],
};

interface Flags {
  readonly full: boolean;
  readonly quick: boolean;
  readonly only?: string;
  readonly soakMinutes?: number;
  readonly page: boolean;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function bench({ full, quick, only, soakMinutes, page }: Flags, signal: AbortSignal): Promise<boolean> {
  const machine = describeMachine();
  print(machineLine(machine));
  const warning = machineWarning(machine);
  if (warning !== undefined) print(pc.yellow(warning));
  const startedAt = performance.now();
  const clock = (): string => `${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s`;
  const chosen = quick ? QUICK : full ? FULL : REGULAR;
  const sizes = soakMinutes === undefined ? chosen : { ...chosen, soak: { ...chosen.soak, minutes: soakMinutes } };
  // What is measured is what is here, not what somebody has built before.
  await promisify(execFile)(process.execPath, [`${ROOT}/hack/build.ts`], { cwd: ROOT, signal });
  const recorded: Recorded[] = [];
  for (const scenario of SCENARIOS.filter(({ name }) => only === undefined || name === only)) {
    const log = (line: string): void => print(pc.dim(`${clock()}  ${scenario.name}: ${line}`));
    const { load: before, ...where } = describeMachine();
    const figures = await runScenario(scenario, { sizes, signal, log });
    const load = [before, describeMachine().load] as const;
    const date = new Date().toISOString().slice(0, 10);
    recorded.push({ scenario: scenario.name, date, machine: where, load, figures });
  }
  const figures = recorded.flatMap(({ figures: of }) => of);
  const minutes = (performance.now() - startedAt) / 60_000;
  const report: Report = {
    startedAt: new Date(Date.now() - minutes * 60_000).toISOString(),
    minutes,
    sizes,
    machine,
    figures,
  };
  print(`\n${renderTable(figures)}`);
  await mkdir(`${ROOT}/.reports`, { recursive: true });
  await writeFile(`${ROOT}/.reports/bench.json`, `${JSON.stringify(report, null, 2)}\n`);
  if (!quick && (only === undefined || page)) await writePage(recorded);
  return figures.every(({ verdict }) => verdict !== 'miss');
}

/** docs/benchmarks.md, the JSON that it is made of, and the plot. */
async function writePage(recorded: readonly Recorded[]): Promise<void> {
  const file = `${ROOT}/docs/benchmarks.json`;
  const records = merge(await readRecords(file), recorded);
  await writeRecords(file, records);
  const plot = plotGrowth(recorded.flatMap(({ figures }) => figures));
  if (plot !== undefined) await writeFile(`${ROOT}/docs/growth.svg`, plot);
  await writeFile(`${ROOT}/docs/benchmarks.md`, renderMarkdown(records, SCENARIOS));
}

/** A scenario that breaks costs its own figures, not those of the others. */
async function runScenario(scenario: Scenario, context: BenchContext): Promise<readonly Figure[]> {
  try {
    return await scenario.run(context);
  } catch (error) {
    context.signal.throwIfAborted();
    context.log(pc.red(error instanceof Error ? (error.stack ?? error.message) : String(error)));
    return [{ name: scenario.name, title: scenario.name, limit: '', measured: UNMEASURED, verdict: 'miss' }];
  }
}

const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => stopping.abort(new Error(`stopped by ${name}`)));

const program = new Command('bench')
  .description('Measures the figures that the project promises.')
  .exitOverride()
  .option(
    '--full',
    'what takes longer, too: the growth up to 3,000 models, ten minutes of rest with 100, the delivery of an event',
    false,
  )
  .option('--quick', 'small sizes, to try the benchmarks themselves; writes no page', false)
  .option('--page', 'replace the rows of what is measured in docs/benchmarks.md, as a complete run does', false)
  .addOption(new Option('--soak-minutes <n>', 'minutes of random edits').argParser(Number))
  .addOption(new Option('--only <name>', 'one scenario').choices(SCENARIOS.map(({ name }) => name)));

try {
  program.parse();
  process.exitCode = (await bench(program.opts<Flags>(), stopping.signal)) ? 0 : 1;
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(`${pc.red('error:')} ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
