import { randomUUID } from 'node:crypto';
import { ANNOTATION, LABEL } from '../../../operator/api/names.ts';
import type { RolloutPhase } from '../../../operator/api/index.ts';
import { systemClock } from '../../../operator/kube/clock.ts';
import { ReflectingInformer } from '../../../operator/kube/informer.ts';
import { type EndpointSlice, resources } from '../../../operator/kube/resources.ts';
import { formatOrder, type OrderVerb } from '../../../operator/rollout/orders.ts';
import { waitFor } from '../../cluster/wait.ts';
import { type LiveModel, MODELS } from '../../demo/manifests.ts';
import type { BenchCluster } from '../bench-cluster.ts';
import { connect, createModels, waitUntilReady } from '../models.ts';

/** A phase that takes longer has failed. */
const PHASE_TIMEOUT_MS = 300_000;
const SERVICE_NAME = 'kubernetes.io/service-name';
const FOLLOWER = 'bench-follower';

interface Followed {
  readonly names: readonly string[];
  readonly models: ReflectingInformer<LiveModel>;
  readonly slices: ReflectingInformer<EndpointSlice>;
}

/** Some models in one namespace that are rolled out again and again, and what follows them. */
export class Fleet {
  readonly namespace: string;
  readonly names: readonly string[];
  readonly #bench: BenchCluster;
  readonly #models: ReflectingInformer<LiveModel>;
  readonly #slices: ReflectingInformer<EndpointSlice>;
  /** Called at each change of an EndpointSlice. */
  readonly #lookers = new Set<() => void>();
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #following: Promise<unknown> = Promise.resolve();

  private constructor(
    bench: BenchCluster,
    namespace: string,
    { names, models, slices }: Followed,
    signal: AbortSignal,
  ) {
    this.#bench = bench;
    this.namespace = namespace;
    this.names = names;
    this.#models = models;
    this.#slices = slices;
    this.#signal = signal;
    slices.onEvent(() => this.#lookers.forEach((look) => look()));
  }

  /** Creates so many models with this spec; resolves when all are Ready. */
  static async create(
    bench: BenchCluster,
    { namespace, count, spec, signal }: { namespace: string; count: number; spec: object; signal: AbortSignal },
  ): Promise<Fleet> {
    await createModels(bench.client, { namespace, count, spec, signal });
    await waitUntilReady(bench.client, namespace, count, signal);
    const client = await connect(bench.cluster, FOLLOWER);
    const following = { client, clock: systemClock, namespaces: [namespace] };
    const models = new ReflectingInformer({ ...following, type: MODELS });
    const slices = new ReflectingInformer({ ...following, type: resources.endpointSlices });
    const { items } = await bench.client.list(MODELS, { namespace, signal });
    const names = items.map(({ metadata }) => metadata.name);
    const fleet = new Fleet(bench, namespace, { names, models, slices }, signal);
    fleet.#following = Promise.all([models, slices].map((informer) => informer.run(fleet.#stop.signal)));
    await Promise.all([models, slices].map((informer) => informer.waitForSync(signal)));
    return fleet;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  model(name: string): LiveModel {
    const found = this.#models.store.get({ namespace: this.namespace, name });
    if (found === undefined) throw new Error(`${name} is gone`);
    return found;
  }

  /** Calls back with each state of a model that comes from now on. */
  follow(name: string, onState: (state: LiveModel) => void): void {
    this.#models.onEvent(({ object }) => {
      if (object.metadata.name === name) onState(object);
    });
  }

  /** A merge patch of a spec. Resolves to the time at which it was sent. */
  async change(name: string, spec: object): Promise<Date> {
    const sent = new Date();
    const ref = { namespace: this.namespace, name };
    await this.#bench.client.patch(MODELS, ref, { spec }, { type: 'merge', signal: this.#signal });
    return sent;
  }

  /** Orders something of a revision. Resolves, once the server has taken it, to the time at which it was sent. */
  async order(name: string, verb: OrderVerb, revision: string): Promise<Date> {
    const { uid = '' } = this.model(name).metadata;
    const text = formatOrder({ verb, revision, uid, nonce: randomUUID().slice(0, 8) });
    const sent = new Date();
    const patch = { metadata: { annotations: { [ANNOTATION.order]: text } } };
    const ref = { namespace: this.namespace, name };
    await this.#bench.client.patch(MODELS, ref, patch, { type: 'merge', signal: this.#signal });
    return sent;
  }

  /** Waits until the models are in this phase, of the spec as it is now. */
  async phase(names: readonly string[], phase: RolloutPhase): Promise<void> {
    const late = () =>
      names.filter((name) => {
        const { metadata, status } = this.model(name);
        return status?.rollout?.phase !== phase || status.observedGeneration !== metadata.generation;
      });
    await waitFor(async () => (late().length === 0 ? true : undefined), {
      what: `${names.length} models to be ${phase}`,
      timeoutMs: PHASE_TIMEOUT_MS,
      intervalMs: 100,
      signal: this.#signal,
      details: () =>
        late()
          .slice(0, 5)
          .map((name) => `${name}: ${JSON.stringify(this.model(name).status?.rollout)}`)
          .join('\n'),
    });
  }

  /** Resolves, to the time on this process's clock, as soon as the EndpointSlices of a Service list so many pods, all of one revision. */
  alone(
    service: string,
    { model, revision, pods }: { model: string; revision: string; pods: number },
  ): Promise<number> {
    const isAlone = (): boolean => {
      const slices = this.#slices.store.list().filter(({ metadata }) => metadata.labels?.[SERVICE_NAME] === service);
      const listed = slices.flatMap(({ endpoints = [] }) => endpoints);
      const prefix = `${model}-${revision}-`;
      return listed.length === pods && listed.every(({ targetRef }) => targetRef?.name?.startsWith(prefix) === true);
    };
    const limit = AbortSignal.any([this.#signal, AbortSignal.timeout(PHASE_TIMEOUT_MS)]);
    return new Promise((resolve, reject) => {
      const end = (): void => void this.#lookers.delete(look);
      const look = (): void => {
        if (!isAlone()) return;
        end();
        resolve(performance.now());
      };
      limit.addEventListener(
        'abort',
        () => {
          end();
          reject(limit.reason as Error);
        },
        { once: true },
      );
      this.#lookers.add(look);
      look();
    });
  }
}

/** What selects the pods of a revision. */
export function selectorOf(model: string, revision: string): Readonly<Record<string, string>> {
  return { [LABEL.name]: model, [LABEL.revision]: revision };
}
