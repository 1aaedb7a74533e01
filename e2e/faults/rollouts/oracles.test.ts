import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { DeepSeekDeploymentStatus } from '../../../operator/api/index.ts';
import type { Stage } from '../../rollouts/stage.ts';
import { differences, excess, restsSilently, StatusWatch, tooManyTogether } from './oracles.ts';

const LONG_MS = 4_000;

/** What the oracles look at of a stage: what users get, and what the operators write. */
const stageWith = (now: object, writes: readonly string[] = []): Stage =>
  ({ traffic: { now }, writes }) as unknown as Stage;

const status = (conditions: Readonly<Record<string, string>>, revision = 'a'): DeepSeekDeploymentStatus =>
  ({
    serving: { revision },
    conditions: Object.entries(conditions).map(([type, is]) => ({ type, status: is })),
  }) as unknown as DeepSeekDeploymentStatus;

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('what a status may not claim', () => {
  /** What is found when the status says this all the time, while users get that. */
  const foundOf = (said: DeepSeekDeploymentStatus, now: object): string[] => {
    const watch = new StatusWatch(stageWith(now));
    watch.look(said);
    jest.advanceTimersByTime(LONG_MS);
    watch.look(said);
    return watch.findings.map(({ detail }) => detail);
  };

  it.each([
    ['nothing that is not so', status({ Available: 'True', Ready: 'True' }), { selected: 'a', ready: { a: 1 } }, []],
    ['another version', status({}, 'b'), { selected: 'a', ready: { a: 1 } }, ['b is said to serve, a is selected']],
    [
      'Available without an endpoint',
      status({ Available: 'True' }),
      { selected: 'a', ready: {} },
      ['Available, without a ready endpoint'],
    ],
    ['Available=False without an endpoint', status({ Available: 'False' }), { selected: 'a', ready: {} }, []],
    [
      'Ready beside Stalled',
      status({ Ready: 'True', Stalled: 'True' }),
      { selected: 'a', ready: { a: 1 } },
      ['Ready and Stalled'],
    ],
  ])('%s', (_, said, now, findings) => {
    expect(foundOf(said, now)).toEqual(findings);
  });

  it('is not blamed for the time in which nobody could know better', () => {
    const watch = new StatusWatch(stageWith({ selected: 'a', ready: { a: 1 } }));
    watch.look(status({}, 'b'));
    jest.advanceTimersByTime(LONG_MS);
    watch.excuse();
    watch.look(status({}, 'b'));
    expect(watch.findings).toEqual([]);
    jest.advanceTimersByTime(LONG_MS);
    watch.look(status({}, 'b'));
    expect(watch.findings).toHaveLength(1);
  });

  it('may lag behind what is, and counts anew when it was right between', () => {
    const watch = new StatusWatch(stageWith({ selected: 'a', ready: { a: 1 } }));
    for (let look = 0; look < 4; look++) {
      watch.look(status({}, 'b'));
      jest.advanceTimersByTime(LONG_MS / 2);
      watch.look(status({}, 'a'));
    }
    expect(watch.findings).toEqual([]);
  });
});

it('counts the GPUs of two models at each moment together', () => {
  const one = [
    { at: 0, gpus: { a: 2 } },
    { at: 10, gpus: { a: 2, b: 2 } },
    { at: 30, gpus: { b: 2 } },
  ];
  const other = (at: number) => [
    { at: 5, gpus: { c: 2 } },
    { at, gpus: { c: 2, d: 2 } },
  ];
  expect(tooManyTogether(6, one, other(30))).toEqual([]);
  expect(tooManyTogether(6, one, other(20))).toEqual([
    { oracle: 'traffic', detail: '8 GPUs of two models, there are 6' },
  ]);
});

it('tells each value in which two ends differ, from both sides, and no more than a dozen', () => {
  expect(differences({ a: 1, b: [2] }, { a: 1, b: [2] })).toEqual([]);
  expect(differences({ a: 1, b: [2] }, { a: 3, b: [] }).map(({ detail }) => detail)).toEqual([
    'lacks /a = 3',
    'has /a = 1',
    'has /b/0 = 2',
  ]);
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`field${index}`, index]));
  expect(differences({}, many).at(-1)?.detail).toBe('8 more');
});

describe('rest', () => {
  /** What is heard of a stage on which this happens some milliseconds after the end, and this when its time jumps. */
  const heardOf = async (
    happens: (on: { writes: string[]; events: number }) => void,
    { later, goesOn = false }: { readonly later: boolean; readonly goesOn?: boolean },
  ): Promise<string[]> => {
    const on = {
      writes: ['apply Service chat'],
      events: 3,
      clock: { advance: (ms: number) => ms > 0 && later && happens(on) },
    };
    const heard = restsSilently(on as unknown as Stage, { goesOn });
    await jest.advanceTimersByTimeAsync(10);
    if (!later) happens(on);
    await jest.advanceTimersByTimeAsync(LONG_MS);
    return (await heard).map(({ detail }) => detail);
  };

  it.each([
    [false, 'at rest'],
    [true, 'ten minutes later'],
  ])('later: %s: hears what is written and told', async (later, when) => {
    expect(await heardOf(() => undefined, { later })).toEqual([]);
    expect(await heardOf((on) => on.writes.push('apply Service chat'), { later })).toEqual([
      `${when} it writes: apply Service chat`,
    ]);
    expect(await heardOf((on) => (on.events += 2), { later })).toEqual([`${when} it tells of 2 events`]);
  });

  it('listens to the moment alone where somebody else goes on', async () => {
    const happens = (on: { writes: string[] }) => on.writes.push('apply Service chat');
    expect(await heardOf(happens, { later: true, goesOn: true })).toEqual([]);
    expect(await heardOf(happens, { later: false, goesOn: true })).toHaveLength(1);
  });
});

it('finds that more is written than one fault explains', () => {
  const counted = (writes: number, events: number) => ({ writes: Array<string>(writes).fill('apply'), events });
  expect(excess(counted(21, 25), counted(10, 10))).toEqual([]);
  expect(excess(counted(22, 26), counted(10, 10)).map(({ detail }) => detail)).toEqual([
    '22 writes, at most 21',
    '26 events, at most 25',
  ]);
});
