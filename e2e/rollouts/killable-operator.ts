import { Writable } from 'node:stream';
import { type Cluster, RIGHTFUL } from '../../hack/cluster/index.ts';
import type { DecideOptions } from '../../operator/controller/decide/judgement.ts';
import { Manager } from '../../operator/controller/manager.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { loadCredentials, type Credentials } from '../../operator/kube/credentials.ts';
import { TransportError } from '../../operator/kube/errors.ts';
import { LeaderElector, NotLeaderError } from '../../operator/kube/leader-election.ts';
import { EventRecorder } from '../../operator/kube/events.ts';
import { collectionPath, objectPath, refOf } from '../../operator/kube/paths.ts';
import { Transport, type TransportOptions } from '../../operator/kube/transport.ts';
import type { Clock, KubeClient, ObjectRef, ResourceType } from '../../operator/kube/types.ts';
import { createLogger } from '../../operator/telemetry/logger.ts';
import { Metrics } from '../../operator/telemetry/metrics.ts';
import { podResolver } from '../reconcile/install.ts';
import { eventually } from '../support/eventually.ts';
import { arriveLate, type LateWrite, type Signalled } from './late-write.ts';

/** What happens at a write: the operator dies before it is sent, or when it is done; or the write comes late. */
export type Accident = 'dies-before' | 'dies-after' | LateWrite;

/** A write as it is on the wire: each of its attempts. */
export interface Sent {
  readonly method: string;
  readonly path: string;
}

export interface KillableOptions {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly enginePort: number;
  readonly clock: Clock;
  /** Default: its own user of the cluster. */
  readonly credentials?: Credentials;
  readonly decide?: DecideOptions;
  /** Name of the Lease in its namespace that it has to hold before it may write; absent: it is the only one. */
  readonly lease?: string;
  /** Told of every Date that the API server sends. */
  readonly onServerTime?: TransportOptions['onServerTime'];
  /** Told of each write before it is sent, events apart, as `verb Kind name`; says what happens at it. */
  readonly onWrite?: (write: string, sent: Sent) => Accident | undefined;
  /** How long one call of the API server may take, milliseconds; default as it ships. */
  readonly callTimeoutMs?: number;
}

/** One operator process, as far as the cluster sees it: it can end in the middle of a pass, and no call of it gets through from then on. */
export class KillableOperator {
  /** Writes that were sent, events apart, as `verb Kind name`. */
  readonly writes: string[] = [];
  /** Events that were sent, each repetition one. */
  events = 0;
  readonly #client: KubeHttpClient;
  /** Asks for permission before each write. */
  readonly #fencedClient: KubeHttpClient;
  readonly #elector: LeaderElector | undefined;
  readonly #transport: Transport;
  readonly #options: KillableOptions;
  readonly #stop = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  #fenced = false;
  #dead = false;

  static async start(options: KillableOptions): Promise<KillableOperator> {
    const { cluster, namespace, onServerTime, callTimeoutMs } = options;
    const user = `operator-${namespace}`;
    const credentials =
      options.credentials ??
      (await loadCredentials({
        clock: systemClock,
        kubeconfig: await cluster.kubeconfig(user, { groups: [RIGHTFUL] }),
      }));
    const transport = new Transport({
      credentials,
      clock: systemClock,
      userAgent: user,
      ...(onServerTime && { onServerTime }),
      ...(callTimeoutMs !== undefined && { callTimeoutMs }),
    });
    const operator = new KillableOperator(options, transport);
    await operator.#run();
    return operator;
  }

  private constructor(options: KillableOptions, transport: Transport) {
    this.#options = options;
    this.#transport = transport;
    this.#client = new KubeHttpClient(transport);
    const { namespace, lease } = options;
    this.#elector =
      lease === undefined
        ? undefined
        : new LeaderElector({
            ...{ client: this.#client, clock: systemClock, identity: crypto.randomUUID() },
            lease: { namespace, name: lease },
          });
    this.#fencedClient = new KubeHttpClient(transport, { fence: () => this.#elector?.fence() });
  }

  /** Whether it takes itself for the leader; always, where there is no Lease. */
  get believes(): boolean {
    return !this.#dead && (this.#elector?.isLeader ?? true);
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** It begins no write any more, as one whose Lease has run out; what is on its way arrives. */
  fence(): void {
    this.#fenced = true;
  }

  /** Ends it, in good order if it still lives. */
  async stop(): Promise<void> {
    this.#dead = true;
    this.#stop.abort();
    await this.#ended;
    await this.#transport.close();
  }

  async #run(): Promise<void> {
    const { clock, namespace, enginePort, decide = { observeOnly: false } } = this.#options;
    const client = this.#killable();
    const stream = new Writable({ write: (_, __, done) => done() });
    const manager = new Manager({
      client,
      watchClient: this.#client,
      ...(this.#elector && { elector: this.#elector }),
      events: new EventRecorder({
        ...{ client, clock: systemClock, source: { controller: 'test', instance: 'test' } },
        mayWrite: () => this.#elector?.isLeader ?? true,
      }),
      metrics: new Metrics({ version: 'test' }),
      clock,
      log: createLogger({ level: 'error', format: 'json', stream }),
      workers: 4,
      namespaces: [namespace],
      decide,
      resolve: podResolver(enginePort),
    });
    this.#ended = manager.run(this.#stop.signal).catch((error: unknown) => {
      if (!(error instanceof NotLeaderError)) throw error;
      // As a process that exits.
      this.#dead = true;
    });
    await eventually(
      () => {
        if (manager.unsynced.length > 0) throw new Error(`not synced: ${manager.unsynced.join(', ')}`);
      },
      { timeoutMs: 60_000 },
    );
  }

  /** The client with the accidents in it. */
  #killable(): KubeClient {
    const inner = this.#fencedClient;
    return {
      get: (type, ref, options) => this.#read(() => inner.get(type, ref, options)),
      exists: (type, ref, options) => this.#read(() => inner.exists(type, ref, options)),
      list: (type, options) => this.#read(() => inner.list(type, options)),
      create: (type, object, options) =>
        this.#write({ verb: 'create', type, ref: refOf(object) }, options, (given) =>
          inner.create(type, object, given),
        ),
      apply: (type, object, options) =>
        this.#write({ verb: 'apply', type, ref: refOf(object) }, options, (given) => inner.apply(type, object, given)),
      patch: (type, ref, patch, options) =>
        this.#write({ verb: 'patch', type, ref }, options, (given) => inner.patch(type, ref, patch, given)),
      update: (type, object, options) =>
        this.#write({ verb: 'update', type, ref: refOf(object) }, options, (given) =>
          inner.update(type, object, given),
        ),
      delete: (type, ref, options) =>
        this.#write({ verb: 'delete', type, ref }, options, (given) => inner.delete(type, ref, given)),
    };
  }

  #read<T>(call: () => Promise<T>): Promise<T> {
    if (this.#dead) return Promise.reject(new TransportError('this operator is dead'));
    return call();
  }

  async #write<T, O extends WriteOptions>(write: Write, options: O, call: (options: O) => Promise<T>): Promise<T> {
    if (this.#dead) throw new TransportError('this operator is dead');
    if (this.#fenced) throw new NotLeaderError('this operator may not write any more');
    const { verb, type, ref } = write;
    if (type.kind === 'Event') {
      this.events += 1;
      return call(options);
    }
    const what = `${verb} ${type.kind} ${[ref.name, options.subresource].filter(Boolean).join('/')}`;
    this.writes.push(what);
    const accident = this.#options.onWrite?.(what, sentAs(write, options.subresource));
    if (accident === undefined) return call(options);
    if (accident === 'dies-before') {
      this.#dead = true;
      throw new TransportError('this operator is dead');
    }
    if (accident !== 'dies-after') return arriveLate(accident, options, call);
    const answer = await call(options);
    this.#dead = true;
    return answer;
  }
}

const METHOD = { create: 'POST', apply: 'PATCH', patch: 'PATCH', update: 'PUT', delete: 'DELETE' } as const;

interface Write {
  readonly verb: keyof typeof METHOD;
  readonly type: ResourceType;
  readonly ref: ObjectRef;
}

interface WriteOptions extends Signalled {
  readonly subresource?: string;
}

function sentAs({ verb, type, ref }: Write, subresource: string | undefined): Sent {
  const isNew = verb === 'create' && subresource === undefined;
  const path = isNew ? collectionPath(type, ref.namespace) : objectPath(type, ref, subresource);
  return { method: METHOD[verb], path };
}
