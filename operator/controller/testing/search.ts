import { type Explored, explore } from '../../rollout/machine/testing/breadth-first.ts';
import type { Decision } from '../decide/judgement.ts';
import { fingerprintOf, type Happening, Universe } from './events.ts';
import { violations } from './promises.ts';
import { ROOM, told, World } from './world.ts';

/** Where a search of `decide` begins, and what can happen. */
export interface Scope {
  readonly name: string;
  readonly spec: object;
  readonly happenings: readonly Happening[];
}

/** What a search has seen; phases as `from -> to`. */
export interface Searched extends Explored {
  readonly pairs: ReadonlySet<string>;
}

/** Passes of one wake-up: each write of its own wakes the operator again. */
const MAX_PASSES = 12;
/** Waits until a rollout is over. */
const MAX_LOOKS = 40;

/** Spoils what a pass has done, as a bug would: for tests of the search. */
export type Spoil = (world: World, decision: Decision) => void;

/**
 * Every state of a DeepSeekDeployment and its children that the happenings lead to, in any order: no pass of `decide` breaks a
 * promise (promises.ts), each wake-up comes to rest and answers orders, and once the world behaves the rollout ends.
 */
export function search({ spec, happenings }: Scope, states: number, spoil: Spoil = () => undefined): Searched {
  const pairs = new Set<string>();
  const ends = new Set<string>();

  const rest = (universe: Universe): void => {
    const { world } = universe;
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      const before = new Map(world.objects);
      const said = JSON.stringify(world.deployment);
      const decision = world.pass();
      spoil(world, decision);
      for (const { from, to } of decision.rollout.taken) pairs.add(`${from} -> ${to}`);
      const found = violations(before, decision, world);
      if (found.length > 0) throw new Error(found.join('; '));
      const events = told(decision);
      const foreign = events.find(({ reason }) => reason === 'ForeignEdit' || reason === 'ForeignDelete');
      if (foreign !== undefined && !universe.isDisturbed)
        throw new Error(`calls foreign what is its own: ${foreign.note}`);
      universe.wait = decision.requeueAfterMs;
      if (decision.intents.length > 0 || JSON.stringify(world.deployment) !== said) continue;
      if (events.length > 0) throw new Error(`tells of nothing: ${events.map(({ note }) => note).join('; ')}`);
      if (!universe.isAnswered) throw new Error('an order has no answer');
      return;
    }
    throw new Error(`no rest after ${MAX_PASSES} passes: ${world.written.slice(-4).join('; ')}`);
  };

  const end = (universe: Universe): void => {
    const { world } = universe;
    const passed: string[] = [];
    behave(universe);
    for (let look = 0; look < MAX_LOOKS; look++) {
      world.ready();
      rest(universe);
      passed.push(fingerprintOf(universe));
      const { phase } = world.deployment.status?.rollout ?? {};
      const isOver = phase === 'Idle' || phase === 'Held' || world.deployment.status?.plan === undefined;
      if (isOver || ends.has(passed.at(-1) ?? '')) {
        for (const state of passed) ends.add(state);
        return;
      }
      world.now += universe.wait ?? 0;
    }
    const { phase = 'nothing', message = '' } = world.deployment.status?.rollout ?? {};
    throw new Error(`does not end: ${phase}: ${message}`);
  };

  const explored = explore<Universe, Happening>(
    {
      begin() {
        const world = new World(spec);
        world.conclude();
        const universe = new Universe(world);
        rest(universe);
        return universe;
      },
      copy: (universe) => universe.copy(),
      keyOf: fingerprintOf,
      steps: happenings,
      take(universe, what) {
        universe.happen(what);
        rest(universe);
      },
      end,
    },
    states,
  );
  return { ...explored, pairs };
}

/** From here on something is wanted, there is room, engines start, proofs end, nobody pauses, and somebody promotes. */
function behave(universe: Universe): void {
  const { world } = universe;
  world.capacity = ROOM;
  world.failing = new Set();
  world.since.clear();
  universe.happen({ is: 'proof', ends: true });
  const { rollout, replicas = 1 } = world.deployment.spec;
  const well = { rollout: { ...rollout, paused: false, promotion: 'Automatic' }, replicas: Math.max(1, replicas) };
  if (JSON.stringify({ ...world.deployment.spec, ...well }) !== JSON.stringify(world.deployment.spec))
    world.edit((spec) => ({ ...spec, ...well }));
}
