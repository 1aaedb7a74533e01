import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../../api/index.ts';
import type { ProofMeasurements, TrafficMeasurements } from '../../rollout/measurements.ts';
import { rolloutNews } from '../rollout-news.ts';
import { World } from '../testing/world.ts';

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 2,
  rollout: { gates: [{ metric: 'ErrorRatio', max: '0.01' }] },
};
const OTHER = { name: 'deepseek-r1-distill-qwen-14b' };
const selected = (world: World) => world.service('chat')?.spec?.selector?.[LABEL.revision];
const verdicts = (world: World) => world.deployment.status?.rollout?.verdicts ?? [];

/** A world where SPEC serves, and the pods of another version come up. */
function candidateUp(): { readonly world: World; readonly serving: string; readonly candidate: string } {
  const world = new World(SPEC);
  world.settle();
  world.conclude();
  const serving = selected(world) ?? '';
  world.edit((spec) => ({ ...spec, model: OTHER }));
  world.settle();
  return { world, serving, candidate: world.deployment.status?.candidate?.revision ?? '' };
}

function proves(world: World, proof: Partial<ProofMeasurements>): void {
  const measured = { pods: [{ pod: 'a', ok: true }], smokeTests: [], pairs: [], ...proof };
  world.observations = { ...world.observations, proofs: { get: () => measured } as never };
}

/** What the pods of a revision have counted since somebody asked. */
function serves(world: World, revision: string, requests: number, errors: number): void {
  const measured: TrafficMeasurements = {
    ...{ from: world.now - 60_000, to: world.now, requests, errors, latencies: {} },
    ...{ podsRead: 2, podsFailed: [], running: 0, waiting: 0 },
  };
  world.observations = { ...world.observations, traffic: new Map([[revision, measured]]) };
}

describe('a candidate that answers wrongly', () => {
  it('gets no user’s request, is held with its verdict, and what serves is not touched', () => {
    const { world, serving, candidate } = candidateUp();
    const wrong = {
      prompt: '2+2=',
      expected: 'contains "4"',
      outcome: 'WrongAnswer',
      seconds: 1,
      answer: '5',
    } as const;
    proves(world, { smokeTests: [wrong] });
    world.written.length = 0;
    world.ready();
    world.settle();
    expect(selected(world)).toBe(serving);
    expect(
      world.written.filter((intent) => /Service chat$|chat-\w+$/.test(intent) && intent.includes(serving)),
    ).toEqual([]);
    world.report(candidate, 0);
    world.settle();
    expect(world.deployment.status?.rollout?.phase).toBe('Held');
    expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'ProofFailed' });
    expect(world.condition('Ready')?.message).toContain('2+2=');
    expect(world.names('Deployment')).toEqual([`chat-${serving}`]);
    expect(verdicts(world)).toContainEqual(expect.objectContaining({ stage: 'Proof', verdict: 'Fail' }));
  });
});

describe('a version that breaks a gate on users’ traffic', () => {
  const watched = () => {
    const { world, serving, candidate } = candidateUp();
    world.ready();
    world.settle();
    world.later(15_000);
    expect(world.deployment.status?.rollout?.phase).toBe('Watching');
    return { world, serving, candidate };
  };

  it('loses the traffic in the pass that knows it, and is held with its verdict', () => {
    const { world, serving, candidate } = watched();
    const before = world.deployment.status;
    serves(world, candidate, 1_000, 200);
    world.pass();
    expect(selected(world)).toBe(serving);
    const told = rolloutNews(before, world.deployment.status ?? {});
    expect(told.ended).toMatchObject([{ outcome: 'RolledBack' }]);
    expect(told.verdicts).toContainEqual({ stage: 'Watch', verdict: 'Fail' });
    world.later(60_000);
    world.report(candidate, 0);
    world.settle();
    expect(world.deployment.status?.rollout?.phase).toBe('Held');
    expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'GateFailed' });
    expect(verdicts(world)).toContainEqual(expect.objectContaining({ stage: 'Watch', verdict: 'Fail' }));
    expect(world.names('Deployment')).toEqual([`chat-${serving}`]);
    // The same commit again, ten times.
    for (let i = 0; i < 10; i++) {
      world.edit((spec) => spec);
      world.settle();
    }
    expect(world.deployment.status?.rollout?.phase).toBe('Held');
    expect(world.deployment.status?.rollout?.attempt).toBe(2);
  });

  it('keeps it while too few requests were seen, and is accepted unproven at the end', () => {
    const { world, candidate } = watched();
    serves(world, candidate, 20, 0);
    world.settle();
    expect(selected(world)).toBe(candidate);
    world.later(600_000);
    expect(world.deployment.status?.history?.[0]).toMatchObject({ revision: candidate, outcome: 'AcceptedUnproven' });
    expect(world.deployment.status?.serving?.proven).toBe(false);
    expect(world.condition('Ready')?.status).toBe('True');
  });

  it('is proven by enough requests of which few failed', () => {
    const { world, candidate } = watched();
    serves(world, candidate, 3_000, 3);
    world.later(600_000);
    expect(world.deployment.status?.history?.[0]).toMatchObject({ revision: candidate, outcome: 'Promoted' });
    expect(world.deployment.status?.serving?.proven).toBe(true);
  });
});

it('judges no version by what a query said of another', () => {
  const { world, serving, candidate } = candidateUp();
  const gate = { metric: 'Query', name: 'cost', query: 'x{revision="{{revision}}"}', max: '1' };
  world.edit((spec) => ({ ...spec, rollout: { gates: [gate] } }));
  world.ready();
  world.settle();
  world.later(15_000);
  expect(world.deployment.status?.rollout?.phase).toBe('Watching');
  serves(world, candidate, 0, 0);
  const cost = (revision: string) => {
    const answer = { kind: 'Value', value: 9, at: world.now } as const;
    world.observations = { ...world.observations, queries: new Map([[revision, new Map([['cost', answer]])]]) };
    world.pass();
    return selected(world);
  };
  expect(cost(serving)).toBe(candidate);
  expect(cost(candidate)).toBe(serving);
});

describe('a watch without gates', () => {
  it.each([
    ['has no data with fewer requests than are asked for', 5, 'AcceptedUnproven'],
    ['is passed with as many', 50, 'Promoted'],
  ])('%s', (_, requests, outcome) => {
    const { world, candidate } = candidateUp();
    world.edit((spec) => ({ ...spec, rollout: { watch: { minRequests: 50 } } }));
    world.settle();
    world.ready();
    world.settle();
    serves(world, candidate, requests, 0);
    world.later(600_000);
    expect(world.deployment.status?.history?.[0]).toMatchObject({ revision: candidate, outcome });
  });

  it('takes back a version whose engines run requests and make no token', () => {
    const { world, serving, candidate } = candidateUp();
    world.settle();
    world.ready();
    world.settle();
    expect(selected(world)).toBe(candidate);
    world.later(60_000);
    serves(world, candidate, 10, 0);
    const stalled = { ...world.observations.traffic.get(candidate), running: 3, stalledSince: world.now - 121_000 };
    world.observations = { ...world.observations, traffic: new Map([[candidate, stalled as TrafficMeasurements]]) };
    world.pass();
    expect(selected(world)).toBe(serving);
    world.later(120_000);
    world.report(candidate, 0);
    world.settle();
    expect(world.condition('Ready')?.reason).toBe('EngineNotResponding');
  });
});

it('never tells more verdicts than the schema of the status takes', () => {
  const gates = Array.from({ length: 16 }, (_, index) => ({
    ...{ metric: 'Query', name: `q${index}`, query: 'x{revision="{{revision}}"}', max: '1' },
  }));
  const world = new World({ ...SPEC, rollout: { gates } });
  world.settle();
  world.conclude();
  world.edit((spec) => ({ ...spec, model: OTHER }));
  world.settle();
  const smokeTests = [{ prompt: 'a', expected: 'contains "a"', outcome: 'Passed', seconds: 1, answer: 'a' }] as const;
  proves(world, { smokeTests });
  world.ready();
  world.settle();
  world.later(15_000);
  const revision = world.deployment.status?.serving?.revision ?? '';
  serves(world, revision, 1_000, 0);
  const queries = new Map(gates.map(({ name }) => [name, { kind: 'Value', value: 0.1, at: world.now } as const]));
  world.observations = { ...world.observations, queries: new Map([[revision, queries]]) };
  world.later(600_000);
  expect(world.deployment.status?.rollout?.phase).toBe('Idle');
  expect(verdicts(world).length).toBeLessThanOrEqual(32);
  expect(verdicts(world).filter(({ stage }) => stage === 'Watch').length).toBeGreaterThanOrEqual(16);
});
