import type { Cluster } from '../../hack/cluster/index.ts';
import {
  ANNOTATION,
  API_VERSION,
  type DeepSeekDeploymentStatus,
  KIND,
  type RolloutPhase,
} from '../../operator/api/index.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import type { LiveDeepSeekDeployment } from '../../operator/controller/snapshot.ts';
import type { KubeHttpClient } from '../../operator/kube/client.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/types.ts';
import { formatOrder, type OrderVerb } from '../../operator/rollout/orders.ts';
import type { Connection } from '../reconcile/install.ts';
import { MovableClock } from '../reconcile/movable-clock.ts';
import { TrafficWatch } from '../reconcile/traffic.ts';
import type { Simulator } from '../simulator/index.ts';
import { eventually } from '../support/eventually.ts';
import { comparableStatus, ownedObjects } from './end-state.ts';
import { KillableOperator, type KillableOptions } from './killable-operator.ts';

const NAME = 'chat';

/** One namespace with one DeepSeekDeployment, a clock and an operator of its own: many of them run side by side. */
export class Stage {
  readonly clock = new MovableClock();
  readonly namespace: string;
  readonly client: KubeHttpClient;
  readonly traffic: TrafficWatch;
  operator: KillableOperator;
  /** Of operators that were replaced. */
  readonly #earlierWrites: string[] = [];
  #earlierEvents = 0;
  #options: Omit<KillableOptions, 'clock'> & Partial<KillableOptions>;
  readonly #end = new AbortController();
  #changes: Promise<unknown> = Promise.resolve();

  static async open(
    cluster: Cluster,
    { client }: Pick<Connection, 'client'>,
    simulator: Simulator,
    namespace: string,
    options: Partial<KillableOptions> = {},
  ): Promise<Stage> {
    const given = { cluster, namespace, enginePort: simulator.enginePort, ...options };
    const traffic = new TrafficWatch(client, namespace, NAME);
    const stage = new Stage(client, given, traffic);
    await traffic.start(stage.signal);
    stage.operator = await KillableOperator.start({ ...given, clock: options.clock ?? stage.clock });
    return stage;
  }

  private constructor(
    client: KubeHttpClient,
    options: Omit<KillableOptions, 'clock'> & Partial<KillableOptions>,
    traffic: TrafficWatch,
  ) {
    this.namespace = options.namespace;
    this.client = client;
    this.traffic = traffic;
    this.#options = options;
    this.operator = undefined as unknown as KillableOperator;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  create(spec: object): Promise<LiveDeepSeekDeployment> {
    const { namespace, signal } = this;
    const object = { apiVersion: API_VERSION, kind: KIND, metadata: { name: NAME, namespace }, spec };
    return this.client.create(DEEPSEEK_DEPLOYMENTS, object, { signal });
  }

  get(): Promise<LiveDeepSeekDeployment> {
    return this.client.get(DEEPSEEK_DEPLOYMENTS, { namespace: this.namespace, name: NAME }, { signal: this.signal });
  }

  async status(): Promise<DeepSeekDeploymentStatus> {
    return (await this.get()).status ?? {};
  }

  async edit(patch: object): Promise<void> {
    const ref = { namespace: this.namespace, name: NAME };
    await this.client.patch(DEEPSEEK_DEPLOYMENTS, ref, patch, { type: 'merge', signal: this.signal });
  }

  async order(verb: OrderVerb, revision: string): Promise<void> {
    const { metadata } = await this.get();
    const annotation = formatOrder({ verb, revision, uid: metadata.uid ?? '', nonce: crypto.randomUUID().slice(0, 8) });
    await this.edit({ metadata: { annotations: { [ANNOTATION.order]: annotation } } });
  }

  /** Waits until all of the wanted version serves and is at rest. */
  ready(timeoutMs = 90_000): Promise<string> {
    return eventually(
      async () => {
        const { status, metadata } = await this.get();
        const found = status?.conditions?.find(({ type }) => type === 'Ready');
        if (status?.observedGeneration !== metadata.generation || found?.status !== 'True')
          throw new Error(`${this.namespace}: Ready is ${found?.status} ${found?.reason}: ${found?.message}`);
        return status?.serving?.revision ?? '';
      },
      { timeoutMs, intervalMs: 100 },
    );
  }

  /** Writes of all its operators, in their order, since the last `countHere`. */
  get writes(): readonly string[] {
    return [...this.#earlierWrites, ...this.operator.writes];
  }

  /** Events of all its operators since then, each repetition one. */
  get events(): number {
    return this.#earlierEvents + this.operator.events;
  }

  /** From now on writes are counted anew. */
  countHere(): void {
    this.#earlierWrites.length = 0;
    this.#earlierEvents = 0;
    this.operator.writes.length = 0;
    this.operator.events = 0;
  }

  /** A new operator takes over from a dead one. */
  replaceDead(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.operator.isDead) await this.#replaceNow({});
    });
  }

  /** The operator ends, and another one begins; this and all that come after it are as the options say. */
  replace(options: Partial<KillableOptions> = {}): Promise<void> {
    return this.#inTurn(() => this.#replaceNow(options));
  }

  /** Another operator begins beside the one that is there, which is returned: who asked stops it. */
  overtake(options: Partial<KillableOptions> = {}): Promise<KillableOperator> {
    return this.#inTurn(async () => {
      const before = this.operator;
      this.#options = { ...this.#options, ...options };
      await this.#succeed();
      return before;
    });
  }

  async #replaceNow(options: Partial<KillableOptions>): Promise<void> {
    await this.operator.stop();
    this.#options = { ...this.#options, ...options };
    await this.#succeed();
  }

  /** One after the other: an operator that is being replaced has one successor. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#changes.then(change);
    this.#changes = changed.catch(() => undefined);
    return changed;
  }

  async #succeed(): Promise<void> {
    this.#earlierWrites.push(...this.operator.writes);
    this.#earlierEvents += this.operator.events;
    this.operator = await KillableOperator.start({ clock: this.clock, ...this.#options });
  }

  /** Waits until the rollout is in this phase. */
  phase(wanted: RolloutPhase, timeoutMs = 60_000): Promise<DeepSeekDeploymentStatus> {
    return eventually(
      async () => {
        const status = await this.status();
        if (status.rollout?.phase === wanted) return status;
        throw new Error(`${this.namespace} is ${status.rollout?.phase}, not ${wanted}: ${status.rollout?.message}`);
      },
      { timeoutMs, intervalMs: 50 },
    );
  }

  list<T extends KubeObject>(type: ResourceType<T>): Promise<readonly T[]> {
    const { namespace, signal } = this;
    return this.client.list(type, { namespace, signal }).then(({ items }) => items);
  }

  /** Everything that is left of a rollout, without times: two runs of the same rollout end alike. */
  async endState(): Promise<object> {
    const { client, namespace, signal } = this;
    const objects = await ownedObjects(client, { namespace, signal });
    const text = JSON.stringify({ objects, status: comparableStatus(await this.status()) });
    return JSON.parse(text.replaceAll(namespace, 'NAMESPACE')) as object;
  }

  async close(): Promise<void> {
    await this.operator.stop();
    await this.traffic.stop();
    this.#end.abort();
  }
}
