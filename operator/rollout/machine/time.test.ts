import { describe, expect, it, test } from '@jest/globals';
import { ROLLOUT_PHASES } from '../../api/status.ts';
import { nextStep } from '../next.ts';
import { quiet } from './testing/cells.ts';
import { Model } from './testing/model.ts';
import { rest } from './testing/walk.ts';
import { violations } from './testing/invariants.ts';
import type { RolloutInput } from './types.ts';

const at = (input: RolloutInput, ms: number): RolloutInput => ({ ...input, now: input.now + ms });
const paused = (input: RolloutInput, value = true): RolloutInput => ({
  ...input,
  settings: { ...input.settings, paused: value },
});
const eventsOf = (input: RolloutInput) => nextStep(input).taken.map(({ event }) => event);

/** With traffic that was measured from the beginning. */
const seen = (input: RolloutInput): RolloutInput => ({ ...input, observed: { ...input.observed, trafficFrom: 0 } });

describe('the clock', () => {
  test.each(ROLLOUT_PHASES)('that goes back a little changes nothing in %s', (phase) => {
    const input = at(quiet(phase), -3000);
    const step = nextStep(input);
    expect({ phase: step.phase, taken: step.taken }).toEqual({ phase, taken: [] });
    expect(violations(input, step)).toEqual([]);
  });

  it.each([
    ['Scheduling', 110_000, 'Missed'],
    ['Loading', 1_010_000, 'Failed'],
    ['Switching', 5_000, 'Confirmed'],
    ['Watching', 590_000, 'WatchUnproven'],
  ] as const)('ends %s %i ms on, and not before, with %s', (phase, ms, event) => {
    expect(eventsOf(at(seen(quiet(phase)), ms - 1))).toEqual([]);
    expect(eventsOf(at(seen(quiet(phase)), ms))[0]).toBe(event);
  });

  it('watches for as long again what an operator that began late has hardly seen', () => {
    const late = quiet('Watching');
    expect(eventsOf(at(late, 590_000))).toEqual([]);
    expect(eventsOf(at(late, 1_190_000))).toEqual(['WatchUnproven']);
  });

  it.each(['Scheduling', 'Loading', 'Switching', 'Watching'] as const)('wakes %s when its time is over', (phase) => {
    let input = quiet(phase);
    // It may look earlier for other reasons.
    for (let look = 0; look < 8 && eventsOf(input).length === 0; look++) {
      const { wakeAt } = nextStep(input);
      expect(wakeAt).toBeGreaterThan(input.now);
      input = { ...input, now: wakeAt ?? input.now };
    }
    expect(eventsOf(input)).not.toEqual([]);
  });

  it('stands still in a pause before the switch, and goes on after it', () => {
    const loading = quiet('Loading');
    const held = nextStep(paused(loading));
    const later = at({ ...loading, memory: held.memory }, 7_200_000);
    expect(nextStep(paused(later))).toMatchObject({ phase: 'Loading', taken: [] });
    const resumed = nextStep(paused(later, false));
    expect(resumed).toMatchObject({ phase: 'Loading', taken: [] });
    expect(resumed.deadline).toBe((nextStep(loading).deadline ?? 0) + 7_200_000);
    expect(resumed.memory.pausedAt).toBeUndefined();
  });

  it('goes on in a watch that is paused: it does not end by itself, and still takes a version back', () => {
    const late = paused(at(quiet('Watching'), 3_600_000));
    expect(eventsOf(late)).toEqual([]);
    expect(eventsOf({ ...late, health: new Map([['b', { trouble: 'CrashLoop: exit code 1' }]]) })[0]).toBe('Failed');
    expect(eventsOf(paused(late, false))).toEqual(['WatchUnproven']);
  });

  it('keeps the old version for the rollback window, and says so to the end', () => {
    const model = new Model();
    model.desired = 'b';
    for (let look = 0; look < 60 && !model.marks.get('b')?.proven; look++) {
      rest(model);
      model.tick(20_000);
    }
    rest(model);
    const { switchedAt = 0 } = model.traffic;
    const end = switchedAt + 7_200_000;
    model.tick(end - model.now - 1000);
    rest(model);
    expect(model.deployments.get('a')).toBe(2);
    expect(model.last?.wakeAt).toBe(end);
    model.tick(1000);
    rest(model);
    expect(model.deployments.has('a')).toBe(false);
  });

  it('waits for pods on a node that is gone no longer than their deadline', () => {
    const aborting = quiet('Aborting');
    const limit = aborting.settings.drainDeadlineMs + 60_000 - 10_000;
    expect(eventsOf(at(aborting, limit - 1))).toEqual([]);
    expect(eventsOf(at(aborting, limit))).toEqual(['Dropped']);
  });
});
