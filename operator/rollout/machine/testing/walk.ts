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

/** Room for everything that could be wanted. */
const PLENTY = 64;

/** How a world ends: with how many GPUs, and what is known of its states. */
export interface Ending {
  /** GPUs of the cluster. Default: room for everything. */
  readonly gpus?: number;
  /** States of which it is known that they end so; those that this one goes through are added. */
  readonly ends?: Set<string>;
}

/**
 * Lets the world behave, and the rollout end: at rest, or held, or waiting for room that there is not while what serves does so in
 * full. Throws when it does not within two hours.
 */
export function finish(model: Model, { gpus = PLENTY, ends }: Ending = {}): void {
  const passed: string[] = [];
  behave(model, gpus);
  for (let look = 0; look < 240; look++) {
    rest(model);
    if (ends !== undefined) passed.push(fingerprintOf(model));
    if (isOver(model, gpus) || ends?.has(passed.at(-1) ?? '') === true) {
      for (const state of passed) ends?.add(state);
      return;
    }
    if (model.last?.awaits === 'Person' && model.order === undefined)
      model.give('promote', model.memory?.candidate ?? '');
    model.tick(30_000);
  }
  throw new Error(`with ${gpus} GPUs it ends in ${model.last?.phase ?? ''}: ${model.last?.message ?? ''}`);
}

function isOver(model: Model, gpus: number): boolean {
  const { last, order, traffic, replicas } = model;
  if (order !== undefined || last === undefined) return false;
  const { phase, candidate } = last;
  const ready = model.ready(traffic.serving);
  // What never gets ready has nothing to be replaced by.
  const stuck = phase === 'Loading' && candidate === undefined && ready === 0;
  const waits = phase === 'Waiting' && gpus < 2 * replicas && ready === replicas;
  return phase === 'Idle' || phase === 'Held' || stuck || waits;
}
