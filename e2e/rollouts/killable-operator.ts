import { Writable } from 'node:stream';
import { type Cluster, RIGHTFUL } from '../../hack/cluster/index.ts';
import type { DecideOptions } from '../../operator/controller/decide/judgement.ts';
import { Manager } from '../../operator/controller/manager.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { loadCredentials, type Credentials } from '../../operator/kube/credentials.ts';
import { TransportError } from '../../operator/kube/errors.ts';
import { NotLeaderError } from '../../operator/kube/leader-election.ts';
import { EventRecorder } from '../../operator/kube/events.ts';
import { Transport, type TransportOptions } from '../../operator/kube/transport.ts';
import type { Clock, KubeClient, KubeObject, ResourceType } from '../../operator/kube/types.ts';
import { createLogger } from '../../operator/telemetry/logger.ts';
import { Metrics } from '../../operator/telemetry/metrics.ts';
import { podResolver } from '../reconcile/install.ts';
import { eventually } from '../support/eventually.ts';
import { arriveLate, type LateWrite, type Signalled } from './late-write.ts';

/**
 * What happens at a write: the operator dies before it is sent, or when it is done, or it lives on and never learns that
 * the write was done.
 */
export type Accident = 'dies-before' | 'dies-after' | 'response-lost' | LateWrite;

export interface KillableOptions {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly enginePort: number;
  readonly clock: Clock;
  /** Default: its own user of the cluster. */
  readonly credentials?: Credentials;
  readonly decide?: DecideOptions;
  /** Told of every Date that the API server sends. */
  readonly onServerTime?: TransportOptions['onServerTime'];
  /** Told of each write before it is sent, events apart, as `verb Kind name`; says what happens at it. */
  readonly onWrite?: (write: string) => Accident | undefined;
  /** How long one call of the API server may take, milliseconds; default as it ships. */
  readonly callTimeoutMs?: number;
}

/** One operator process, as far as the cluster sees it: it can end in the middle of a pass, and no call of it gets through from then on. */
export class KillableOperator {
  /** Writes that were sent, events apart, as `verb Kind name`. */
  readonly writes: string[] = [];
  readonly #client: KubeHttpClient;
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
      events: new EventRecorder({ client, clock: systemClock, source: { controller: 'test', instance: 'test' } }),
      metrics: new Metrics({ version: 'test' }),
      clock,
      log: createLogger({ level: 'error', format: 'json', stream }),
      workers: 4,
      namespaces: [namespace],
      decide,
      resolve: podResolver(enginePort),
    });
    this.#ended = manager.run(this.#stop.signal);
    await eventually(
      () => {
        if (manager.unsynced.length > 0) throw new Error(`not synced: ${manager.unsynced.join(', ')}`);
      },
      { timeoutMs: 60_000 },
    );
  }

  /** The client with the accidents in it. */
  #killable(): KubeClient {
    const inner = this.#client;
    const write = <T, O extends Signalled>(
      ...[verb, type, name, options, call]: [string, ResourceType, string, O, (options: O) => Promise<T>]
    ) => this.#write(`${verb} ${type.kind} ${name}`, type, options, call);
    return {
      get: (type, ref, options) => this.#read(() => inner.get(type, ref, options)),
      exists: (type, ref, options) => this.#read(() => inner.exists(type, ref, options)),
      list: (type, options) => this.#read(() => inner.list(type, options)),
      create: (type, object, options) =>
        write('create', type, `${nameOf(object)}${suffix(options.subresource)}`, options, (given) =>
          inner.create(type, object, given),
        ),
      apply: (type, object, options) =>
        write('apply', type, `${nameOf(object)}${suffix(options.subresource)}`, options, (given) =>
          inner.apply(type, object, given),
        ),
      patch: (type, ref, patch, options) =>
        write('patch', type, `${ref.name}${suffix(options.subresource)}`, options, (given) =>
          inner.patch(type, ref, patch, given),
        ),
      update: (type, object, options) =>
        write('update', type, nameOf(object), options, (given) => inner.update(type, object, given)),
      delete: (type, ref, options) =>
        write('delete', type, ref.name, options, (given) => inner.delete(type, ref, given)),
    };
  }

  #read<T>(call: () => Promise<T>): Promise<T> {
    if (this.#dead) return Promise.reject(new TransportError('this operator is dead'));
    return call();
  }

  async #write<T, O extends Signalled>(
    what: string,
    type: ResourceType,
    options: O,
    call: (options: O) => Promise<T>,
  ): Promise<T> {
    if (this.#dead) throw new TransportError('this operator is dead');
    if (this.#fenced) throw new NotLeaderError('this operator may not write any more');
    if (type.kind === 'Event') return call(options);
    this.writes.push(what);
    const accident = this.#options.onWrite?.(what);
    if (accident === undefined) return call(options);
    if (accident === 'dies-before') {
      this.#dead = true;
      throw new TransportError('this operator is dead');
    }
    if (typeof accident === 'object') return arriveLate(accident, options, call);
    const answer = await call(options);
    if (accident === 'response-lost') throw new TransportError('the connection was cut before the response');
    this.#dead = true;
    return answer;
  }
}

function nameOf(object: object): string {
  return (object as KubeObject).metadata.name;
}

function suffix(subresource: string | undefined): string {
  return subresource === undefined ? '' : `/${subresource}`;
}
