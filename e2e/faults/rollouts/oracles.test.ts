import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { DeepSeekDeploymentStatus } from '../../../operator/api/index.ts';
import type { Stage } from '../../rollouts/stage.ts';
import { differences, restsSilently, StatusWatch } from './oracles.ts';

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

it('hears what is written after the end', async () => {
  const writes = ['apply Service chat'];
  const silent = restsSilently(stageWith({}, writes));
  await jest.advanceTimersByTimeAsync(LONG_MS);
  expect(await silent).toEqual([]);
  const loud = restsSilently(stageWith({}, writes));
  writes.push('apply Service chat');
  await jest.advanceTimersByTimeAsync(LONG_MS);
  expect(await loud).toEqual([{ oracle: 'silence', detail: 'at rest it writes: apply Service chat' }]);
});
