import { expect } from '@jest/globals';
import { LABEL, type RolloutPhase } from '../../operator/api/index.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import type { OrderVerb } from '../../operator/rollout/orders.ts';
import { type OperatorBench, PATIENCE } from '../reconcile/harness.ts';
import { BRIEF, endRollout, PROGRAMMING_MS, untilPhase } from '../reconcile/rollouts.ts';
import { loopbackAddress, nextRevisionRule, revisionRule } from '../simulator/index.ts';
import { eventually } from '../support/index.ts';

/** A model whose cluster is restored. */
export interface Model {
  readonly name: string;
  /** What its spec says of its rollout beside BRIEF. */
  readonly rollout?: object;
  readonly termination?: object;
  /** Brings it from serving its first version to where the snapshot finds it. */
  readonly before: (stage: ModelStage) => Promise<void>;
  /** Where the snapshot finds it. */
  readonly phase: RolloutPhase;
  /** What happens to it after the snapshot. */
  readonly after: (stage: ModelStage) => Promise<void>;
  /** Takes it on once it is restored, to a rollout that ends: nothing hangs. */
  readonly on: (stage: ModelStage) => Promise<void>;
}

const LONG = { watch: { duration: '2h' }, rollbackWindow: '2h' };
/** Longer than any prompt of a proof may take. */
const PROMPT_MS = 61_000;
const MANUAL = { promotion: 'Manual' };
const nothing = (): Promise<void> => Promise.resolve();

/** One model on a bench, and what people do with it. */
export class ModelStage {
  readonly bench: OperatorBench;
  readonly model: Model;
  readonly #asked = new AbortController();

  constructor(bench: OperatorBench, model: Model) {
    this.bench = bench;
    this.model = model;
  }

  get name(): string {
    return this.model.name;
  }

  /** Asks for another version. */
  async change(version: string): Promise<void> {
    await this.bench.edit(this.name, { spec: { engine: { env: [{ name: 'VERSION', value: version }] } } });
  }

  /** Orders it for the candidate, or for the revision, and waits until it is accepted. */
  async order(verb: OrderVerb, revision?: string): Promise<void> {
    const { candidate } = await this.bench.status(this.name);
    const text = await this.bench.order(this.name, verb, revision ?? candidate?.revision);
    await eventually(async () => {
      const { handledOrder, orderResult } = await this.bench.status(this.name);
      expect({ handledOrder, orderResult }).toEqual({
        handledOrder: text,
        orderResult: expect.stringMatching(/^Accepted/) as unknown,
      });
    }, PATIENCE);
  }

  async until(...phases: readonly RolloutPhase[]): Promise<void> {
    await untilPhase(this.bench, this.name, ...phases);
  }

  async serving(): Promise<string> {
    return (await this.bench.status(this.name)).serving?.revision ?? '';
  }

  /** The candidate is ready, and waits for a person. */
  async waiting(version: string): Promise<void> {
    await this.change(version);
    await this.until('AwaitingPromotion');
  }

  async promoted(): Promise<void> {
    await this.order('promote');
    await endRollout(this.bench, this.name);
  }

  async ready(): Promise<void> {
    await this.bench.condition(this.name, 'Ready', 'True');
  }

  async watched(): Promise<void> {
    await this.until('Switching', 'Watching');
    this.bench.advance(PROGRAMMING_MS + 1_000);
    await this.until('Watching');
  }

  /** The version before, which is kept warm. */
  async back(...phases: readonly RolloutPhase[]): Promise<void> {
    const { rollback } = await this.bench.status(this.name);
    await this.order('rollback', rollback?.revision);
    await this.until(...phases);
  }

  /** Begins a long answer of the version that serves, until `hangUp`. */
  async ask(): Promise<void> {
    const serving = await this.serving();
    await this.bench.simulator.setRule(revisionRule(this.name, serving, { slowFactor: 1_000 }));
    const pods = (await this.bench.pods(this.name)).filter(
      ({ metadata: { labels } }) => labels?.[LABEL.revision] === serving,
    );
    const host = loopbackAddress(pods[0]?.status?.podIP ?? '');
    const body = JSON.stringify({ model: this.name, prompt: 'Tell me all.', max_tokens: 10_000, stream: true });
    const { signal } = this.#asked;
    const headers = { 'content-type': 'application/json' };
    const url = `http://${host}:${this.bench.enginePort}/v1/completions`;
    fetch(url, { method: 'POST', headers, body, signal }).catch(() => undefined);
  }

  hangUp(): void {
    this.#asked.abort();
  }
}

/**
 * At rest and in a phase each, with what was ordered of them before and after the snapshot. The one whose engine is asked in vain comes
 * last: it would be given up while the others let a minute pass.
 */
export const MODELS: readonly Model[] = [
  {
    name: 'switched',
    before: nothing,
    phase: 'Idle',
    after: async (stage) => {
      await stage.change('2');
      await endRollout(stage.bench, stage.name);
    },
    on: nothing,
  },
  {
    name: 'scaled',
    before: nothing,
    phase: 'Idle',
    after: async ({ bench, name }) => {
      await bench.edit(name, { spec: { replicas: 3 } });
      await eventually(async () => expect((await bench.status(name)).serving?.readyReplicas).toBe(3), PATIENCE);
    },
    on: async ({ bench, name }) => {
      await bench.edit(name, { spec: { replicas: 2 } });
      await eventually(async () => expect((await bench.status(name)).serving?.readyReplicas).toBe(2), PATIENCE);
    },
  },
  {
    name: 'deleted',
    before: nothing,
    phase: 'Idle',
    after: async ({ bench, name }) => {
      const { client, namespace, signal } = bench;
      await client.delete(DEEPSEEK_DEPLOYMENTS, { namespace, name }, { signal });
      await eventually(async () => expect(await bench.pods(name)).toEqual([]), PATIENCE);
    },
    on: nothing,
  },
  {
    name: 'promoted',
    rollout: MANUAL,
    before: (stage) => stage.waiting('2'),
    phase: 'AwaitingPromotion',
    after: (stage) => stage.promoted(),
    on: (stage) => stage.promoted(),
  },
  {
    name: 'aborted',
    rollout: MANUAL,
    before: (stage) => stage.waiting('2'),
    phase: 'AwaitingPromotion',
    after: async (stage) => {
      await stage.order('abort');
      await stage.until('Held');
    },
    on: (stage) => stage.promoted(),
  },
  {
    name: 'consumed',
    rollout: MANUAL,
    // Its order stays in its annotations.
    before: async (stage) => {
      await stage.waiting('2');
      await stage.promoted();
    },
    phase: 'Idle',
    after: async (stage) => {
      await stage.waiting('3');
      await stage.promoted();
    },
    on: async (stage) => {
      await stage.waiting('4');
      await stage.promoted();
    },
  },
  {
    name: 'watching',
    rollout: LONG,
    before: async (stage) => {
      await stage.change('2');
      await stage.watched();
    },
    phase: 'Watching',
    after: (stage) => stage.back('RollingBack', 'Held'),
    on: (stage) => stage.back('RollingBack', 'Held'),
  },
  {
    name: 'rolling-back',
    rollout: LONG,
    termination: { rollbackDrain: '2h' },
    // Somebody is still being answered by the version that has lost the traffic.
    before: async (stage) => {
      await stage.change('2');
      await stage.watched();
      await stage.ask();
      await stage.back('RollingBack');
    },
    phase: 'RollingBack',
    after: nothing,
    on: async (stage) => {
      stage.hangUp();
      await stage.until('Held');
    },
  },
  {
    name: 'held',
    rollout: MANUAL,
    before: async (stage) => {
      await stage.waiting('2');
      await stage.order('abort');
      await stage.until('Held');
    },
    phase: 'Held',
    after: async (stage) => {
      await stage.order('retry');
      await stage.until('AwaitingPromotion');
      await stage.promoted();
    },
    on: async (stage) => {
      await stage.order('retry');
      await stage.until('AwaitingPromotion');
      await stage.promoted();
    },
  },
  {
    name: 'proving',
    rollout: { progressDeadline: '2h' },
    before: async (stage) => {
      const behaviour = { hang: 'tokens' } as const;
      await stage.bench.simulator.setRule(nextRevisionRule(stage.name, await stage.serving(), behaviour));
      await stage.change('2');
      await stage.until('Proving');
    },
    phase: 'Proving',
    after: nothing,
    on: async (stage) => {
      const { bench, name } = stage;
      await bench.simulator.setRule(nextRevisionRule(name, await stage.serving(), {}));
      // The prompt that hangs is not answered any more; then it is waited for what became of its engine.
      const isOver = async () => {
        bench.advance(PROMPT_MS);
        expect(['Held', 'Switching', 'Watching']).toContain((await bench.status(name)).rollout?.phase);
      };
      await eventually(isOver, { ...PATIENCE, intervalMs: 5_000 });
      if ((await bench.status(name)).rollout?.phase === 'Held') await stage.order('retry');
      await endRollout(bench, name);
    },
  },
];

/** What its user writes. */
export const specOf = (
  accelerator: object,
  { rollout, termination }: Pick<Model, 'rollout' | 'termination'> = {},
): object => ({
  model: { name: 'deepseek-r1-distill-qwen-1.5b' },
  accelerator,
  replicas: 1,
  ...BRIEF,
  rollout: { ...BRIEF.rollout, ...rollout },
  termination: { ...BRIEF.termination, ...termination },
});
