import { describe, expect, it } from '@jest/globals';
import { nextStep } from '../next.ts';
import { Model, type ModelOptions, stage } from './testing/model.ts';
import { rest } from './testing/walk.ts';

const MIXED: ModelOptions = {
  replicas: 4,
  gpus: 4,
  gateway: true,
  rollout: { whenCapacityIsShort: ['Handover', 'Wait'], handover: { minAvailablePercent: 50, mixedVersions: true } },
};

interface Look {
  readonly phase: string;
  readonly weight: number;
  readonly old: number;
  readonly ready: number;
}

/** A rollout of b, looked at every five seconds until it serves, or for so many looks. */
function roll(model: Model, looks = 400): Look[] {
  model.desired = 'b';
  const seen: Look[] = [];
  for (let look = 0; look < looks; look++) {
    rest(model);
    const { phase = '', weight = 0 } = model.last ?? {};
    seen.push({ phase, weight, old: model.ready('a'), ready: model.ready('b') });
    if (model.traffic.serving === 'b') return seen;
    model.tick(5000);
  }
  return seen;
}

describe('a handover that serves with both versions', () => {
  it('keeps R-1 replicas serving, and moves the traffic when the new version carries them', () => {
    const model = new Model(MIXED);
    const seen = roll(model);
    expect(model.traffic.serving).toBe('b');
    // What counts is what a request can reach.
    for (const { weight, old, ready } of seen.slice(0, -1))
      expect(old + (weight > 0 ? ready : 0)).toBeGreaterThanOrEqual(3);
    expect(model.ready('b')).toBe(3);
    expect(model.last?.weight).toBe(0);
  });

  it('gives the new version its share of the traffic, and none before the proof', () => {
    const seen = roll(new Model(MIXED));
    const proving = seen.findIndex(({ phase }) => phase === 'Proving');
    expect(seen.slice(0, proving + 1).every(({ weight }) => weight === 0)).toBe(true);
    const shares = seen.slice(0, -1).filter(({ weight }) => weight > 0);
    expect(shares.length).toBeGreaterThan(0);
    for (const { weight, old, ready } of shares) expect(weight).toBe(Math.floor((100 * ready) / (old + ready)));
  });

  it('gives users no part of it before somebody has promoted it', () => {
    const model = new Model({ ...MIXED, rollout: { ...MIXED.rollout, promotion: 'Manual' } });
    const seen = roll(model, 100);
    expect(seen.every(({ weight, old }) => weight === 0 && old >= 3)).toBe(true);
    expect(model.last).toMatchObject({ phase: 'AwaitingPromotion', awaits: 'Person' });
    model.give('promote', 'b');
    roll(model);
    expect(model.traffic.serving).toBe('b');
  });

  it('goes on when the window closes and the load grows once both serve', () => {
    const model = new Model(MIXED);
    let looks = 0;
    while ((model.last?.weight ?? 0) === 0 && looks++ < 100) roll(model, 1);
    model.windowOpen = false;
    model.load = { running: 40, waiting: 1000 };
    const seen = roll(model, 60);
    expect(seen.every(({ weight }) => weight > 0)).toBe(true);
    expect(model.traffic.serving).toBe('a');
    model.windowOpen = true;
    roll(model);
    expect(model.traffic.serving).toBe('b');
  });

  it('is judged by the users that it has, and loses them before anything else when it is bad', () => {
    const model = new Model(MIXED);
    let looks = 0;
    while ((model.last?.weight ?? 0) === 0 && looks++ < 100) roll(model, 1);
    const both = ['a', 'b'].map((revision) => ({ kind: 'Traffic', revision, since: 0, stage: 'Canary' }));
    expect(model.last?.questions).toEqual(expect.arrayContaining(both));
    const input = model.input();
    expect(nextStep(input).weight).toBeGreaterThan(0);
    const bad = nextStep({ ...input, observed: { ...input.observed, traffic: stage('Canary', 'Fail') } });
    expect(bad).toMatchObject({ phase: 'Aborting', serving: 'a', weight: 0 });
    expect(bad.marks).toMatchObject([{ kind: 'failed', revision: 'b', cause: expect.stringMatching(/^GateFailed/) }]);
  });

  it('serves with one version at a time without a gateway', () => {
    const model = new Model({ ...MIXED, gateway: false });
    const seen = roll(model);
    expect(seen.every(({ weight }) => weight === 0)).toBe(true);
    expect(Math.min(...seen.map(({ old }) => old))).toBe(2);
  });
});
