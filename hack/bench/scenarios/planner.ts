import { CATALOG } from '../../../operator/catalog/index.ts';
import { planMatrix } from '../../../operator/planner/matrix.ts';
import { plan } from '../../../operator/planner/index.ts';
import type { DeepSeekDeploymentSpec } from '../../../operator/api/index.ts';
import { atMost, type Figure, type Scenario } from '../figure.ts';
import { median } from '../statistics.ts';

/** Rounds over everything, the first of which only warm the compiler up. */
const ROUNDS = { warmUp: 2, measured: 5 };

/** What a person at a terminal, and every pass of the loop, waits for. */
export const planner: Scenario = {
  name: 'planner',
  method: `Every model of the catalogue is planned on every accelerator in every quantization, in one process, after ${ROUNDS.warmUp} rounds of
warm-up; the medians of ${ROUNDS.measured} rounds count. One plan is the mean over all of them, refusals with their alternatives
(each of which is planned too) included. The whole matrix is what \`plan --matrix\` computes, for all models.`,
  run: () => Promise.resolve(measure()),
};

interface Round {
  readonly planMs: readonly number[];
  readonly matrixMs: number;
}

function measure(): readonly Figure[] {
  const rounds = Array.from({ length: ROUNDS.warmUp + ROUNDS.measured }, measureRound).slice(ROUNDS.warmUp);
  const mean = ({ planMs }: Round): number => planMs.reduce((sum, ms) => sum + ms, 0) / planMs.length;
  const slowest = ({ planMs }: Round): number => Math.max(...planMs);
  const cells = rounds[0]?.planMs.length ?? 0;
  return [
    atMost({
      name: 'plan',
      title: 'One plan, with the alternatives of a refusal',
      value: median(rounds.map(mean)),
      limit: 1,
      unit: ' ms',
      decimals: 2,
      note: `mean of ${cells.toLocaleString('en-US')}; the slowest ${median(rounds.map(slowest)).toFixed(1)} ms`,
    }),
    atMost({
      name: 'plan-matrix',
      title: 'The whole matrix: every model on every accelerator in every quantization',
      value: median(rounds.map(({ matrixMs }) => matrixMs)),
      limit: 200,
      unit: ' ms',
      note: `${cells.toLocaleString('en-US')} cells`,
    }),
  ];
}

function measureRound(): Round {
  const planMs = specs().map((spec) => milliseconds(() => plan(spec)));
  const matrixMs = milliseconds(() => {
    for (const model of CATALOG.models) planMatrix(model, CATALOG);
  });
  return { planMs, matrixMs };
}

function specs(): readonly DeepSeekDeploymentSpec[] {
  return CATALOG.models.flatMap((model) =>
    CATALOG.accelerators.flatMap((accelerator) =>
      CATALOG.quantizations.map(({ type }) => ({
        model: { name: model.name },
        accelerator: { type: accelerator.name },
        quantization: { type },
      })),
    ),
  );
}

function milliseconds(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}
