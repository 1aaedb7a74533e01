import { Writable } from 'node:stream';
import { type AuditEntry, AuditReader, type Cluster, RIGHTFUL } from '../../hack/cluster/index.ts';
import { LABEL } from '../../operator/api/index.ts';
import { Manager } from '../../operator/controller/manager.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import type { LiveDeepSeekDeployment } from '../../operator/controller/snapshot.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { EventRecorder } from '../../operator/kube/events.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { KubeClient, KubeObject } from '../../operator/kube/types.ts';
import { createLogger } from '../../operator/telemetry/logger.ts';
import { Metrics } from '../../operator/telemetry/metrics.ts';
import { connect, installCrd } from '../reconcile/install.ts';
import { eventually } from '../support/index.ts';

type Line = Readonly<Record<string, unknown>>;

/** The operator on an API server without controllers: nobody makes pods, and nothing gets ready. */
export class FuzzStage {
  readonly namespace: string;
  readonly client: KubeClient;
  readonly manager: Manager;
  readonly log: Line[] = [];
  readonly signal = AbortSignal.timeout(580_000);
  readonly #audit: AuditReader;
  readonly #seen: AuditEntry[] = [];
  readonly #user: string;
  readonly #stop = new AbortController();
  readonly #closers: (() => Promise<void>)[];
  readonly #ended: Promise<void>;

  static async open(cluster: Cluster, namespace: string): Promise<FuzzStage> {
    await installCrd(cluster);
    const user = `operator-${namespace}`;
    const operator = await connect(cluster, user, { groups: [RIGHTFUL] });
    const test = await connect(cluster, `test-${namespace}`);
    const stage = new FuzzStage(cluster, namespace, user, operator.client, test.client, [operator.close, test.close]);
    await eventually(() => {
      if (stage.manager.unsynced.length > 0) throw new Error(`not synced: ${stage.manager.unsynced.join(', ')}`);
    }, PATIENCE);
    return stage;
  }

  private constructor(
    cluster: Cluster,
    namespace: string,
    user: string,
    client: Awaited<ReturnType<typeof connect>>['client'],
    test: KubeClient,
    closers: readonly (() => Promise<void>)[],
  ) {
    this.namespace = namespace;
    this.client = test;
    this.#audit = new AuditReader(cluster.auditLog);
    this.#user = user;
    this.#closers = [...closers];
    const stream = new Writable({
      write: (line: Buffer, _, done) => {
        this.log.push(JSON.parse(line.toString()) as Line);
        done();
      },
    });
    this.manager = new Manager({
      ...{ client, watchClient: client, metrics: new Metrics({ version: 'test' }), clock: systemClock, workers: 8 },
      events: new EventRecorder({ client, clock: systemClock, source: { controller: 'test', instance: 'test' } }),
      log: createLogger({ level: 'info', format: 'json', stream }),
      namespaces: [namespace],
      decide: { observeOnly: false },
    });
    this.#ended = this.manager.run(this.#stop.signal);
  }

  async objects(): Promise<readonly LiveDeepSeekDeployment[]> {
    const { namespace, signal } = this;
    return (await this.client.list(DEEPSEEK_DEPLOYMENTS, { namespace, signal })).items;
  }

  /** Children by the name of their owner, as `<kind>/<revision>`; those without a revision as `<kind>/`. */
  async children(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const { namespace, signal } = this;
    const found = new Map<string, Set<string>>();
    const kinds = [
      'controllerRevisions',
      'deployments',
      'services',
      'podDisruptionBudgets',
      'serviceAccounts',
    ] as const;
    for (const kind of kinds) {
      const { items } = await this.client.list<KubeObject>(resources[kind], { namespace, signal });
      for (const { metadata } of items) {
        const { [LABEL.name]: owner, [LABEL.revision]: revision = '' } = metadata.labels ?? {};
        if (owner === undefined) continue;
        found.set(owner, (found.get(owner) ?? new Set()).add(`${resources[kind].kind}/${revision}`));
      }
    }
    return found;
  }

  /** What the operator has asked for but watches, Events and its own reading at the start. */
  async requests(): Promise<readonly AuditEntry[]> {
    const news = (await this.#audit.read()).filter(({ user }) => user === this.#user);
    this.#seen.push(...news.filter(({ verb, resource }) => verb !== 'watch' && resource !== 'events'));
    return this.#seen;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    for (const close of this.#closers) await close();
  }
}

/** Long enough for a busy machine; only a failing test uses it up. */
export const PATIENCE = { timeoutMs: 240_000, intervalMs: 1_000 } as const;
