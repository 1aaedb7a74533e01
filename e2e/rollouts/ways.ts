import { expect } from '@jest/globals';
import type { RolloutPhase } from '../../operator/api/index.ts';
import { type OperatorBench, PATIENCE } from '../reconcile/harness.ts';
import { BRIEF, PROGRAMMING_MS, untilPhase } from '../reconcile/rollouts.ts';
import type { Pool, PoolOptions } from '../reconcile/pools.ts';
import type { TrafficWatch } from '../reconcile/traffic.ts';
import { eventually } from '../support/index.ts';

/** A version that loads at once, and those that come after it. */
export const FIRST = 'deepseek-r1-distill-qwen-1.5b';
export const SECOND = 'deepseek-r1-distill-qwen-7b';
export const THIRD = 'deepseek-r1-distill-llama-8b';

export { PROGRAMMING_MS };
/** The default watch of a spec that says nothing of it. */
export const WATCH_MS = 600_000;
/** The rollback window of these tests. */
export const WINDOW_MS = 1_800_000;
const ROLLOUT = { ...BRIEF.rollout, rollbackWindow: '30m' } as const;

export type PoolShape = Partial<PoolOptions>;

/** Parts of a spec; what is left out is as in most of these tests. */
export interface Wanted {
  readonly replicas: number;
  readonly rollout?: object;
  /** Default: `chat`. */
  readonly name?: string;
  readonly [field: string]: unknown;
}

/** What a test of a way does to one DeepSeekDeployment called `chat`, unless another name is given. */
export class WaysBench {
  readonly #bench: () => OperatorBench;

  constructor(bench: () => OperatorBench) {
    this.#bench = bench;
  }

  pool({ accelerator = 'A100-80GB', nodes = 1, gpusPerNode = 4 }: PoolShape = {}): Promise<Pool> {
    return this.#bench().pool({ accelerator, nodes, gpusPerNode });
  }

  /** The first version, and the watch on its traffic, once all of it serves. */
  async serve(
    { accelerator }: { readonly accelerator: object },
    { replicas, rollout, name = 'chat', ...spec }: Wanted,
  ): Promise<{ readonly revision: string; readonly watch: TrafficWatch }> {
    const bench = this.#bench();
    await bench.create(name, {
      model: { name: FIRST },
      accelerator,
      termination: BRIEF.termination,
      replicas,
      ...spec,
      rollout: { ...ROLLOUT, ...rollout },
    });
    await bench.condition(name, 'Ready', 'True');
    const { serving } = await bench.status(name);
    const watch = await bench.watchTraffic(name);
    await watch.served(serving?.revision ?? '', replicas);
    // The promises begin when all of it serves.
    watch.beginHere();
    return { revision: serving?.revision ?? '', watch };
  }

  /** The next version is asked for. */
  change(model: string = SECOND, name = 'chat'): Promise<void> {
    return this.#bench().edit(name, { spec: { model: { name: model } } });
  }

  /** Waits until the rollout is in one of the phases, and returns what it says. */
  phase(...wanted: readonly RolloutPhase[]): Promise<string> {
    return this.phaseOf('chat', ...wanted);
  }

  phaseOf(name: string, ...wanted: readonly RolloutPhase[]): Promise<string> {
    return untilPhase(this.#bench(), name, ...wanted);
  }

  /** Waits until the rollout waits, and says something like this. */
  waits(message: RegExp, name = 'chat'): Promise<string> {
    return eventually(async () => {
      const { rollout } = await this.#bench().status(name);
      expect(rollout).toMatchObject({ phase: 'Waiting', message: expect.stringMatching(message) });
      return rollout?.message ?? '';
    }, PATIENCE);
  }

  /** From the flip to the end of the watch; returns the revision that has the traffic. */
  async watched(name = 'chat'): Promise<string> {
    await this.phaseOf(name, 'Switching', 'Watching');
    this.#bench().advance(PROGRAMMING_MS + 1_000);
    await this.phaseOf(name, 'Idle');
    await this.#bench().condition(name, 'Ready', 'True');
    return this.serving(name);
  }

  async serving(name = 'chat'): Promise<string> {
    return (await this.#bench().status(name)).serving?.revision ?? '';
  }

  async way(name = 'chat'): Promise<string | undefined> {
    return (await this.#bench().status(name)).rollout?.way;
  }

  /** Waits until these are the replicas that each revision is wanted with. */
  sizes(wanted: Readonly<Record<string, number>>, name = 'chat'): Promise<void> {
    return eventually(async () => {
      const found = (await this.#bench().deployments(name)).map(({ metadata, spec }) => [
        metadata.name.slice(name.length + 1),
        spec?.replicas ?? 1,
      ]);
      expect(Object.fromEntries(found)).toEqual(wanted);
    }, PATIENCE);
  }
}
