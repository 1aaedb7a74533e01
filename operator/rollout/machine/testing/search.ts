import type { RolloutPhase } from '../../../api/index.ts';
import { TABLE } from '../table.ts';
import type { Memory, RolloutInput, RolloutStep } from '../types.ts';
import { type Explored, explore } from './breadth-first.ts';
import { happen, type Happening } from './happenings.ts';
import { Model, type ModelOptions } from './model.ts';
import { copyOf, fingerprintOf } from './state.ts';
import { check, finish, rest } from './walk.ts';

/** A small world, and what can happen in it. */
export interface Scope {
  readonly name: string;
  readonly start: ModelOptions;
  /** What has happened before, to come to where it becomes interesting: happenings, and phases that time leads to. */
  readonly prelude?: readonly (Happening | RolloutPhase)[];
  readonly happenings: readonly Happening[];
}

/** Everything that the table leads to: its cells as `phase/event`, and the pairs of phases as `from -> to`. */
export const TRANSITIONS = TABLE.flatMap(({ event, cells }) =>
  Object.entries(cells).flatMap(([phase, cell]) =>
    'to' in cell ? [{ cell: `${phase}/${event}`, pair: `${phase} -> ${cell.to}` }] : [],
  ),
);

/** What a search has seen. */
export interface Searched extends Explored {
  /** Transitions of the machine, as `from -> to`, and its cells, as `phase/event`. */
  readonly pairs: ReadonlySet<string>;
  readonly cells: ReadonlySet<string>;
}

export interface SearchLimits {
  readonly states: number;
  /** The machine that is searched. Default: ours. */
  readonly machine?: (input: RolloutInput) => RolloutStep;
}

type Look = (input: RolloutInput, step: RolloutStep) => void;
interface State {
  readonly model: Model;
  /** A status that the operator may read again. */
  stale?: Memory | undefined;
}

/**
 * Every state that the happenings of a scope lead to, in any order: each step that the machine takes keeps what it promises
 * (invariants.ts), and from each state the rollout ends once the world behaves.
 */
export function search(scope: Scope, { states, machine }: SearchLimits): Searched {
  const { gpus = 8 } = scope.start;
  const plenty = { ends: new Set<string>() };
  const own = { gpus, ends: new Set<string>() };
  const pairs = new Set<string>();
  const cells = new Set<string>();
  const hasStale = scope.happenings.some(({ is }) => is === 'status stale');
  const look: Look = (input, step) => {
    check(input, step);
    for (const { from, to, event } of step.taken) {
      pairs.add(`${from} -> ${to}`);
      cells.add(`${from}/${event}`);
    }
  };
  const explored = explore<State, Happening>(
    {
      begin() {
        const model = new Model(scope.start);
        if (machine !== undefined) model.machine = machine;
        rest(model, look);
        for (const what of scope.prelude ?? []) lead(model, what, look);
        return { model };
      },
      copy: ({ model, stale }) => ({ model: copyOf(model), stale }),
      keyOf: ({ model, stale }) => fingerprintOf(model, hasStale ? stale : undefined),
      steps: scope.happenings,
      take(state, what) {
        const { model, stale } = state;
        state.stale = model.memory;
        happen(model, what, stale);
        if (what.is === 'crash') model.pass(look, what.after);
        rest(model, look);
      },
      end({ model }) {
        finish(copyOf(model), plenty);
        finish(model, own);
      },
    },
    states,
  );
  return { ...explored, pairs, cells };
}

function lead(model: Model, to: Happening | RolloutPhase, look: Look): void {
  if (typeof to !== 'string') happen(model, to, undefined);
  for (let step = 0; typeof to === 'string' && model.last?.phase !== to; step++) {
    if (step === 100) throw new Error(`the prelude does not lead to ${to}, but to ${model.last?.phase ?? 'nothing'}`);
    happen(model, { is: 'next' }, undefined);
    rest(model, look);
  }
  rest(model, look);
}
