import { expect, it } from '@jest/globals';
import { nameOf, type Plan, planOf } from './plan.ts';
import { REGRESSIONS, withRegressions } from './regressions.ts';
import { SCENARIOS } from './scenarios/index.ts';

const PLAN: Plan = { scenario: 'abort', kind: 'conflict', write: 'apply Service chat', nth: 1 };

it.each(REGRESSIONS)('%s is a plan of a scenario that there is', (name) => {
  const plan = planOf(name);
  expect(plan && nameOf(plan)).toBe(name);
  expect(SCENARIOS.map((scenario) => scenario.name)).toContain(plan?.scenario);
});

it('each regression is played once, where its scenario is', () => {
  expect(withRegressions([PLAN], SCENARIOS).map(nameOf)).toEqual([nameOf(PLAN), ...REGRESSIONS]);
  const all = withRegressions([], SCENARIOS);
  expect(withRegressions(all, SCENARIOS)).toEqual(all);
  expect(withRegressions([PLAN], [{ name: 'abort' }])).toEqual([PLAN]);
  expect(withRegressions([PLAN], [{ name: 'abort' }], ['abort; timeout; apply Service chat #2'])).toHaveLength(2);
});
