/**
 * `make search [STATES=N]`: goes through the states of small worlds breadth-first, at two depths. The machine of rollouts, alone, is fast:
 * hundreds of thousands of states. `decide` whole, with the objects that it writes, is slower. Prints what was seen, and the shortest way
 * to the first broken promise, if there is one; ends with 1 then, and where no rollout went from a phase to one that the table leads to.
 * The unit tests look at fewer states of the same (`STATES` there).
 */
import { SCOPES as OBJECT_SCOPES } from '../operator/controller/testing/scopes.ts';
import { search as searchObjects } from '../operator/controller/testing/search.ts';
import type { Explored } from '../operator/rollout/machine/testing/breadth-first.ts';
import { SCOPES } from '../operator/rollout/machine/testing/scopes.ts';
import { search, TRANSITIONS } from '../operator/rollout/machine/testing/search.ts';

/** A pass of all of `decide` takes as long as so many of the machine alone. */
const SLOWER = 20;

interface Total {
  states: number;
  transitions: number;
  readonly pairs: Set<string>;
}

function report(name: string, found: Explored & { readonly pairs: ReadonlySet<string> }, total: Total): void {
  const { states, transitions, depth, isComplete, problem, pairs } = found;
  total.states += states;
  total.transitions += transitions;
  for (const pair of pairs) total.pairs.add(pair);
  const counts = [states, transitions, depth].map((count) => String(count).padStart(9)).join('');
  console.log(`${counts}  ${isComplete ? 'all' : '   '}  ${name}`);
  if (problem === undefined) return;
  console.log(`  BROKEN: ${problem.message}\n${problem.path.map((step) => `    ${step}`).join('\n')}`);
  process.exitCode = 1;
}

const newTotal = (): Total => ({ states: 0, transitions: 0, pairs: new Set() });
const states = Number(process.argv[2] ?? 40_000);
if (!Number.isInteger(states) || states < 1) {
  console.error('usage: node hack/search.ts [STATES PER SCOPE]');
  process.exit(2);
}

console.log('   states  transit.    depth  (all: every state that can be reached)');
console.log('the machine of rollouts:');
const machine = newTotal();
const cells = new Set<string>();
for (const scope of SCOPES) {
  const found = search(scope, { states });
  for (const cell of found.cells) cells.add(cell);
  report(scope.name, found, machine);
}
console.log('decide, with its objects:');
const objects = newTotal();
for (const scope of OBJECT_SCOPES) report(scope.name, searchObjects(scope, Math.ceil(states / SLOWER)), objects);

const pairs = new Set(TRANSITIONS.map(({ pair }) => pair));
const seenOf = (seen: ReadonlySet<string>) => [...pairs].filter((pair) => seen.has(pair)).length;
for (const [name, seen] of [
  ['the machine', machine.pairs],
  ['decide', objects.pairs],
] as const) {
  const missing = [...pairs].filter((pair) => !seen.has(pair));
  if (missing.length === 0) continue;
  console.log(`MISSING, in the search of ${name}: ${missing.join(', ')}`);
  process.exitCode = 1;
}
console.log(
  `machine: ${machine.states} states, ${machine.transitions} transitions, ${seenOf(machine.pairs)} of ${pairs.size} pairs of phases, ` +
    `${TRANSITIONS.filter(({ cell }) => cells.has(cell)).length} of ${TRANSITIONS.length} rows of the table`,
);
console.log(
  `decide: ${objects.states} states, ${objects.transitions} transitions, ${seenOf(objects.pairs)} of ${pairs.size} pairs of phases`,
);
