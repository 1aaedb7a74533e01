import { type Clock, type KubeClient } from '../kube/types.ts';
import type { WatchClient } from '../kube/client.ts';
import { Controller, type PassReport } from '../kube/controller.ts';
import { isForbidden, isNotFound } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { LeaderElector } from '../kube/leader-election.ts';
import type { ReflectorEvent } from '../kube/reflector.ts';
import { resources } from '../kube/resources.ts';
import { keyOf } from '../kube/store.ts';
import { PRIORITY, WorkQueue } from '../kube/work-queue.ts';
import { KIND } from '../api/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type Caches, createCaches, routeEvents } from './caches.ts';
import { HistoryUnknownError, notCurrent, onlyWhenCurrent, refusedKinds } from './current.ts';
import type { DecideOptions } from './decide/judgement.ts';
import type { DefaultsReader } from './defaults-reader.ts';
import { EngineLogs, type LogClient } from './engine-logs.ts';
import { RefusedWatches } from './refused-watches.ts';
import { ServerVersionReader, type VersionClient } from './server-version.ts';
import { ObstacleError } from './pass.ts';
import { createReconciler } from './reconciler.ts';
import { Admission } from './admission.ts';
import { type DiscoveryClient, MetricsApiReader } from './metrics-api.ts';
import { ClaimBook } from './claim-book.ts';
import { MONITORING_KINDS } from '../monitoring/index.ts';
import { SCALED_OBJECTS } from './keda.ts';
import { CapacityReader } from './capacity-reader.ts';
import { NodeAutoscalerReader } from './node-autoscaler.ts';
import { Observer } from './observer.ts';
import { OwnPods } from './own-pods.ts';
import { PriorityClassReader } from './priority-class.ts';
import { SpecJudge } from './spec-judge.ts';
import type { PrometheusClient, Resolve } from '../observe/index.ts';

/** What a manager is wired from. */
export interface ManagerOptions {
  /** Writes; refuses them when this process does not lead, or `fence` throws. */
  readonly client: KubeClient;
  /** Reads, leader or not. */
  readonly watchClient: WatchClient & LogClient & VersionClient & DiscoveryClient & Pick<KubeClient, 'get' | 'list'>;
  /** Absent: this process is the only one. */
  readonly elector?: LeaderElector;
  readonly events: EventRecorder;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly workers: number;
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  readonly decide: DecideOptions;
  /** What the cluster wants of every model; absent: nothing. */
  readonly defaults?: DefaultsReader;
  /** Where the address of a pod is reached; default: itself. */
  readonly resolve?: Resolve;
  /** Answers gates on queries; absent: they have no data. */
  readonly prometheus?: PrometheusClient;
}

/** The name under which the queue's metrics are exported. */
const QUEUE_NAME = 'deepseekdeployment';

/** Follows the cluster from the start, and reconciles while this process leads. */
export class Manager {
  readonly #options: ManagerOptions;
  readonly #caches: Caches;
  readonly #queue: WorkQueue;
  /** Says what becomes of a spec before it is stored; in every replica. */
  readonly judge: SpecJudge;
  /** Kinds whose last list has failed. */
  readonly #unlisted = new Set<string>();
  /** Absent: those of other namespaces are not cached. */
  readonly #ownPods: OwnPods | undefined;
  readonly #refusedWatches: RefusedWatches;
  /** How often a kind turned out to be of another history than the API server. */
  #histories = 0;

  constructor(options: ManagerOptions) {
    const { metrics, clock, log } = options;
    this.#options = options;
    this.#refusedWatches = new RefusedWatches(log);
    // A namespace is somebody's: what another one has made by the thousand does not come before his.
    const laneOf = (key: string): string => key.slice(0, key.indexOf('/'));
    this.#queue = new WorkQueue({ clock, laneOf, metrics: metrics.queueHooks(QUEUE_NAME) });
    metrics.watchQueue(QUEUE_NAME, this.#queue);
    this.#caches = createCaches({
      client: options.watchClient,
      clock,
      namespaces: options.namespaces,
      onReflectorEvent: (kind, event, namespace) => this.#onReflector(kind, event, namespace),
    });
    if (options.namespaces.length === 0) this.#ownPods = new OwnPods(this.#caches.pods);
    this.judge = new SpecJudge({
      caches: this.#caches,
      serverVersion: new ServerVersionReader({ client: options.watchClient, clock }),
      priorityClasses: new PriorityClassReader({ client: options.watchClient, clock }),
      clock,
    });
    routeEvents(this.#caches, (key, initial) => this.#queue.add(key, initial ? PRIORITY.initial : PRIORITY.live));
  }

  /** Whether objects wait for a worker. */
  get backlogged(): boolean {
    return this.#queue.depth > 0;
  }

  /** The kinds whose caches are not complete yet; empty: ready. */
  get unsynced(): readonly string[] {
    const kinds = this.#caches.all.filter((informer) => !informer.hasSynced).map(({ type }) => type.kind);
    return this.#caches.nodes.isKnown ? kinds : [...kinds, resources.nodes.kind];
  }

  /** The kinds that the operator needs and whose changes it has not been told of for a minute, for want of rights; empty: ready. */
  get refused(): readonly string[] {
    return refusedKinds(this.#caches);
  }

  /** Throws where nothing may be written: caches may be of another history than the API server. Right before each write, retries included. */
  fence(): void {
    const kinds = notCurrent(this.#caches);
    if (kinds.length > 0) throw new HistoryUnknownError(`not written: the API server was away (${kinds.join(', ')})`);
  }

  /**
   * Runs until `signal` aborts and the passes in work have ended. Rejects with a NotLeaderError when the lease is lost:
   * the process should exit.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { elector, log } = this.#options;
    const caches = new AbortController();
    const { all, nodes, gateway, scaledObjects, monitoring } = this.#caches;
    const following = Promise.all(
      [...all, nodes, gateway, scaledObjects, monitoring].map((cache) => cache.run(caches.signal)),
    );
    try {
      await Promise.all([
        ...all.map((informer) => informer.waitForSync(signal)),
        nodes.waitUntilKnown(signal),
        this.#lookForMonitoring(signal),
      ]);
      // Only now is it known whether anybody wants a route.
      await gateway.waitUntilKnown(signal);
      log.info('caches are complete', { deployments: this.#caches.deepSeekDeployments.store.size });
      await (elector ? elector.run((term) => this.#lead(term), signal) : this.#lead(signal));
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      // The caches outlive the passes, which read them.
      caches.abort(signal.reason);
      await following;
    }
  }

  async #lookForMonitoring(signal: AbortSignal): Promise<void> {
    const kinds = await this.#caches.monitoring.waitUntilKnown(signal);
    if (kinds.length > 0) this.#options.log.warn('kinds cannot be listed and count as missing for now', { kinds });
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const { workers, clock, log, metrics, client, watchClient, events, decide, defaults, resolve, prometheus } =
      this.#options;
    const priorityClasses = new PriorityClassReader({ client: watchClient, clock });
    const autoscaler = new NodeAutoscalerReader({ client: watchClient, clock });
    const observer = new Observer(
      {
        ...{ client: watchClient, clock, log },
        onNews: (key) => this.#queue.add(key, PRIORITY.live),
        ...(resolve && { resolve }),
        ...(prometheus && { prometheus }),
      },
      signal,
    );
    const reconcile = createReconciler({
      client,
      caches: this.#caches,
      engineLogs: new EngineLogs(watchClient),
      serverVersion: new ServerVersionReader({ client: watchClient, clock }),
      priorityClasses,
      ...(defaults && { defaults }),
      metricsApi: new MetricsApiReader({ client: watchClient, clock }),
      capacity: new CapacityReader({
        ...{ client: watchClient, nodes: this.#caches.nodes, autoscaler, priorityClasses },
        ...(this.#ownPods && { ownPods: this.#ownPods }),
      }),
      admission: new Admission({ clock, onTurn: (key) => this.#queue.add(key, PRIORITY.live) }),
      claims: new ClaimBook((giver) => this.#queue.add(giver, PRIORITY.live)),
      observer,
      history: () => this.#histories,
      events,
      metrics,
      clock,
      log,
      options: decide,
    });
    const onPass = (report: PassReport) => this.#onPass(report);
    log.info('reconciling', { workers });
    const recording = events.run(signal);
    await new Controller({
      ...{ queue: this.#queue, reconcile: onlyWhenCurrent(this.#caches, reconcile) },
      ...{ clock, workers, onPass },
    }).run(signal);
    await observer.ended();
    await recording;
  }

  #onPass({ key, id, outcome, seconds, waitedSeconds, error, retries }: PassReport): void {
    const { metrics, log } = this.#options;
    const [namespace, name] = key.split('/');
    metrics.observeReconcile(outcome, seconds);
    log.debug('the pass is over', { namespace, name, reconcileId: id, outcome, seconds, waitedSeconds });
    // A conflict and a stop are everyday; an obstacle is told once, by the change of the Ready condition.
    if (error === undefined || outcome === 'conflict' || outcome === 'stopped' || error instanceof ObstacleError)
      return;
    log.warn('the pass failed and is repeated', { namespace, name, reconcileId: id, retries, error });
  }

  #onReflector(kind: string, event: ReflectorEvent, namespace: string | undefined): void {
    const { log } = this.#options;
    if (this.#caches.all.some(({ type }) => type.kind === kind)) this.#refusedWatches.on(kind, event, namespace);
    // Kinds that a cluster may lack are told of by the objects that want them.
    const isOptional = kind in MONITORING_KINDS || kind === SCALED_OBJECTS.kind;
    if (event.type === 'list-failed' && isOptional && (isNotFound(event.error) || isForbidden(event.error))) {
      log.debug('the cluster lacks a kind, or it may not be read', { kind });
      return;
    }
    if (event.type === 'listed') this.#unlisted.delete(kind);
    if (event.type === 'history-lost') {
      this.#histories++;
      // Of what is in the new list as it was nobody would tell, and what was being measured of it was forgotten.
      for (const { metadata } of this.#caches.deepSeekDeployments.store.list())
        this.#queue.add(keyOf(metadata), PRIORITY.initial);
      log.warn('the API server does not know of what it has told (was etcd restored?): all is listed anew', { kind });
    }
    if (event.type === 'list-failed') {
      // The operator does without them: a kind whose list fails for hours is told of once.
      if (isOptional && this.#unlisted.has(kind)) return;
      this.#unlisted.add(kind);
      if (kind === resources.nodes.kind && isForbidden(event.error)) {
        log.warn('nodes may not be listed: whether an accelerator is there is left to the scheduler');
        return;
      }
      const missing = kind === KIND && isNotFound(event.error);
      const hint = missing ? 'the CRD is not installed; apply crds/deepseekdeployments.yaml' : 'cannot list';
      log.warn(hint, { kind, retryInMs: Math.round(event.retryInMs), error: missing ? undefined : event.error });
    } else if (event.type === 'watch-failed') {
      log.debug('a watch broke and is resumed', { kind, relist: event.relist, error: event.error });
    }
  }
}
