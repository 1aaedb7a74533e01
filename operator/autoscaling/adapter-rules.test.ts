import { describe, expect, it } from '@jest/globals';
import { adapterConfig, missingMetrics } from './adapter-rules.ts';
import { AUTOSCALING_METRIC } from '../monitoring/names.ts';

const NAMES = Object.values(AUTOSCALING_METRIC).map(({ metric }) => metric);

describe('the rules for prometheus-adapter', () => {
  it('have every metric once for pods and once as an external one', () => {
    const { rules, externalRules } = adapterConfig();
    expect(rules.map(({ name }) => name.as)).toEqual(NAMES);
    expect(externalRules.map(({ name }) => name.as)).toEqual(NAMES);
  });

  it('take series that say whose they are', () => {
    const { rules, externalRules } = adapterConfig();
    expect(rules[0]).toEqual({
      seriesQuery: 'deepseek:queue_depth{namespace!="",pod!=""}',
      resources: { overrides: { namespace: { resource: 'namespace' }, pod: { resource: 'pod' } } },
      name: { as: 'deepseek_queue_depth' },
      metricsQuery: 'sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)',
    });
    expect(externalRules[0]?.seriesQuery).toBe('deepseek:queue_depth{namespace!=""}');
  });
});

describe('what an adapter lacks', () => {
  const pods = (...names: string[]) => names.map((name) => `pods/${name}`);
  it.each([
    ['has all', pods(...NAMES), []],
    ['is not there', undefined, ['deepseek_queue_depth', 'deepseek_batch_utilization']],
    ['has no rule of ours', pods('http_requests'), ['deepseek_queue_depth', 'deepseek_batch_utilization']],
    ['has one of them', pods('deepseek_queue_depth'), ['deepseek_batch_utilization']],
    [
      'has them of namespaces alone',
      ['namespaces/deepseek_queue_depth'],
      ['deepseek_queue_depth', 'deepseek_batch_utilization'],
    ],
  ])('of one that %s', (_, custom, missing) => {
    expect(missingMetrics({ custom }, ['QueueDepth', 'BatchUtilization'])).toEqual(missing);
  });
});
