import type { RolloutStep } from '../../next.ts';
import type { Memory, RolloutInput } from '../types.ts';
import { behave, happen, type Happening } from './happenings.ts';
import { violations } from './invariants.ts';
import { Model, type ModelOptions } from './model.ts';
import { fingerprintOf } from './state.ts';

/** Passes until nothing changes any more, as the watch events of its own writes wake the controller. */
const MAX_PASSES = 6;

const outcomeOf = ({ memory, phase, serving, previous, replicas, weight }: RolloutStep) =>
  JSON.stringify([memory, phase, serving, previous, [...replicas], weight]);

/** Throws where a step breaks a promise. */
export function check(input: RolloutInput, step: RolloutStep): void {
  const found = violations(input, step);
  if (found.length > 0) throw new Error(found.join('; '));
}

/** Passes until the machine is at rest. Throws when a step breaks a promise, or when it does not come to rest. */
export function rest(model: Model, look: (input: RolloutInput, step: RolloutStep) => void = check): void {
  let before = '';
  for (let pass = 0; ; pass++) {
    const step = model.pass(look);
    const now = outcomeOf(step);
    if (now === before && step.taken.length === 0) return;
    if (pass === MAX_PASSES) throw new Error(`it does not come to rest: ${before} ${now}`);
    before = now;
  }
}

/** Lets it all happen, one after the other, with the machine at rest in between. */
export function walk(start: ModelOptions, happenings: readonly Happening[]): Model {
  const model = new Model(start);
  let stale: Memory | undefined;
  rest(model);
  for (const what of happenings) {
    const before = model.memory;
    happen(model, what, stale);
    if (what.is === 'crash') model.pass(check, what.after);
    stale = before;
    rest(model);
    model.tick(1000);
  }
  rest(model);
  return model;
}

/**
 * Lets the world behave, and the rollout end: at rest, or held. Throws when it does not within two hours.
 *
 * @param ends states of which it is known that they end; those that this one goes through are added
 */
export function finish(model: Model, ends?: Set<string>): void {
  const passed: string[] = [];
  behave(model);
  for (let look = 0; look < 240; look++) {
    rest(model);
    if (ends !== undefined) passed.push(fingerprintOf(model));
    const { awaits, phase } = model.last ?? {};
    // A first version that never gets ready has nothing to be replaced by.
    const stuck =
      phase === 'Loading' && model.last?.candidate === undefined && model.ready(model.traffic.serving) === 0;
    const isOver = model.order === undefined && (phase === 'Idle' || phase === 'Held' || stuck);
    if (isOver || ends?.has(passed.at(-1) ?? '') === true) {
      for (const state of passed) ends?.add(state);
      return;
    }
    if (awaits === 'Person' && model.order === undefined) model.give('promote', model.memory?.candidate ?? '');
    model.tick(30_000);
  }
  throw new Error(`it ends in ${model.last?.phase ?? ''}: ${model.last?.message ?? ''}`);
}
