import { AuditReader } from '../../cluster/index.ts';
import { atMost, type BenchContext, type Figure, type Scenario } from '../figure.ts';
import { renderPlot } from '../growth/plot.ts';
import { BENCH_USER } from '../models.ts';
import { readMemory } from '../proc.ts';
import { fill, load, readUsage, startStage } from '../scale/stage.ts';
import { trend } from '../statistics.ts';

const OPERATOR = 'growth-operator';
/** What is still called linear. */
const EXPONENT = 1.1;

/** How time and memory grow with the number of models. */
export const growth: Scenario = {
  name: 'growth',
  method: `Only with \`--full\`. 100, 300, 1,000 and 3,000 models are created at once, each time on a new simulated cluster with an operator that has just
begun. *Time*: from the first creation until the last child exists, by the API server's clock. *Memory*: RSS when all are Ready and
the operator has been at rest for ten seconds. The exponent is the slope of a straight line through the logarithms of both.`,
  run: measure,
};

interface Step {
  readonly models: number;
  readonly seconds: number;
  readonly rss: number;
  readonly anonymous: number;
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
  const steps: Step[] = [];
  for (const models of numbers) steps.push(await step(models, context));
  const details = { steps };
  const range = `from ${numbers[0]?.toLocaleString('en')} to ${numbers.at(-1)?.toLocaleString('en')} models`;
  const list = (of: (step: Step) => string): string => steps.map(of).join(', ');
  return [
    atMost({
      name: 'growth-time',
      title: `Growth of the time until the last child exists, ${range}: exponent`,
      value: exponent(steps, ({ seconds }) => seconds),
      limit: EXPONENT,
      decimals: 2,
      note: `${list(({ seconds }) => seconds.toFixed(1))} s; CPU ${list(({ cpuSeconds }) => cpuSeconds.toFixed(1))} s`,
      details,
    }),
    atMost({
      name: 'growth-memory',
      title: `Growth of RSS, ${range}: exponent`,
      value: exponent(steps, ({ rss }) => rss),
      limit: EXPONENT,
      decimals: 2,
      note: `${list(({ rss }) => rss.toFixed(0))} MB; its own ${list(({ anonymous }) => anonymous.toFixed(0))} MB`,
    }),
  ];
}

async function step(models: number, context: BenchContext): Promise<Step> {
  const { signal, log } = context;
  log(`${models} models`);
  await using stage = await startStage(context);
  const operator = await stage.start(OPERATOR, ['--no-leader-elect']);
  const audit = new AuditReader(stage.cluster.auditLog);
  await audit.read();
  await fill(stage, { count: models, user: OPERATOR, signal });
  const entries = await audit.read();
  const created = entries.filter(
    ({ user, verb, resource }) => user === BENCH_USER && verb === 'create' && resource === 'deepseekdeployments',
  );
  const made = entries.filter(({ user, verb, code }) => user === OPERATOR && verb === 'patch' && code === 201);
  const times = (of: typeof entries): number[] => of.map(({ received }) => received.getTime());
  const { rss, anonymous } = await readMemory(operator.pid);
  const { cpuSeconds, passes } = await readUsage(operator);
  await operator.stop();
  const seconds =
    (times(made).reduce((a, b) => Math.max(a, b)) - times(created).reduce((a, b) => Math.min(a, b))) / 1000;
  log(`${models} models: ${seconds.toFixed(1)} s, ${rss.toFixed(0)} MB, ${cpuSeconds.toFixed(1)} s of CPU`);
  return { models, seconds, rss, anonymous, cpuSeconds, passes, load: load() };
}

function exponent(steps: readonly Step[], of: (step: Step) => number): number {
  const logarithms = (values: readonly number[]): number[] => values.map(Math.log);
  return trend(logarithms(steps.map(({ models }) => models)), logarithms(steps.map(of))).slope;
}

/** The plot of a run's figures; undefined where growth was not measured. */
export function plotGrowth(figures: readonly Figure[]): string | undefined {
  const steps = figures.find(({ name }) => name === 'growth-time')?.details?.['steps'] as readonly Step[] | undefined;
  if (steps === undefined) return undefined;
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
          { title: 'of it its own', kind: 'second', labels: 'below', points: points(({ anonymous }) => anonymous) },
        ],
      },
    ],
  });
}
