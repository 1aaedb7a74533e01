import { afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import { Writable } from 'node:stream';
import {
  AuditReader,
  countWrites,
  RIGHTFUL,
  WRITE_VERBS,
  type AuditEntry,
  type Cluster,
} from '../../hack/cluster/index.ts';
import { ANNOTATION, API_VERSION, type DeepSeekDeploymentStatus, KIND, LABEL } from '../../operator/api/index.ts';
import type { DefaultsReader } from '../../operator/controller/defaults-reader.ts';
import { Manager } from '../../operator/controller/manager.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { CHILD_KINDS, type LiveDeepSeekDeployment } from '../../operator/controller/snapshot.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { EventRecorder } from '../../operator/kube/events.ts';
import { resources, type Deployment, type Pod } from '../../operator/kube/resources.ts';
import type { Clock, KubeClient, ResourceType } from '../../operator/kube/types.ts';
import type { PrometheusClient } from '../../operator/observe/index.ts';
import { formatOrder, type OrderVerb } from '../../operator/rollout/orders.ts';
import type { Resolve } from '../../operator/observe/index.ts';
import { createLogger } from '../../operator/telemetry/logger.ts';
import { Metrics } from '../../operator/telemetry/metrics.ts';
import { startTelemetryServer } from '../../operator/telemetry/server.ts';
import { Load, type LoadOptions, startSimulator, type Simulator, type SimulatorControl } from '../simulator/index.ts';
import { eventually, testNamespace } from '../support/index.ts';
import { type Connection, connect, installCrd, podResolver } from './install.ts';
import { MovableClock } from './movable-clock.ts';
import { Pool, type PoolOptions } from './pools.ts';
import { Quota } from './quota.ts';
import { OtherPeople, type Tenant, type TenantOptions } from './tenants.ts';
import { TrafficWatch } from './traffic.ts';

/** Long enough for a busy machine; only a failing test uses it up. */
export const PATIENCE = { timeoutMs: 60_000 } as const;

/** Port of vLLM's container. */
const CONTAINER_PORT = 8000;

/** How an operator is started. */
export interface OperatorOptions {
  /** Of its user; default: the one that has the rights of operator/api/rights.ts. */
  readonly groups?: readonly string[];
  /** `namespace/name` of a ServiceAccount, with the rights that somebody has given to it; instead of a user of the test's own. */
  readonly serviceAccount?: string;
  /** Rights may be lacking: else a request that is denied fails the test. Default: with `groups`. */
  readonly mayBeDenied?: boolean;
  /** How far its clock is ahead of the machine's, milliseconds: what takes time has happened when it starts. */
  readonly aheadMs?: number;
  /** Default: the bench's own, which `advance` moves. */
  readonly clock?: Clock;
  /** The operator's defaults; default: none. */
  readonly defaults?: DefaultsReader;
  /** For gates on queries; default: none. */
  readonly prometheus?: PrometheusClient;
  /** Whose models it looks after; default: the test's. */
  readonly namespaces?: readonly string[];
  /** Where the addresses of pods are reached; default: where the simulator plays their engines. */
  readonly resolve?: Resolve;
  /** Where KEDA is told to ask; default: nowhere. */
  readonly prometheusUrl?: string;
}

/** One operator, one engine simulator and one namespace for each test of a file; they share the cluster. */
export interface OperatorBench {
  readonly namespace: string;
  /** What the test itself asks of the API server. */
  readonly client: KubeClient;
  readonly simulator: SimulatorControl;
  /** Of every simulated engine, each on its own loopback address. */
  readonly enginePort: number;
  readonly signal: AbortSignal;
  /** The operator's user, for RBAC. */
  readonly operatorUser: string;
  /** The log lines of the operator, parsed. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  /** The operator's time. */
  readonly clock: MovableClock;
  /** So much time passes for the operator, milliseconds: its windows and waits of that time end. */
  advance(ms: number): void;
  startOperator(options?: OperatorOptions): Promise<void>;
  /** `host:port` at which the operator shows its metrics, from now on. */
  telemetry(): Promise<string>;
  stopOperator(): Promise<void>;
  create(name: string, spec: object): Promise<LiveDeepSeekDeployment>;
  edit(name: string, patch: object): Promise<void>;
  get(name: string): Promise<LiveDeepSeekDeployment>;
  status(name: string): Promise<DeepSeekDeploymentStatus>;
  /** Waits until the condition has this status, and this reason if one is given. */
  condition(name: string, type: string, status: string, reason?: string): Promise<string>;
  pods(name: string): Promise<readonly Pod[]>;
  deployments(name: string): Promise<readonly Deployment[]>;
  /** The reasons of the Events on a DeepSeekDeployment, in the order of their time. */
  eventReasons(name: string): Promise<readonly string[]>;
  /** The notes of its Events of one reason, in the order of their time. */
  eventNotes(name: string, reason: string): Promise<readonly string[]>;
  /**
   * Waits until a node whose name begins with `pool` has so many free GPUs: the pods of an earlier test hold theirs for
   * a moment, and the scheduler would refuse ours in that time.
   */
  gpusFree(pool: string, count: number): Promise<void>;
  /** Writes an order into its annotation, as kubectl deepseek does; `revision` default: what serves. Gives the annotation. */
  order(name: string, verb: OrderVerb, revision?: string): Promise<string>;
  /** GPU nodes of this test alone; they go with it. */
  pool(options: PoolOptions): Promise<Pool>;
  /** Other people's GPU pods in a namespace of their own; resolves when all that have room run. */
  tenant(options: TenantOptions): Promise<Tenant>;
  /** Limits the GPUs of the test's namespace. */
  quota(gpus: number): Promise<Quota>;
  /** Follows the traffic of a DeepSeekDeployment, that exists or will, on a client of its own. */
  watchTraffic(name: string): Promise<TrafficWatch>;
  /** Users of a DeepSeekDeployment, from now until `stop`. */
  load(name: string, options?: LoadOptions): Promise<Load>;
  /** Requests of the operator since the test began. */
  requests(): Promise<readonly AuditEntry[]>;
  /** Waits until the operator has sent nothing but watches for `quietMs`. */
  rest(quietMs?: number): Promise<void>;
}

/** Where a bench keeps its engines. */
export interface BenchOptions {
  /** In the tier `gateway`: they listen where their pods have their addresses, so that a gateway finds them. */
  readonly listenOn?: 'PodAddress';
}

/** Gives each test of a file its bench, with the operator running. */
export function operatorBench(cluster: () => Cluster, options: BenchOptions = {}): () => OperatorBench {
  const namespace = testNamespace(cluster);
  let bench: Bench | undefined;
  beforeAll(() => installCrd(cluster()), 60_000);
  beforeEach(async () => {
    bench = await Bench.open(cluster(), namespace(), options);
    await bench.startOperator();
  }, 60_000);
  afterEach(() => bench?.close(), 60_000);
  return () => {
    if (!bench) throw new Error('The bench exists only while a test runs.');
    return bench;
  };
}

/** Who the operator is to the API server. */
function identityOf(user: string, { serviceAccount, groups = [RIGHTFUL] }: OperatorOptions) {
  if (serviceAccount === undefined) return { user, groups };
  const [namespace = '', name = ''] = serviceAccount.split('/');
  const all = 'system:serviceaccounts';
  return { user: `system:serviceaccount:${namespace}:${name}`, groups: [all, `${all}:${namespace}`] };
}

/** The kinds that the operator makes, as the audit log names them. */
const CHILDREN: ReadonlySet<string> = new Set([
  ...CHILD_KINDS.map((kind) => (kind === 'NetworkPolicy' ? 'networkpolicies' : `${kind.toLowerCase()}s`)),
  ...['httproutes', 'scaledobjects', 'podmonitors', 'scrapeconfigs', 'prometheusrules'],
]);

class Bench implements OperatorBench {
  readonly namespace: string;
  readonly client: KubeClient;
  readonly log: Record<string, unknown>[] = [];
  readonly #cluster: Cluster;
  readonly #simulator: Simulator;
  /** Absent: pods are reached at their own addresses. */
  readonly #resolve: Resolve | undefined;
  readonly #audit: AuditReader;
  readonly #seen: AuditEntry[] = [];
  readonly #closing = new AbortController();
  readonly clock = new MovableClock();
  readonly #others: OtherPeople;
  readonly #ending: (() => Promise<unknown>)[] = [];
  readonly #pools: Pool[] = [];
  /** Of the connections, which go last. */
  readonly #closers: (() => Promise<void>)[] = [];
  readonly #metrics = new Metrics({ version: 'test' });
  /** Rights were taken away on purpose. */
  #mayBeDenied = false;
  /** Somebody else has written to what may be a child. */
  #isDisturbed = false;
  /** Whom the operator has been. */
  readonly #users = new Set<string>();
  #operator: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  static async open(cluster: Cluster, namespace: string, { listenOn }: BenchOptions): Promise<Bench> {
    const kubeconfig = await cluster.kubeconfig(`simulator-${namespace}`);
    const signal = AbortSignal.timeout(50_000);
    const reached = listenOn && { listenOn, enginePort: CONTAINER_PORT };
    const simulator = await startSimulator({
      kubeconfig,
      namespaces: [namespace],
      timeScale: 0.001,
      ...reached,
      signal,
    });
    const resolve = listenOn === undefined ? podResolver(simulator.enginePort) : undefined;
    return new Bench(cluster, namespace, await connect(cluster, `test-${namespace}`), simulator, resolve);
  }

  constructor(
    cluster: Cluster,
    namespace: string,
    { client, close }: Connection,
    simulator: Simulator,
    resolve: Resolve | undefined,
  ) {
    this.#resolve = resolve;
    this.#cluster = cluster;
    this.namespace = namespace;
    this.client = client;
    this.#simulator = simulator;
    this.#closers.push(close);
    this.#others = new OtherPeople(client, `${namespace}-others`);
    this.#audit = new AuditReader(cluster.auditLog);
  }

  get simulator(): SimulatorControl {
    return this.#simulator.control;
  }

  get enginePort(): number {
    return this.#simulator.enginePort;
  }

  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  get operatorUser(): string {
    return `operator-${this.namespace}`;
  }

  advance(ms: number): void {
    this.clock.advance(ms);
  }

  async startOperator({
    aheadMs = 0,
    clock: time = this.clock,
    prometheus,
    prometheusUrl,
    defaults,
    resolve = this.#resolve,
    namespaces = [this.namespace],
    ...options
  }: OperatorOptions = {}): Promise<void> {
    const { user, groups } = identityOf(this.operatorUser, options);
    this.#users.add(user);
    const fence = (): void => manager.fence();
    const { client, close } = await connect(this.#cluster, user, { groups, fence });
    this.#mayBeDenied ||= options.mayBeDenied ?? options.groups !== undefined;
    this.#closers.push(close);
    const clock: Clock = {
      now: () => time.now() + aheadMs,
      monotonic: () => time.monotonic(),
      setTimeout: (callback, ms) => time.setTimeout(callback, ms),
      sleep: (ms, signal) => time.sleep(ms, signal),
    };
    const stream = new Writable({
      write: (line: Buffer, _, done) => {
        this.log.push(JSON.parse(line.toString()) as Record<string, unknown>);
        done();
      },
    });
    const log = createLogger({ level: 'info', format: 'json', stream });
    const events = new EventRecorder({ client, clock: systemClock, source: { controller: 'test', instance: 'test' } });
    const manager: Manager = new Manager({
      client,
      watchClient: client,
      events,
      metrics: this.#metrics,
      clock,
      log,
      workers: 4,
      namespaces,
      decide: { observeOnly: false, ...(prometheusUrl !== undefined && { prometheusUrl }) },
      ...(resolve && { resolve }),
      ...(prometheus && { prometheus }),
      ...(defaults && { defaults }),
    });
    const stop = new AbortController();
    this.#operator = { stop, ended: manager.run(stop.signal) };
    await eventually(() => {
      if (manager.unsynced.length > 0) throw new Error(`not synced: ${manager.unsynced.join(', ')}`);
    }, PATIENCE);
  }

  async telemetry(): Promise<string> {
    const { registry } = this.#metrics;
    const { signal } = this;
    const at = await startTelemetryServer({ host: '127.0.0.1', port: 0, live: {}, ready: {}, registry, signal });
    return `${at.host}:${at.port}`;
  }

  async stopOperator(): Promise<void> {
    this.#operator?.stop.abort();
    await this.#operator?.ended;
    this.#operator = undefined;
  }

  create(name: string, spec: object): Promise<LiveDeepSeekDeployment> {
    const { namespace, signal } = this;
    const object = { apiVersion: API_VERSION, kind: KIND, metadata: { name, namespace }, spec };
    return this.client.create(DEEPSEEK_DEPLOYMENTS, object, { signal });
  }

  async edit(name: string, patch: object): Promise<void> {
    const { namespace, signal } = this;
    await this.client.patch(DEEPSEEK_DEPLOYMENTS, { namespace, name }, patch, { type: 'merge', signal });
  }

  get(name: string): Promise<LiveDeepSeekDeployment> {
    const { namespace, signal } = this;
    return this.client.get(DEEPSEEK_DEPLOYMENTS, { namespace, name }, { signal });
  }

  async status(name: string): Promise<DeepSeekDeploymentStatus> {
    return (await this.get(name)).status ?? {};
  }

  condition(name: string, type: string, status: string, reason?: string): Promise<string> {
    return eventually(async () => {
      const object = await this.get(name);
      const found = object.status?.conditions?.find((condition) => condition.type === type);
      const current = object.status?.observedGeneration === object.metadata.generation;
      if (current && found?.status === status && (reason === undefined || found.reason === reason))
        return found.message;
      throw new Error(`${type} is ${JSON.stringify(found)}, not ${status} ${reason ?? ''}`);
    }, PATIENCE);
  }

  pods(name: string): Promise<readonly Pod[]> {
    return this.#labelled(resources.pods, name);
  }

  deployments(name: string): Promise<readonly Deployment[]> {
    return this.#labelled(resources.deployments, name);
  }

  async #labelled<T extends Pod | Deployment>(type: ResourceType<T>, name: string): Promise<readonly T[]> {
    const { namespace, signal } = this;
    return (await this.client.list(type, { namespace, labelSelector: `${LABEL.name}=${name}`, signal })).items;
  }

  async eventReasons(name: string): Promise<readonly string[]> {
    return (await this.#events(name)).map(({ reason = '' }) => reason);
  }

  async eventNotes(name: string, reason: string): Promise<readonly string[]> {
    return (await this.#events(name)).filter((event) => event.reason === reason).map(({ note = '' }) => note);
  }

  /** Of one DeepSeekDeployment, or of all. */
  async #events(name?: string) {
    const { namespace, client } = this;
    const { items } = await client.list(resources.events, { namespace, signal: AbortSignal.timeout(30_000) });
    return items
      .filter(({ regarding }) => regarding?.kind === KIND && (name === undefined || regarding.name === name))
      .sort((a, b) => (a.eventTime < b.eventTime ? -1 : 1));
  }

  gpusFree(pool: string, count: number): Promise<void> {
    const { signal } = this;
    return eventually(async () => {
      const nodes = (await this.client.list(resources.nodes, { signal })).items;
      const pods = (await this.client.list(resources.pods, { signal })).items;
      const free = nodes
        .filter(({ metadata }) => metadata.name.startsWith(pool))
        .map(({ metadata, status }) => {
          const held = pods.filter(({ spec, status: { phase = '' } = {} }) => {
            return spec?.nodeName === metadata.name && phase !== 'Succeeded' && phase !== 'Failed';
          });
          return gpusOf(status?.allocatable) - held.reduce((sum, { spec }) => sum + gpusOf(limitsOf(spec)), 0);
        });
      if (Math.max(0, ...free) < count) throw new Error(`free GPUs of the nodes ${pool}: ${free.join(', ')}`);
    }, PATIENCE);
  }

  async order(name: string, verb: OrderVerb, revision?: string): Promise<string> {
    const { metadata, status } = await this.get(name);
    const target = revision ?? status?.serving?.revision;
    if (target === undefined) throw new Error(`${name} serves nothing: name the revision to ${verb}`);
    const uid = metadata.uid ?? '';
    const annotation = formatOrder({ verb, revision: target, uid, nonce: crypto.randomUUID().slice(0, 8) });
    await this.edit(name, { metadata: { annotations: { [ANNOTATION.order]: annotation } } });
    return annotation;
  }

  async pool(options: PoolOptions): Promise<Pool> {
    const name = options.name ?? `${this.namespace}-pool-${this.#pools.length}`;
    const pool = await Pool.create(this.client, this.simulator, name, options, this.signal);
    this.#pools.push(pool);
    return pool;
  }

  tenant(options: TenantOptions): Promise<Tenant> {
    return this.#others.tenant(options, this.signal);
  }

  async quota(gpus: number): Promise<Quota> {
    const quota = new Quota(this.client, this.namespace, this.signal);
    await quota.set(gpus);
    return quota;
  }

  async watchTraffic(name: string): Promise<TrafficWatch> {
    const { client, close } = await connect(this.#cluster, `watcher-${this.namespace}`);
    this.#closers.push(close);
    const watch = await new TrafficWatch(client, this.namespace, name).start(this.signal);
    this.#ending.push(() => watch.stop());
    return watch;
  }

  async load(name: string, options?: LoadOptions): Promise<Load> {
    const watch = await this.watchTraffic(name);
    const load = new Load(() => watch.endpoints(), this.#simulator.enginePort, name, options).start();
    this.#ending.unshift(() => load.stop());
    return load;
  }

  async requests(): Promise<readonly AuditEntry[]> {
    const entries = await this.#audit.read();
    this.#seen.push(...entries.filter(({ user }) => this.#users.has(user)));
    this.#isDisturbed ||= entries.some((entry) => this.#disturbs(entry));
    return this.#seen;
  }

  /** Whether somebody else has written to what may be a child of a DeepSeekDeployment; a cluster's own controllers write statuses. */
  #disturbs({ user, verb, resource = '', subresource, namespace }: AuditEntry): boolean {
    const isElsewhere = namespace !== this.namespace || user.startsWith('system:') || this.#users.has(user);
    return !isElsewhere && subresource !== 'status' && WRITE_VERBS.includes(verb) && CHILDREN.has(resource);
  }

  async rest(quietMs = 1_500): Promise<void> {
    let count = -1;
    let since = performance.now();
    await eventually(async () => {
      const noise = (await this.requests()).filter(({ verb }) => verb !== 'watch').length;
      if (noise !== count) {
        count = noise;
        since = performance.now();
      }
      if (performance.now() - since < quietMs) throw new Error(`${noise} requests, the last a moment ago`);
    }, PATIENCE);
  }

  async close(): Promise<void> {
    const signal = AbortSignal.timeout(45_000);
    try {
      await this.stopOperator();
      const denied = (await this.requests()).filter((entry) => entry.denied);
      if (!this.#mayBeDenied) expect(denied.map(({ verb, uri }) => `${verb} ${uri}`)).toEqual([]);
      // No test is to see a change of the operator's own, or of a controller, told as somebody else's.
      const foreign = (await this.#events()).filter(({ reason = '' }) => reason.startsWith('Foreign'));
      if (!this.#isDisturbed) expect(foreign.map(({ note }) => note)).toEqual([]);
      for (const end of this.#ending) await end();
      await this.#simulator.stop();
      await this.#others.leave(signal);
    } finally {
      for (const pool of this.#pools) await pool.close(signal);
      this.#closing.abort();
      for (const close of this.#closers) await close();
    }
  }
}

function gpusOf(amounts: Readonly<Record<string, unknown>> | undefined): number {
  return Number(amounts?.['nvidia.com/gpu'] ?? 0);
}

function limitsOf(spec: Pod['spec']): Readonly<Record<string, unknown>> | undefined {
  return spec?.containers[0]?.resources?.limits;
}

/** Writes of the operator, events apart, as `verb resource/subresource name`. */
export function writesOf(entries: readonly AuditEntry[]): string[] {
  return entries
    .filter((entry) => countWrites([entry], { without: ['events'] }) === 1)
    .map(
      ({ verb, resource, subresource, name }) =>
        `${verb} ${[resource, subresource].filter(Boolean).join('/')} ${name ?? ''}`,
    );
}
