import { describe, expect, it } from '@jest/globals';
import { PLANTED } from './testing/planted.ts';
import { UNPERMITTED } from './testing/planted-permissions.ts';
import { SCOPES } from './testing/scopes.ts';
import { search, TRANSITIONS } from './testing/search.ts';

/** Enough for every transition of the table. `make search` looks at more. */
const STATES = 2_500;

describe('every state of small worlds, as far as it was searched', () => {
  const pairs = new Set<string>();
  const cells = new Set<string>();
  const counts = { states: 0, transitions: 0 };

  it.each(SCOPES.map((scope) => [scope.name, scope] as const))('%s: keeps what is promised, and ends', (_, scope) => {
    const found = search(scope, { states: STATES });
    for (const pair of found.pairs) pairs.add(pair);
    for (const cell of found.cells) cells.add(cell);
    counts.states += found.states;
    counts.transitions += found.transitions;
    expect(found.problem).toBeUndefined();
    expect(found.isComplete || found.states >= STATES).toBe(true);
  });

  it('goes through every transition of the table', () => {
    expect(TRANSITIONS.map(({ cell }) => cell).filter((cell) => !cells.has(cell))).toEqual([]);
    const led = new Set(TRANSITIONS.map(({ pair }) => pair));
    expect([...led].filter((pair) => !pairs.has(pair))).toEqual([]);
    expect(counts.transitions).toBeGreaterThan(counts.states);
    console.log(
      `the machine: ${counts.states} states, ${counts.transitions} transitions, all ${led.size} pairs of phases`,
    );
  });
});

describe('the search finds', () => {
  it.each([...PLANTED, ...UNPERMITTED].map((bug) => [bug.name, bug] as const))(
    '%s',
    (_, { scope: name, machine, found }) => {
      const scope = SCOPES.find((one) => one.name === name);
      if (scope === undefined) throw new Error(`no scope ${name}`);
      expect(search(scope, { states: STATES, machine }).problem?.message).toMatch(found);
    },
  );
});
