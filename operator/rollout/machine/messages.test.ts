import { describe, expect, test } from '@jest/globals';
import { nextStep } from '../next.ts';
import { MAKE, quiet } from './testing/cells.ts';
import type { RolloutInput } from './types.ts';

type Change = (input: RolloutInput) => RolloutInput;

const none: Change = (input) => input;
const order =
  (verb: 'promote' | 'abort', revision: string): Change =>
  (input) => ({ ...input, order: { verb, revision, uid: 'u', nonce: 'n' } });

describe('what people are told', () => {
  test.each<[string, Parameters<typeof quiet>[0], Change, string]>([
    [
      'a window that is to come',
      'AwaitingPromotion',
      (input) => ({ ...input, window: { open: false, changesAt: Date.parse('2099-01-01T03:00:00Z') } }),
      'Revision b is ready and waits for a maintenance window: the next opens at 2099-01-01T03:00Z.',
    ],
    [
      'no window to come',
      'AwaitingPromotion',
      (input) => ({ ...input, window: { open: false } }),
      'Revision b is ready and waits for a maintenance window: none is to come: see rollout.maintenanceWindows.',
    ],
    [
      'a warm version before',
      'Watching',
      none,
      'Revision b has the traffic and is watched; revision a can take it back.',
    ],
    [
      'a version before that would have to load',
      'Watching',
      (input) => ({ ...input, sets: new Map([...input.sets].filter(([hash]) => hash === 'b')) }),
      'Revision b has the traffic and is watched; revision a can take it back once it has loaded.',
    ],
    [
      'no version before',
      'Watching',
      (input) => {
        const { previous: _, ...traffic } = input.traffic;
        return { ...input, traffic };
      },
      'Revision b has the traffic and is watched; there is no version that could take it back.',
    ],
    ['a held version', 'Held', none, 'Revision b was given up and is not tried again by itself; revision a serves.'],
  ])('%s', (_, phase, change, message) => {
    expect(nextStep(change(quiet(phase))).message).toBe(message);
  });

  test.each<[string, Change, string]>([
    ['one way', none, ' Full was tried, and the scheduler did not place every pod in time; left alone for 5 minutes.'],
    [
      'two ways',
      (input) => ({
        ...input,
        memory: { ...(input.memory as NonNullable<typeof input.memory>), missed: ['Full', 'Handover'] },
      }),
      ' Full, Handover were tried, and the scheduler did not place every pod in time; left alone for 5 minutes.',
    ],
  ])('%s that the scheduler did not carry through', (_, change, message) => {
    const input = quiet('Waiting');
    const memory = { ...(input.memory as NonNullable<typeof input.memory>), missed: ['Full'] as const };
    const settings = { ...input.settings, ways: ['Wait'] as const };
    expect(nextStep(change({ ...input, memory, settings })).message.endsWith(message)).toBe(true);
  });
});

test('ways that may be tried again are told of no more', () => {
  const input = quiet('Waiting');
  const memory = { ...(input.memory as NonNullable<typeof input.memory>), missed: ['Full'] as const, since: 0 };
  expect(nextStep({ ...input, memory }).message).not.toContain('tried');
});

describe('what is told of a transition', () => {
  test.each<[string, Parameters<typeof quiet>[0], Change, string]>([
    [
      'the way that was found',
      'Waiting',
      MAKE.Admitted,
      'Revision b is rolled out by Full. Both versions fit beside each other.',
    ],
    ['the proof', 'Proving', MAKE.Proved, 'The proof does not speak against revision b.'],
  ])('%s', (_, phase, change, says) => {
    expect(nextStep(change(quiet(phase))).taken[0]?.says.startsWith(says)).toBe(true);
  });
});

describe('what is answered to a promotion', () => {
  test.each<[string, Parameters<typeof quiet>[0], Change, string]>([
    [
      'before the proof',
      'Loading',
      none,
      'it gets the traffic once it has passed its proof and nothing else is in the way',
    ],
    [
      'once proven',
      'AwaitingPromotion',
      (input) => ({ ...input, window: { open: false } }),
      'it gets the traffic as soon as nothing else is in the way (window, gateway, ready pods)',
    ],
    [
      'in a canary',
      'Loading',
      (input) => ({
        ...input,
        settings: { ...input.settings, strategy: 'Canary', canary: { steps: [{ weight: 10 }] } },
      }),
      'the pause that it is in, or comes to next, ends; each further step without a pause waits again',
    ],
  ])('%s', (_, phase, change, promised) => {
    const step = nextStep(order('promote', 'b')(change(quiet(phase))));
    expect(step.ordered).toEqual({ accepted: true, message: `Revision b is promoted: ${promised}.` });
  });
});

test('the mark of an abort says what was ordered', () => {
  const { marks } = nextStep(order('abort', 'b')(quiet('Loading')));
  expect(marks).toEqual([{ kind: 'held', revision: 'b', cause: 'Held: an abort was ordered' }]);
});
