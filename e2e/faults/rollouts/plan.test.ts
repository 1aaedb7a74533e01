import { expect, it } from '@jest/globals';
import { CRASHES, FAULTS, kindOfWrite, nameOf, plansFor, sample } from './plan.ts';

const WRITES = [
  'create ControllerRevision chat-abcdefghij',
  'create Deployment chat-abcdefghij',
  'apply Service chat',
  'patch DeepSeekDeployment chat/status',
  'patch DeepSeekDeployment chat/status',
];

it('every write meets every crash, and each kind of write each other fault once', () => {
  const plans = plansFor('update', WRITES, 1);
  const others = Object.keys(FAULTS).length - CRASHES.length;
  expect(plans).toHaveLength(WRITES.length * CRASHES.length + 4 * others);
  for (const at of [1, 2, 3, 4, 5])
    expect(plans.filter((plan) => plan.at === at).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining([...CRASHES]),
    );
  expect(new Set(plans.map(nameOf)).size).toBe(plans.length);
  expect(plansFor('update', WRITES, 1)).toEqual(plans);
});

it('a sample has of each scenario and of each fault, and is the same for the same seed', () => {
  const plans = ['one', 'two', 'three'].flatMap((scenario) => plansFor(scenario, WRITES, 1));
  const chosen = sample(plans, 30, 7);
  expect(chosen).toHaveLength(30);
  expect(new Set(chosen.map(({ kind }) => kind)).size).toBe(Object.keys(FAULTS).length);
  for (const scenario of ['one', 'two', 'three'])
    expect(chosen.filter((plan) => plan.scenario === scenario).length).toBeGreaterThan(7);
  expect(sample(plans, 30, 7)).toEqual(chosen);
  expect(sample(plans, 30, 8)).not.toEqual(chosen);
  expect(sample(plans, 1_000, 7)).toHaveLength(plans.length);
});

it.each([
  ['create Deployment chat-abcdefghij', 'create Deployment chat-REVISION'],
  ['patch Pod chat-abcdefghij-x7k2m-8f9d2', 'patch Pod POD'],
  ['patch DeepSeekDeployment chat/status', 'patch DeepSeekDeployment chat/status'],
  ['apply Service chat-abcdefghij', 'apply Service chat-REVISION'],
])('%s is of the kind %s', (write, kind) => {
  expect(kindOfWrite(write)).toBe(kind);
});
