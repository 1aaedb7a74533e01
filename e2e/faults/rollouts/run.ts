import type { DeepSeekDeploymentStatus, RolloutPhase } from '../../../operator/api/index.ts';
import { LABEL } from '../../../operator/api/index.ts';
import type { Cluster } from '../../../hack/cluster/index.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../../operator/controller/resources.ts';
import { resources } from '../../../operator/kube/resources.ts';
import type { KubeObject } from '../../../operator/kube/types.ts';
import type { OrderVerb } from '../../../operator/rollout/orders.ts';
import type { Connection } from '../../reconcile/install.ts';
import { Pool } from '../../reconcile/pools.ts';
import type { Promises } from '../../reconcile/traffic.ts';
import { Stage } from '../../rollouts/stage.ts';
import type { Simulator } from '../../simulator/index.ts';
import { eventually } from '../../support/eventually.ts';
import { leftovers, orphans } from './leftovers.ts';
import { Onlooker } from './onlooker.ts';
import { found, type Finding, restsSilently, tooManyTogether } from './oracles.ts';
import type { Plan } from './plan.ts';
import type { Scenario } from './scenario.ts';
import { Trouble } from './trouble.ts';

/** What the runs of a campaign share. */
export interface Theatre {
  readonly cluster: Cluster;
  readonly director: Connection;
  readonly simulator: Simulator;
  readonly seed: number;
  /** Ends all of them. */
  readonly signal: AbortSignal;
}

/** Longest that a run may take. */
const LIMIT_MS = 240_000;
/** Where nothing happens for so long, the operator waits for its own clock. */
const STUCK_MS = 3_000;
const STUCK_STEP_MS = 10_000;
/** What has not ended so long after its time was up had begun later. */
const TOO_EARLY_MS = 6_000;
/** Of so many looks at the operator one is at the status, too. */
const LOOKS = 8;
/** Nothing has changed for so long: it is over. A status that says little new waits two seconds for company (controller/settling.ts). */
const REST_MS = 2_500;

/** What came of a run. */
export interface Outcome {
  /** Writes of all its operators since the counting began. */
  readonly writes: readonly string[];
  /** Events of them. */
  readonly events: number;
  readonly struck: boolean;
  readonly end: object;
  /** Which versions had the traffic, in order, as numbers of revisions. */
  readonly switches: readonly number[];
  readonly findings: readonly Finding[];
  readonly ms: number;
}

/** A run that did not come to its end. */
export class UnendedError extends Error {
  override readonly name = 'UnendedError';
  /** Whether it had met its fault. */
  readonly struck: boolean;

  constructor(cause: unknown, struck: boolean) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.struck = struck;
  }
}

/** What is there for a run. */
interface Props {
  readonly stage: Stage;
  readonly pool: Pool;
  readonly trouble: Trouble;
  /** Looks at the other model, where there is one. */
  readonly other: Onlooker | undefined;
}

/** One scenario on the stage, with what its script can do. */
export class Run {
  readonly stage: Stage;
  readonly pool: Pool;
  readonly signal: AbortSignal;
  readonly #theatre: Theatre;
  readonly #trouble: Trouble;
  readonly #scenario: Scenario;
  readonly #other: Onlooker | undefined;

  constructor(theatre: Theatre, scenario: Scenario, { stage, pool, trouble, other }: Props, signal: AbortSignal) {
    this.#theatre = theatre;
    this.#other = other;
    this.#scenario = scenario;
    this.stage = stage;
    this.pool = pool;
    this.#trouble = trouble;
    this.signal = signal;
  }

  get client() {
    return this.#theatre.director.client;
  }

  get simulator() {
    return this.#theatre.simulator.control;
  }

  get enginePort(): number {
    return this.#theatre.simulator.enginePort;
  }

  get namespace(): string {
    return this.stage.namespace;
  }

  get spec(): object {
    const { rollout, ...rest } = this.#scenario.spec ?? {};
    return {
      model: { name: 'deepseek-r1-distill-qwen-1.5b' },
      accelerator: this.pool.accelerator,
      termination: { preStopDelay: '1s', drainDeadline: '5s', rollbackDrain: '5s' },
      replicas: this.#scenario.replicas,
      ...rest,
      rollout: { proof: { warmUpRequests: 1, pairedRequests: 0 }, schedulingDeadline: '30m', ...rollout },
    };
  }

  status(): Promise<DeepSeekDeploymentStatus> {
    return this.stage.status();
  }

  /** Waits until the rollout is in one of the phases; returns the status. */
  phase(...wanted: readonly RolloutPhase[]): Promise<DeepSeekDeploymentStatus> {
    return this.until(async () => {
      const status = await this.status();
      const { phase = 'Idle', message = '' } = status.rollout ?? {};
      if (!wanted.includes(phase)) throw new Error(`the phase is ${phase}, not ${wanted.join(' or ')}: ${message}`);
      return status;
    });
  }

  until<T>(attempt: () => Promise<T>): Promise<T> {
    return eventually(attempt, { timeoutMs: LIMIT_MS / 2, intervalMs: 100, signal: this.signal });
  }

  advance(ms: number): void {
    this.stage.clock.advance(ms);
  }

  edit(spec: object): Promise<void> {
    return this.stage.edit({ spec });
  }

  change(model: string): Promise<void> {
    return this.edit({ model: { name: model } });
  }

  order(verb: OrderVerb, revision: string): Promise<void> {
    return this.stage.order(verb, revision);
  }

  /** From now on the promises of the other model hold: so many of its revision are ready. */
  async serves(revision: string, atLeast: number): Promise<void> {
    await this.#other?.traffic.served(revision, atLeast);
    this.#other?.traffic.beginHere();
  }

  /** Through the switch, the watch and, unless `warm`, the rollback window. */
  async passWatch({ warm = false } = {}): Promise<void> {
    await this.phase('Switching', 'Watching');
    await this.pass(16_000, 'Watching', 'Idle');
    // Pods are as old as the machine's clock says: one that still loads would look as if it had done so for ten minutes.
    await this.until(async () => {
      if ((await this.#loading()) > 0) throw new Error('pods are loading');
    });
    await this.pass(601_000, 'Idle');
    if (!warm) this.advance(7_201_000);
  }

  /** So much time passes, and again where that was too early, until the rollout is in one of the phases. */
  async pass(ms: number, ...wanted: readonly RolloutPhase[]): Promise<DeepSeekDeploymentStatus> {
    this.advance(ms);
    let since = performance.now();
    return this.until(async () => {
      const status = await this.status();
      const { phase = 'Idle' } = status.rollout ?? {};
      if (wanted.includes(phase)) return status;
      if (performance.now() - since > TOO_EARLY_MS) {
        this.advance(ms);
        since = performance.now();
      }
      throw new Error(`the phase is ${phase}, not ${wanted.join(' or ')}: ${status.rollout?.message ?? ''}`);
    });
  }

  /** Waits until nothing changes any more; where something waits for time, time passes. */
  async rest(): Promise<void> {
    let last = '';
    let since = performance.now();
    await this.until(async () => {
      const { isDead, writes } = this.stage.operator;
      const now = JSON.stringify([await this.#objects(), isDead, writes.length]);
      if (now !== last) since = performance.now();
      last = now;
      const quietMs = performance.now() - since;
      const why = await this.#whyNotOver();
      if (why === undefined && quietMs >= REST_MS) return;
      if (quietMs > STUCK_MS) {
        this.advance(STUCK_STEP_MS);
        since = performance.now();
      }
      throw new Error(why ?? 'not at rest yet');
    });
  }

  /** Pods of models that are to serve and are not ready yet. */
  async #loading(): Promise<number> {
    const pods = await this.stage.list(resources.pods);
    return pods.filter(
      ({ metadata, status }) =>
        metadata.labels?.[LABEL.name] !== undefined &&
        metadata.deletionTimestamp === undefined &&
        status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') !== true,
    ).length;
  }

  async #objects(): Promise<unknown> {
    const versions = await Promise.all(
      [resources.deployments, resources.services, resources.pods].map((type) => this.stage.list<KubeObject>(type)),
    );
    const deployments = await this.client.list(DEEPSEEK_DEPLOYMENTS, {
      namespace: this.namespace,
      signal: this.signal,
    });
    return [...versions.flat(), ...deployments.items].map(({ metadata }) => [metadata.name, metadata.resourceVersion]);
  }

  async #whyNotOver(): Promise<string | undefined> {
    if (this.stage.operator.isDead) return 'the operator is dead';
    if (this.#trouble.isUnderWay) return 'what was to happen is not over';
    const { deployments = 1, pods = this.#scenario.replicas, phase = 'Idle' } = this.#scenario.end;
    const [sets, all] = [await this.stage.list(resources.deployments), await this.stage.list(resources.pods)];
    const ours = (objects: readonly KubeObject[]) =>
      objects.filter(({ metadata }) => metadata.labels?.[LABEL.name] !== undefined).length;
    if (ours(sets) !== deployments || ours(all) !== pods)
      return `${ours(sets)} Deployments and ${ours(all)} pods are left, not ${deployments} and ${pods}`;
    if (phase === 'Deleted') return undefined;
    if ((await this.#loading()) > 0) return 'pods are loading';
    const { rollout } = await this.status();
    return rollout?.phase === phase ? undefined : `the phase is ${rollout?.phase ?? 'none'}, not ${phase}`;
  }

  /** From here on writes are counted. */
  arm(): Promise<void> {
    return this.#trouble.arm(this.stage);
  }
}

/** Plays a scenario once, in a namespace of its own that is gone afterwards; throws an UnendedError when it does not come to its end. */
export async function play(theatre: Theatre, scenario: Scenario, namespace: string, plan?: Plan): Promise<Outcome> {
  const began = performance.now();
  const { client } = theatre.director;
  const signal = AbortSignal.any([theatre.signal, AbortSignal.timeout(LIMIT_MS)]);
  await client.create(resources.namespaces, { metadata: { name: namespace } }, { signal });
  const { nodes = 1, gpusPerNode } = scenario.pool;
  const shape = { accelerator: 'A100-80GB', nodes, gpusPerNode };
  const pool = await Pool.create(client, theatre.simulator.control, namespace, shape, signal);
  const trouble = await Trouble.begin(theatre.cluster, plan, theatre.seed);
  const stage = await Stage.open(theatre.cluster, theatre.director, theatre.simulator, namespace, trouble.options);
  const other = scenario.other && (await Onlooker.start(stage, scenario.other.name));
  const onlookers = [new Onlooker(stage, 'chat', stage.traffic), ...(other ? [other] : [])];
  const end = new AbortController();
  let nursing: Promise<unknown> = Promise.resolve();
  let beside: Promise<unknown> = Promise.resolve();
  const failures: Error[] = [];
  const note = (error: unknown): void => void failures.push(error instanceof Error ? error : new Error(String(error)));
  try {
    await eventually(() => client.get(resources.serviceAccounts, { namespace, name: 'default' }, { signal }), {
      timeoutMs: 30_000,
    });
    const run = new Run(theatre, scenario, { stage, pool, trouble, other }, signal);
    const aside = scenario.beside?.(run, end.signal) ?? Promise.resolve();
    beside = aside.catch(note);
    if (scenario.begin === 'Serving') {
      await stage.create(run.spec);
      const first = await stage.ready();
      await stage.traffic.served(first, scenario.replicas);
      stage.traffic.beginHere();
    }
    await run.arm();
    nursing = nurse(stage, trouble, onlookers, end.signal).catch(note);
    await scenario.act(run);
    await run.rest();
    if (failures[0] !== undefined) throw failures[0];
    const { writes, events } = stage;
    const left = scenario.end.phase === 'Deleted' ? await leftovers(stage) : await stage.endState();
    const endState = withoutNames(left, namespace, await stage.list(resources.controllerRevisions));
    const silence = await restsSilently(stage, scenario);
    const findings = [
      ...found({ ...scenario.promises, ...promisesIn(plan) }, stage.traffic),
      ...(other ? found(scenario.other.promises, other.traffic) : []),
      ...(other ? tooManyTogether(nodes * gpusPerNode, stage.traffic.moments, other.traffic.moments) : []),
      ...onlookers.flatMap(({ statuses }) => statuses.findings),
      ...silence,
      ...(await orphans(stage)),
    ];
    return {
      ...{ writes, events, struck: trouble.struck, findings, end: endState, ms: Math.round(performance.now() - began) },
      switches: numbered(stage.traffic.switches.map(({ to }) => to)),
    };
  } catch (error) {
    throw new UnendedError(error, trouble.struck);
  } finally {
    end.abort();
    await Promise.all([nursing, beside]);
    await other?.traffic.stop();
    await stage.close();
    await trouble.close();
    await leave(theatre, namespace);
    await pool.close(AbortSignal.timeout(20_000));
  }
}

/** What a fault makes no promise of any more: who is shown the past moves the share of a canary back to what serves, for as long as that lasts. */
function promisesIn(plan: Plan | undefined): Partial<Promises> {
  return plan?.kind === 'old-cache' ? { keepsShares: false } : {};
}

/** Another operator follows each that dies; and what the status says is looked at. */
async function nurse(stage: Stage, trouble: Trouble, onlookers: readonly Onlooker[], end: AbortSignal): Promise<void> {
  for (let look = 0; !end.aborted; look++) {
    const isNobodyThere = stage.operator.isDead;
    if (isNobodyThere) {
      trouble.onReplace();
      await stage.replaceDead();
    }
    if (isNobodyThere || trouble.blinds) for (const { statuses } of onlookers) statuses.excuse();
    if (look % LOOKS === 0) for (const onlooker of onlookers) await onlooker.look();
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** The pods of the run are taken away by force: the next run wants their GPUs. */
async function leave({ director: { client } }: Theatre, namespace: string): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  await client.delete(resources.namespaces, { name: namespace }, { signal });
  for (const { metadata } of (await client.list(resources.pods, { namespace, signal })).items) {
    const ref = { namespace, name: metadata.name };
    await client.delete(resources.pods, ref, { gracePeriodSeconds: 0, signal }).catch(() => undefined);
  }
}

/** What runs differ in by their namespace is called alike: itself, its nodes, and revisions, whose hashes are over their nodes' labels. */
function withoutNames(end: object, namespace: string, revisions: readonly KubeObject[]): object {
  const names = revisions.map((object) => [
    object.metadata.labels?.[LABEL.revision] ?? object.metadata.name,
    `revision-${(object as { readonly revision?: number }).revision ?? ''}`,
  ]);
  const text = [[namespace, 'NAMESPACE'], ...names].reduce(
    (all, [from = '', to = '']) => all.replaceAll(from, to),
    JSON.stringify(end),
  );
  return JSON.parse(text) as object;
}

/** Names as the numbers in which they first came. */
function numbered(names: readonly string[]): number[] {
  const order = [...new Set(names)];
  return names.map((name) => order.indexOf(name));
}
