import { afterEach, beforeAll, beforeEach } from '@jest/globals';
import { Writable } from 'node:stream';
import { synthesize } from '../../cdk8s/install/install.ts';
import { type AuditEntry, type Cluster, readAudit } from '../../hack/cluster/index.ts';
import { API_VERSION, KIND } from '../../operator/api/index.ts';
import { WEBHOOK_NAME } from '../../operator/api/rights.ts';
import { Manager } from '../../operator/controller/manager.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import { EventRecorder } from '../../operator/kube/events.ts';
import { clusterScoped, namespaced, resources, type Secret } from '../../operator/kube/resources.ts';
import { Transport } from '../../operator/kube/transport.ts';
import type { Clock, KubeObject } from '../../operator/kube/types.ts';
import { createLogger } from '../../operator/telemetry/logger.ts';
import { Metrics } from '../../operator/telemetry/metrics.ts';
import {
  WEBHOOK_CONFIGURATIONS,
  type WebhookConfiguration,
} from '../../operator/webhook/certificates/configuration.ts';
import type { Lifetimes } from '../../operator/webhook/certificates/material.ts';
import { CertificateKeeper, type CertificateSource, startWebhookServer } from '../../operator/webhook/index.ts';
import { installCrd } from '../reconcile/install.ts';
import {
  eventually,
  type OperatorProgram,
  operatorUser,
  type Printed,
  runKubectl,
  startOperatorProgram,
  testNamespace,
} from '../support/index.ts';

/** Only a failing test uses it up. */
export const PATIENCE = { timeoutMs: 30_000, intervalMs: 20 } as const;

/** An object of the installation. */
interface Manifest extends KubeObject {
  readonly webhooks?: readonly Readonly<Record<string, unknown>>[];
}

export interface ReplicaOptions {
  readonly clock?: Clock;
  readonly lifetimes?: Lifetimes;
  /** Default: the operator makes its own. */
  readonly certificates?: CertificateSource;
  /** Default: a free one. */
  readonly port?: number;
}

/** One replica of the operator with its webhook. */
export interface Replica {
  readonly port: number;
  readonly log: readonly Readonly<Record<string, unknown>>[];
  /** When the certificate expires that it serves, milliseconds since the epoch; undefined: it has none. */
  readonly servesUntil: () => number | undefined;
  readonly metrics: () => Promise<string>;
  stop(): Promise<void>;
}

/** A namespace with the operator's rights, the Service and the configuration of the webhook: that of the installation. */
export class Stage {
  readonly #cluster: Cluster;
  readonly #replicas: Replica[] = [];
  readonly #undoings: (() => Promise<unknown>)[] = [];
  readonly #closers: (() => Promise<void>)[] = [];
  readonly namespace: string;
  readonly admin: KubeHttpClient;
  readonly signal = AbortSignal.timeout(110_000);
  /** An API server that has just begun knows of nobody's rights yet. */
  mayBeDenied = false;

  static async open(cluster: Cluster, namespace: string): Promise<Stage> {
    const { client, close } = await connect(cluster, `webhook-test-${namespace}`);
    const stage = new Stage(cluster, namespace, client);
    stage.#closers.push(close);
    const rights = stage.#manifests().filter(({ apiVersion }) => apiVersion.startsWith('rbac.'));
    for (const object of rights) {
      const { kind, metadata } = object;
      const plural = `${kind.toLowerCase()}s`;
      const type = metadata.namespace === undefined ? clusterScoped : namespaced;
      const options = { fieldManager: 'installer', force: true, signal: stage.signal };
      await client.apply(type('rbac.authorization.k8s.io', 'v1', kind, plural), object, options);
    }
    return stage;
  }

  private constructor(cluster: Cluster, namespace: string, admin: KubeHttpClient) {
    this.#cluster = cluster;
    this.namespace = namespace;
    this.admin = admin;
  }

  #manifests(): readonly Manifest[] {
    return synthesize({ namespace: this.namespace }) as Manifest[];
  }

  /** The configuration as it is installed, for this namespace alone, and calling `port` of this machine. */
  configuration(port: number): Manifest {
    const [found] = this.#manifests().filter(({ kind }) => kind === 'ValidatingWebhookConfiguration');
    if (found?.webhooks === undefined) throw new Error('the installation has no webhook');
    const webhooks = found.webhooks.map((webhook) => ({
      ...webhook,
      clientConfig: { service: { ...(webhook['clientConfig'] as { service: object }).service, port } },
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': this.namespace } },
    }));
    return { ...found, webhooks };
  }

  /** Installs Service and configuration, and waits until the API server asks. */
  async install(port: number, isAsked = true): Promise<void> {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: WEBHOOK_NAME, namespace: this.namespace },
      // The API server is a process of this machine, as the webhook is.
      spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
    };
    await this.kubectl(['apply', '-f', '-'], service);
    await this.kubectl(['apply', '-f', '-'], this.configuration(port));
    if (isAsked) await eventually(() => this.refused(), PATIENCE);
  }

  /** Throws unless a spec that cannot work is refused. */
  async refused(): Promise<void> {
    const verdict = await this.#dryRun();
    if (verdict === undefined) throw new Error('the API server does not ask, or gets no answer');
  }

  /** The refusal of a spec that cannot work; undefined: it was let through. Nothing is stored. */
  async #dryRun(): Promise<string | undefined> {
    try {
      const type = { group: 'deepseek-operator.io', version: 'v1alpha1', plural: 'deepseekdeployments', kind: KIND };
      const { signal } = this;
      await this.admin.create({ ...type, namespaced: true }, this.model('probe', REFUSED), { signal, dryRun: true });
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  model(name: string, spec: object): KubeObject & { readonly spec: object } {
    return { apiVersion: API_VERSION, kind: KIND, metadata: { name, namespace: this.namespace }, spec };
  }

  async live(): Promise<WebhookConfiguration> {
    return this.admin.get(WEBHOOK_CONFIGURATIONS, { name: WEBHOOK_NAME }, { signal: this.signal });
  }

  /** The authorities that the API server trusts, PEM; empty: none. */
  async trusted(): Promise<string> {
    const [webhook] = (await this.live()).webhooks ?? [];
    return Buffer.from(webhook?.clientConfig.caBundle ?? '', 'base64').toString();
  }

  async secret(): Promise<Secret> {
    const ref = { namespace: this.namespace, name: WEBHOOK_NAME };
    return this.admin.get(resources.secrets, ref, { signal: this.signal });
  }

  /** kubectl as an administrator; `input` is what `-f -` reads. */
  async kubectl(args: readonly string[], input: object = {}): Promise<Printed> {
    const all = ['--namespace', this.namespace, ...args];
    const options = { input: JSON.stringify(input), signal: this.signal };
    return runKubectl(this.#cluster, 'platform-engineer', all, options);
  }

  /** What the operator has asked of the API server in this test, its watches included. */
  async requests(): Promise<readonly AuditEntry[]> {
    return readAudit(this.#cluster.auditLog, { user: this.#user });
  }

  /** Starts the operator as a program, with its webhook; resolves when it says that it has started. */
  async startProgram(...flags: readonly string[]): Promise<OperatorProgram> {
    const { namespace } = this;
    const program = await startOperatorProgram(this.#cluster, namespace, ['--watch-namespaces', namespace, ...flags]);
    this.defer(program.kill);
    return program;
  }

  get #user(): string {
    return operatorUser(this.namespace);
  }

  async startReplica({
    clock = systemClock,
    lifetimes,
    certificates,
    port = 0,
  }: ReplicaOptions = {}): Promise<Replica> {
    const { namespace } = this;
    const all = 'system:serviceaccounts';
    const { client, close } = await connect(this.#cluster, this.#user, [all, `${all}:${namespace}`]);
    const lines: Record<string, unknown>[] = [];
    const stream = new Writable({
      write: (line: Buffer, _, done) => {
        lines.push(JSON.parse(line.toString()) as Record<string, unknown>);
        done();
      },
    });
    const log = createLogger({ level: 'info', format: 'json', stream });
    const metrics = new Metrics({ version: 'test' });
    const events = new EventRecorder({ client, clock: systemClock, source: { controller: 'test', instance: 'test' } });
    const manager = new Manager({
      ...{ client, watchClient: client, events, metrics, clock: systemClock, log, workers: 2, namespaces: [namespace] },
      decide: { observeOnly: false },
    });
    const stop = new AbortController();
    const ended = manager.run(stop.signal);
    let until: number | undefined;
    const server = await startWebhookServer({
      ...{ host: '127.0.0.1', port, log, signal: stop.signal },
      judge: (object, signal) => manager.judge.judge(object, signal),
      certificates:
        certificates ??
        new CertificateKeeper({
          ...{ client, clock, log, ref: { namespace, name: WEBHOOK_NAME } },
          ...(lifetimes && { lifetimes }),
        }),
      unready: () => (manager.unsynced.length === 0 ? undefined : manager.unsynced.join(', ')),
      onReview: (review) => metrics.webhook.observe(review),
      onCertificate: (notAfter) => {
        until = notAfter;
        metrics.webhook.setCertificateExpiry(notAfter);
      },
    });
    const replica: Replica = {
      port: server.port,
      log: lines,
      servesUntil: () => until,
      metrics: () => metrics.registry.metrics(),
      stop: async () => {
        stop.abort(new Error('the test is over'));
        await Promise.all([ended, server.closed]);
        await close();
      },
    };
    this.#replicas.push(replica);
    await eventually(() => {
      if (manager.unsynced.length > 0) throw new Error(`not synced: ${manager.unsynced.join(', ')}`);
    }, PATIENCE);
    return replica;
  }

  /** Something to be undone when the test is over. */
  defer(undo: () => Promise<unknown>): void {
    this.#undoings.push(undo);
  }

  async close(): Promise<void> {
    for (const undo of this.#undoings) await undo();
    await this.kubectl(['delete', 'validatingwebhookconfiguration', WEBHOOK_NAME, '--ignore-not-found']);
    for (const replica of this.#replicas) await replica.stop();
    for (const close of this.#closers) await close();
    const denied = (await this.requests()).filter((request) => request.denied);
    if (denied.length > 0 && !this.mayBeDenied)
      throw new Error(`requests that are forbidden: ${denied.map(({ verb, uri }) => `${verb} ${uri}`).join(', ')}`);
  }
}

/** A spec that no node can make work. */
export const REFUSED = {
  model: { name: 'deepseek-r1-distill-qwen-7b', maxModelLen: 8192 },
  quantization: { type: 'FP16' },
  accelerator: { type: 'T4', count: 1 },
};

/** One that works on this accelerator. */
export const ACCEPTED = { ...REFUSED, accelerator: { type: 'L4', count: 1 }, replicas: 1 };

async function connect(cluster: Cluster, user: string, groups?: readonly string[]) {
  const kubeconfig = await cluster.kubeconfig(user, groups && { groups });
  const credentials = await loadCredentials({ clock: systemClock, kubeconfig });
  const transport = new Transport({ credentials, clock: systemClock, userAgent: user });
  return { client: new KubeHttpClient(transport), close: () => transport.close() };
}

/** A stage for each test of a file. */
export function webhookStage(cluster: () => Cluster): () => Stage {
  const namespace = testNamespace(cluster);
  let stage: Stage | undefined;
  beforeAll(() => installCrd(cluster()), 60_000);
  beforeEach(async () => {
    stage = await Stage.open(cluster(), namespace());
  }, 60_000);
  afterEach(async () => {
    await stage?.close();
    stage = undefined;
  }, 60_000);
  return () => {
    if (stage === undefined) throw new Error('The stage exists only while a test runs.');
    return stage;
  };
}
