import type { RolloutPhase } from '../../api/index.ts';
import { type Explored, explore } from '../../rollout/machine/testing/breadth-first.ts';
import type { Decision } from '../decide/judgement.ts';
import { fingerprintOf, type Happening, Universe } from './events.ts';
import { violations } from './promises.ts';
import { GatewayWorld } from './gateway-world.ts';
import { ROOM, told, type World } from './world.ts';

/** Where a search of `decide` begins, and what can happen. */
export interface Scope {
  readonly name: string;
  readonly spec: object;
  /** What has happened before, to come to where it becomes interesting: happenings, and phases that time leads to. */
  readonly prelude?: readonly (Happening | RolloutPhase)[];
  readonly happenings: readonly Happening[];
}

/** What a search has seen; phases as `from -> to`. */
export interface Searched extends Explored {
  readonly pairs: ReadonlySet<string>;
}

/** Passes of one wake-up: each write of its own wakes the operator again. */
const MAX_PASSES = 12;
/** What is under way is finished before an order is looked at. */
const FINISHING: ReadonlySet<RolloutPhase> = new Set(['Switching', 'Aborting']);
/** Waits until a rollout is over. */
const MAX_LOOKS = 40;

/** What a bug would do, for tests of the search. */
export interface Bug {
  /** Spoils what a pass has done. */
  readonly spoil?: (world: World, decision: Decision) => void;
  /** What a pass takes for what is. */
  readonly misread?: World['misread'];
}

/**
 * Every state of a DeepSeekDeployment and its children that the happenings lead to, in any order: no pass of `decide` breaks a
 * promise (promises.ts), each wake-up comes to rest and answers orders, and once the world behaves the rollout ends.
 */
export function search(
  { spec, prelude = [], happenings }: Scope,
  states: number,
  { spoil, misread }: Bug = {},
): Searched {
  const pairs = new Set<string>();
  const ends = new Set<string>();

  const rest = (universe: Universe): void => {
    const { world } = universe;
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      const before = { objects: new Map(world.objects), deployment: world.deployment };
      const said = JSON.stringify(world.deployment);
      universe.observe();
      const decision = world.pass();
      spoil?.(world, decision);
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
      const mayWait = FINISHING.has(decision.rollout.phase) || decision.obstacle !== undefined;
      if (!universe.isAnswered && !mayWait) throw new Error('an order has no answer');
      return;
    }
    throw new Error(`no rest after ${MAX_PASSES} passes: ${world.written.slice(-4).join('; ')}`);
  };

  const lead = (universe: Universe, to: Happening | RolloutPhase): void => {
    const phaseOf = () => universe.world.deployment.status?.rollout?.phase;
    if (typeof to !== 'string') universe.happen(to);
    else
      for (let look = 0; phaseOf() !== to; look++) {
        if (look === MAX_LOOKS) throw new Error(`the prelude does not lead to ${to}, but to ${phaseOf() ?? 'nothing'}`);
        universe.happen({ is: 'time' });
        rest(universe);
      }
    rest(universe);
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
      if ((isOver && universe.isAnswered) || ends.has(passed.at(-1) ?? '')) {
        for (const state of passed) ends.add(state);
        return;
      }
      if (phase === 'AwaitingPromotion' && universe.isAnswered) universe.order('promote');
      else world.now += universe.wait ?? 0;
    }
    const { phase = 'nothing', message = '' } = world.deployment.status?.rollout ?? {};
    throw new Error(`does not end: ${phase}: ${message}`);
  };

  const explored = explore<Universe, Happening>(
    {
      begin() {
        const world = new GatewayWorld(spec);
        world.conclude();
        if (misread !== undefined) world.misread = misread;
        const universe = new Universe(world);
        rest(universe);
        for (const what of prelude) lead(universe, what);
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
  world.placed = true;
  universe.happen({ is: 'route', taken: true });
  universe.happen({ is: 'routes seen', value: true });
  universe.users = 'answers';
  universe.happen({ is: 'proof', ends: true });
  const { rollout, replicas = 1 } = world.deployment.spec;
  const well = {
    rollout: { ...rollout, paused: false, promotion: 'Automatic', maintenanceWindows: [] },
    replicas: Math.max(1, replicas),
  };
  if (JSON.stringify({ ...world.deployment.spec, ...well }) !== JSON.stringify(world.deployment.spec))
    world.edit((spec) => ({ ...spec, ...well }));
}
