import { expect, it } from '@jest/globals';
import { parseMetrics } from '../operator.ts';
import { isCaughtUp } from './restart.ts';

const metrics = (success: number, later: number, depth: number, unfinished: number) =>
  parseMetrics(
    [
      `deepseek_operator_reconciles_total{result="success"} ${success}`,
      `deepseek_operator_reconciles_total{result="requeue_after"} ${later}`,
      `workqueue_depth{name="deepseekdeployment"} ${depth}`,
      `workqueue_unfinished_work_seconds{name="deepseekdeployment"} ${unfinished}`,
    ].join('\n'),
  );

it.each([
  ['every model has had its pass', 7, 3, 0, 0, true],
  ['one has not', 7, 2, 0, 0, false],
  ['one waits again', 8, 3, 1, 0, false],
  ['one is in work', 8, 3, 0, 0.01, false],
  ['it does not lead yet', 0, 0, 0, 0, false],
])('with ten models, where %s', (_, success, later, depth, unfinished, expected) => {
  expect(isCaughtUp(metrics(success, later, depth, unfinished), 10)).toBe(expected);
});
