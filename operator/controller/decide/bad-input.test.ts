import { describe, expect, it, test } from '@jest/globals';
import { TEMPERS } from '../../api/testing/specs.ts';
import { fuzz, HEALTHY } from '../testing/fuzz.ts';
import { emptyWorld, live } from '../testing/lives.ts';
import { World } from '../testing/world.ts';

/** Objects of each temper; `make fuzz` sends 10,000 of them and more. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 150);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_123);
const LIMIT_MS = 280_000;

describe('whatever spec comes', () => {
  it.each(TEMPERS)(
    `%s: it serves or says why not, whole, at rest, and a healthy spec heals it (seed ${SEED})`,
    (temper) => {
      const { objects, decided, ends } = fuzz(temper, { runs: RUNS, seed: SEED });
      expect(objects).toBe(RUNS);
      // Otherwise the objects say nothing.
      expect(decided).toBeGreaterThan(RUNS / 10);
      expect([...ends.keys()].some((end) => end.startsWith('Refused'))).toBe(true);
      expect([...ends.keys()].some((end) => end.startsWith('Ready'))).toBe(true);
    },
    LIMIT_MS,
  );
});

/** A world whose operator has a bug. */
class Broken extends World {
  readonly #spoil: (world: World) => void;

  constructor(spoil: (world: World) => void) {
    super(HEALTHY);
    this.nodes = undefined;
    this.#spoil = spoil;
  }

  override pass() {
    const decision = super.pass();
    this.#spoil(this);
    return decision;
  }
}

describe('a bug is found', () => {
  const said = (world: World, status: string, message = 'x') => {
    const conditions = (world.deployment.status?.conditions ?? []).map((condition) => {
      return condition.type === 'Ready' || condition.type === 'Stalled'
        ? { ...condition, status, message, lastTransitionTime: '2026-01-01T00:00:00Z' }
        : condition;
    });
    world.deployment = { ...world.deployment, status: { ...world.deployment.status, conditions } as never };
  };

  it.each<[string, (world: World) => void, RegExp]>([
    [
      'that ends a pass',
      () => {
        throw new TypeError('Invalid URL');
      },
      /Invalid URL/,
    ],
    [
      'that makes a version without its Service',
      (world) => world.names('Service').forEach((name) => world.objects.delete(`Service/${name}`)),
      /no rest after/,
    ],
    ['that refuses without a word', (world) => said(world, 'False', ''), /without a reason/],
    ['that never says what it waits for', (world) => said(world, 'Unknown'), /nothing comes of it/],
    [
      'that writes a status which nobody can store',
      (world) => said(world, 'False', 'x'.repeat(9_000)),
      /status\.conditions\.\d+\.message/,
    ],
  ])('%s', (_, spoil, words) => {
    expect(() => live(new Broken(spoil), { spec: HEALTHY }, HEALTHY)).toThrow(words);
  });
});

test('a counterexample comes with its seed', () => {
  const become = () => {
    throw new Error('planted');
  };
  expect(() => fuzz('valid', { runs: 10, seed: 7, become })).toThrow(/seed: 7[^]*planted/);
});

test('an object that is refused heals', () => {
  const spec = { ...HEALTHY, model: { name: 'no-such-model' } };
  expect(live(emptyWorld(spec), { spec }, HEALTHY)).toEqual({
    fate: 'Refused',
    reason: 'ModelNotFound',
    decided: true,
  });
});
