import { type AuditEntry, AuditReader } from '../../cluster/index.ts';
import { atMost, type BenchContext, type Figure, type Scenario } from '../figure.ts';
import { exponent } from '../growth/exponent.ts';
import { renderPlot } from '../growth/plot.ts';
import { BENCH_USER } from '../models.ts';
import type { OperatorProcess } from '../operator.ts';
import { readMemory } from '../proc.ts';
import { fill, load, readUsage, startStage } from '../scale/stage.ts';

const OPERATOR = 'growth-operator';
/** What is still called linear. */
const EXPONENT = 1.1;

/** How time and memory grow with the number of models. */
export const growth: Scenario = {
  name: 'growth',
  method: `Only with \`--full\`. 100, 300, 1,000 and 3,000 models are created at once, each time on a new simulated cluster with an operator that has just
begun. *Time*: from the first creation until the last child exists (the server has answered), by the API server's clock. *Memory*: RSS when
all are Ready and the operator has been at rest for ten seconds, less the RSS of an operator that has come to rest in such a cluster
without any model, which is measured first: the base of a Node.js process would hide what each model costs. The exponent is the slope of a
straight line through the logarithms of both.`,
  run: measure,
};

/** An operator at rest. */
interface Memory {
  readonly rss: number;
  readonly anonymous: number;
}

interface Step extends Memory {
  readonly models: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly passes: number;
  readonly load: number;
}

async function measure(context: BenchContext): Promise<readonly Figure[]> {
  const { growth: numbers } = context.sizes;
  if (numbers === undefined) {
    const skipped = { limit: `<= ${EXPONENT}`, measured: '`make bench-full` measures it', verdict: 'skipped' } as const;
    return [{ name: 'growth', title: 'Growth of time and memory with the number of models: exponent', ...skipped }];
  }
  const empty = await withModels(0, context, ({ operator }) => readMemory(operator.pid));
  context.log(`no models: ${empty.rss.toFixed(0)} MB`);
  const steps: Step[] = [];
  for (const models of numbers) steps.push(await step(models, context));
  const details = { empty, steps };
  const range = `from ${numbers[0]?.toLocaleString('en')} to ${numbers.at(-1)?.toLocaleString('en')} models`;
  const list = (of: (step: Step) => string): string => steps.map(of).join(', ');
  const exponentOf = (of: (step: Step) => number, base?: number): number => exponent(numbers, steps.map(of), base);
  return [
    atMost({
      name: 'growth-time',
      title: `Growth of the time until the last child exists, ${range}: exponent`,
      value: exponentOf(({ seconds }) => seconds),
      limit: EXPONENT,
      decimals: 2,
      note: `${list(({ seconds }) => seconds.toFixed(1))} s; CPU ${list(({ cpuSeconds }) => cpuSeconds.toFixed(1))} s`,
      details,
    }),
    atMost({
      name: 'growth-memory',
      title: `Growth of RSS above that without models, ${range}: exponent`,
      value: exponentOf(({ rss }) => rss, empty.rss),
      limit: EXPONENT,
      decimals: 2,
      note: `${empty.rss.toFixed(0)} MB without, ${list(({ rss }) => rss.toFixed(0))} MB; its own ${empty.anonymous.toFixed(0)} and ${list(({ anonymous }) => anonymous.toFixed(0))} MB, exponent ${exponentOf(({ anonymous }) => anonymous, empty.anonymous).toFixed(2)}`,
    }),
  ];
}

/** What was measured when so many models were Ready, and the operator at rest, in a new cluster. */
interface Filled {
  readonly operator: OperatorProcess;
  /** What was asked of the API server since the first creation. */
  readonly entries: readonly AuditEntry[];
}

async function withModels<T>(models: number, context: BenchContext, look: (filled: Filled) => Promise<T>): Promise<T> {
  const { signal, log } = context;
  log(`${models} models`);
  await using stage = await startStage(context);
  const operator = await stage.start(OPERATOR, ['--no-leader-elect']);
  const audit = new AuditReader(stage.cluster.auditLog);
  await audit.read();
  await fill(stage, { count: models, user: OPERATOR, signal });
  const found = await look({ operator, entries: await audit.read() });
  await operator.stop();
  return found;
}

async function step(models: number, context: BenchContext): Promise<Step> {
  const found = await withModels(models, context, async ({ operator, entries }) => {
    const created = entries.filter(
      ({ user, verb, resource }) => user === BENCH_USER && verb === 'create' && resource === 'deepseekdeployments',
    );
    const made = entries.filter(({ user, verb, code }) => user === OPERATOR && verb === 'patch' && code === 201);
    const begin = created.reduce((time, { received }) => Math.min(time, received.getTime()), Number.POSITIVE_INFINITY);
    const end = made.reduce((time, { answered }) => Math.max(time, answered.getTime()), 0);
    const { rss, anonymous } = await readMemory(operator.pid);
    const { cpuSeconds, passes } = await readUsage(operator);
    return { models, seconds: (end - begin) / 1000, rss, anonymous, cpuSeconds, passes, load: load() };
  });
  const { seconds, rss, cpuSeconds } = found;
  context.log(`${models} models: ${seconds.toFixed(1)} s, ${rss.toFixed(0)} MB, ${cpuSeconds.toFixed(1)} s of CPU`);
  return found;
}

/** The plot of a run's figures; undefined where growth was not measured. */
export function plotGrowth(figures: readonly Figure[]): string | undefined {
  const details = figures.find(({ name }) => name === 'growth-time')?.details;
  if (details === undefined) return undefined;
  const { steps, empty } = details as unknown as { readonly steps: readonly Step[]; readonly empty: Memory };
  const points = (of: (step: Step) => number) => steps.map((each) => ({ x: each.models, y: of(each) }));
  return renderPlot({
    description:
      'Time until the last child exists, and memory at rest, against the number of models that are created at once',
    xTitle: 'models created at once',
    linear: 'in proportion',
    panels: [
      {
        title: 'Time, seconds',
        series: [
          { title: 'last child exists', kind: 'first', labels: 'above', points: points(({ seconds }) => seconds) },
          {
            title: 'CPU of the operator until rest',
            kind: 'second',
            labels: 'below',
            points: points(({ cpuSeconds }) => cpuSeconds),
          },
        ],
      },
      {
        title: 'Memory at rest, MB',
        series: [
          { title: 'RSS', kind: 'first', labels: 'above', points: points(({ rss }) => rss) },
          {
            title: 'of it above that without models',
            kind: 'second',
            labels: 'below',
            // What is not above it has no place on a logarithmic axis.
            points: points(({ rss }) => rss - empty.rss).filter(({ y }) => y > 0),
          },
        ],
      },
    ],
  });
}
