import { expect, it } from '@jest/globals';
import { parseMetrics } from './operator.ts';

const TEXT = [
  '# HELP passes_total Passes.',
  'passes_total{result="success"} 5',
  'passes_total{result="error"} 2',
  'passes_total_created 9',
  'loop_seconds 0.0125',
  '',
].join('\n');

it('reads one metric, and the sum of one with labels', () => {
  const metrics = parseMetrics(TEXT);
  expect(metrics.value('loop_seconds')).toBe(0.0125);
  expect(metrics.sum('passes_total')).toBe(7);
  expect(metrics.sum('loop_seconds')).toBe(0.0125);
});

it('does not take a metric that is missing for one that is 0', () => {
  expect(() => parseMetrics(TEXT).value('lag_seconds')).toThrow('no lag_seconds');
  expect(parseMetrics(TEXT).sum('lag_seconds')).toBe(0);
});
