import { describe, expect, it } from '@jest/globals';
import { Restless } from './restless.ts';

function setup() {
  let now = 5_000;
  const restless = new Restless({ monotonic: () => now });
  return { restless, pass: (ms: number) => void (now += ms) };
}

describe('an object whose spec changes', () => {
  it('ten times is followed each time, and then once in a second', () => {
    const { restless, pass } = setup();
    for (let generation = 1; generation <= 10; generation++)
      expect(restless.waitMs('ai/u', `uid/${generation}`)).toBe(0);
    expect(restless.waitMs('ai/u', 'uid/11')).toBe(1_000);
    pass(400);
    expect(restless.waitMs('ai/u', 'uid/12')).toBe(600);
    pass(600);
    expect(restless.waitMs('ai/u', 'uid/13')).toBe(0);
    expect(restless.waitMs('ai/u', 'uid/14')).toBe(1_000);
  });

  it('50 times a second has 70 passes in a minute', () => {
    const { restless, pass } = setup();
    let passes = 0;
    for (let generation = 1; generation <= 3_000; generation++) {
      if (restless.waitMs('ai/u', `uid/${generation}`) === 0) passes++;
      pass(20);
    }
    expect(passes).toBeGreaterThanOrEqual(69);
    expect(passes).toBeLessThanOrEqual(70);
  });

  it('once in a second is never held up', () => {
    const { restless, pass } = setup();
    for (let generation = 1; generation <= 100; generation++) {
      expect(restless.waitMs('ai/u', `uid/${generation}`)).toBe(0);
      pass(1_000);
    }
  });

  it('holds up what it asks for now, and nothing that happens to what it has asked for', () => {
    const { restless } = setup();
    for (let generation = 1; generation <= 10; generation++) restless.waitMs('ai/u', `uid/${generation}`);
    for (let event = 0; event < 100; event++) expect(restless.waitMs('ai/u', 'uid/10')).toBe(0);
  });

  it('holds up nobody else, and no other one of its name', () => {
    const { restless } = setup();
    for (let generation = 1; generation <= 11; generation++) restless.waitMs('ai/u', `uid/${generation}`);
    expect(restless.waitMs('ai/v', 'uid-v/1')).toBe(0);
    restless.forget('ai/u');
    expect(restless.waitMs('ai/u', 'uid/12')).toBe(0);
  });
});
