import { expect, it } from '@jest/globals';
import { CRASHES, FAULTS, kindOfWrite, nameOf, planOf, plansFor, sample } from './plan.ts';

const WRITES = [
  'create ControllerRevision chat-abcdefghij',
  'create Deployment chat-abcdefghij',
  'apply Service chat',
  'patch DeepSeekDeployment chat/status',
  'patch DeepSeekDeployment chat/status',
];

const recorded = (...scenarios: string[]) => scenarios.map((scenario) => ({ scenario, writes: WRITES }));

it('every write of every scenario meets every crash, and each kind of write each other fault once', () => {
  const plans = plansFor(recorded('update', 'abort'), 1);
  const others = Object.keys(FAULTS).length - CRASHES.length;
  expect(plans).toHaveLength(2 * WRITES.length * CRASHES.length + 4 * others);
  for (const scenario of ['update', 'abort'])
    for (const kind of CRASHES)
      expect(plans.filter((plan) => plan.scenario === scenario && plan.kind === kind).map(nameOf)).toEqual([
        `${scenario}; ${kind}; create ControllerRevision chat-REVISION #1`,
        `${scenario}; ${kind}; create Deployment chat-REVISION #1`,
        `${scenario}; ${kind}; apply Service chat #1`,
        `${scenario}; ${kind}; patch DeepSeekDeployment chat/status #1`,
        `${scenario}; ${kind}; patch DeepSeekDeployment chat/status #2`,
      ]);
  const met = (fault: string) => plans.filter(({ kind }) => kind === fault).map(({ write }) => write);
  expect(met('late-events').sort()).toEqual([
    'apply Service chat',
    'create ControllerRevision chat-REVISION',
    'create Deployment chat-REVISION',
    'patch DeepSeekDeployment chat/status',
  ]);
  expect(new Set(plans.map(nameOf)).size).toBe(plans.length);
  expect(plansFor(recorded('update', 'abort'), 1)).toEqual(plans);
  expect(plansFor(recorded('update', 'abort'), 2)).not.toEqual(plans);
});

it('a sample has of each scenario and of each fault, and is the same for the same seed', () => {
  const plans = plansFor(recorded('one', 'two', 'three'), 1);
  const chosen = sample(plans, 30, 7);
  expect(chosen).toHaveLength(30);
  expect(new Set(chosen.map(({ kind }) => kind)).size).toBe(Object.keys(FAULTS).length);
  for (const scenario of ['one', 'two', 'three'])
    expect(chosen.filter((plan) => plan.scenario === scenario).length).toBeGreaterThan(4);
  expect(sample(plans, 30, 7)).toEqual(chosen);
  expect(sample(plans, 30, 8)).not.toEqual(chosen);
  expect(sample(plans, 1_000, 7)).toHaveLength(plans.length);
});

it.each([
  ['create Deployment chat-abcdefghij', 'create Deployment chat-REVISION'],
  ['patch Pod chat-abcdefghij-x7k2m-8f9d2', 'patch Pod POD'],
  ['patch DeepSeekDeployment chat/status', 'patch DeepSeekDeployment chat/status'],
  ['apply Service chat-abcdefghij', 'apply Service chat-REVISION'],
  ['apply Service other-abcdefghij', 'apply Service other-REVISION'],
])('%s is of the kind %s', (write, kind) => {
  expect(kindOfWrite(write)).toBe(kind);
});

it('the name of a plan is enough to play it again', () => {
  for (const plan of plansFor(recorded('A, B, C'), 1)) expect(planOf(nameOf(plan))).toEqual(plan);
  expect(planOf('A, B, C; earthquake; apply Service chat #1')).toBeUndefined();
});
