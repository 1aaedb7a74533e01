import { expect } from '@jest/globals';
import { ANNOTATION, LABEL, type RolloutPhase } from '../../operator/api/index.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { OperatorBench } from '../reconcile/harness.ts';
import { PATIENCE } from '../reconcile/harness.ts';
import { PROGRAMMING_MS, untilPhase } from '../reconcile/rollouts.ts';
import type { TrafficWatch } from '../reconcile/traffic.ts';
import { nextRevisionRule, type PodBehaviour } from '../simulator/index.ts';
import { eventually } from '../support/index.ts';

/** The version that serves, the one that is put to the test, and another one. */
const FIRST = 'deepseek-r1-distill-qwen-1.5b';
export const SECOND = 'deepseek-r1-distill-qwen-7b';
export const THIRD = 'deepseek-r1-distill-llama-8b';

export const WATCH_MS = 600_000;

/** A proof of all stages, as short as tells something on a busy machine. */
const PROOF = {
  warmUpRequests: 1,
  smokeTests: [{ prompt: '2+2=', contains: '4' }],
  pairedRequests: 4,
} as const;
export const NO_PROOF = { warmUpRequests: 0, pairedRequests: 0 } as const;
const TERMINATION = { preStopDelay: '1s', drainDeadline: '5s', rollbackDrain: '5s' } as const;

/** An old version that serves, and what is seen of its traffic. */
export interface Trial {
  readonly old: string;
  readonly watch: TrafficWatch;
}

/** A version that was given up, and what is said of it. */
export interface Refusal {
  readonly revision: string;
  readonly reason: string;
  readonly message: string;
}

/** What the tests of proofs and gates do to one DeepSeekDeployment called `chat`. */
export class TrialBench {
  readonly #bench: () => OperatorBench;

  constructor(bench: () => OperatorBench) {
    this.#bench = bench;
  }

  /** The first version serves, on GPUs of its own with room for a second one beside it. */
  async begin(
    rollout: object = {},
    { replicas = 1, gpus = 2 * replicas, ...spec }: { replicas?: number; gpus?: number } & object = {},
  ): Promise<Trial> {
    const bench = this.#bench();
    const pool = await bench.pool({ accelerator: 'A100-80GB', nodes: 1, gpusPerNode: gpus });
    await bench.create('chat', {
      model: { name: FIRST },
      accelerator: pool.accelerator,
      replicas,
      termination: TERMINATION,
      ...spec,
      rollout: { proof: PROOF, ...rollout },
    });
    await bench.condition('chat', 'Ready', 'True');
    const old = await this.serving();
    const watch = await bench.watchTraffic('chat');
    await watch.served(old, replicas);
    // The promises begin when all of it serves: its endpoints are listed a little after its pods are ready.
    watch.beginHere();
    return { old, watch };
  }

  /** The next version is asked for, and behaves like this. */
  async change(old: string, behaviour: PodBehaviour = {}, model = SECOND): Promise<void> {
    await this.#bench().simulator.setRule(nextRevisionRule('chat', old, behaviour));
    await this.#bench().edit('chat', { spec: { model: { name: model } } });
  }

  phase(...wanted: readonly RolloutPhase[]): Promise<string> {
    return untilPhase(this.#bench(), 'chat', ...wanted);
  }

  /** Waits until the new version has the traffic and is watched. */
  async watching(): Promise<string> {
    await this.phase('Switching');
    this.#bench().advance(PROGRAMMING_MS);
    await this.phase('Watching');
    return this.serving();
  }

  /** Waits until a version was given up: the old one serves, and nothing is left of the other one. */
  async held({ old, watch }: Trial): Promise<Refusal> {
    const bench = this.#bench();
    await this.phase('Held');
    const { candidate, serving, conditions } = await bench.status('chat');
    expect(serving?.revision).toBe(old);
    await watch.served(old);
    expect(conditions).toContainEqual(expect.objectContaining({ type: 'Stalled', status: 'True' }));
    const ready = conditions?.find(({ type }) => type === 'Ready');
    const revision = candidate?.revision ?? '';
    await eventually(async () => expect(await this.podsOf(revision)).toEqual([]), PATIENCE);
    return { revision, reason: ready?.reason ?? '', message: ready?.message ?? '' };
  }

  /** What Ready says while the rollout is in a phase. */
  readyWhile(phase: RolloutPhase): Promise<{ readonly reason: string; readonly message: string }> {
    return eventually(async () => {
      const { rollout, conditions } = await this.#bench().status('chat');
      const ready = conditions?.find(({ type }) => type === 'Ready');
      if (rollout?.phase !== phase || ready === undefined) throw new Error(`the rollout is ${rollout?.phase}`);
      return ready;
    }, PATIENCE);
  }

  async serving(): Promise<string> {
    return (await this.#bench().status('chat')).serving?.revision ?? '';
  }

  /** Names of the pods of a revision, sorted. */
  async podsOf(revision: string): Promise<readonly string[]> {
    const pods = await this.#bench().pods('chat');
    return pods
      .filter(({ metadata }) => metadata.labels?.[LABEL.revision] === revision)
      .map(({ metadata }) => metadata.name)
      .sort();
  }

  /** Why the revision was given up, as it is stored. */
  async markOf(revision: string): Promise<string | undefined> {
    const { client, namespace, signal } = this.#bench();
    const ref = { namespace, name: `chat-${revision}` };
    const { metadata } = await client.get(resources.controllerRevisions, ref, { signal });
    return metadata.annotations?.[ANNOTATION.failed] ?? metadata.annotations?.[ANNOTATION.held];
  }

  async attempt(): Promise<number> {
    return (await this.#bench().status('chat')).rollout?.attempt ?? 0;
  }
}
