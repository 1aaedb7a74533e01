import { afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import { type AuditEntry, AuditReader, type Cluster, findTool } from '../../hack/cluster/index.ts';
import { LABEL, type RolloutPhase } from '../../operator/api/index.ts';
import { HTTP_ROUTES, type LiveHttpRoute } from '../../operator/controller/gateway.ts';
import { type OperatorBench, operatorBench } from '../reconcile/harness.ts';
import { BRIEF } from '../reconcile/rollouts.ts';
import { eventually } from '../support/index.ts';
import { Clients, type Outcome } from './clients.ts';
import { PATIENCE, startGateway, type TestGateway } from './gateway.ts';

/** The name of every DeepSeekDeployment of a stage, and of the model that it serves. */
export const NAME = 'chat';

/** The first time Traefik is compiled. */
const BUILD_MS = 25 * 60_000;
const START_MS = 90_000;

/** What a step of a canary pauses for in these tests, of the operator's own time. */
export const PAUSE_MS = 30_000;
/** What the operator gives a gateway that has taken the route, and nodes after a flip. */
const SETTLE_MS = 4_000;

/** An operator that steers a real gateway, engines behind it, and users before it. */
export interface CanaryStage {
  readonly operator: OperatorBench;
  readonly gateway: TestGateway;
  readonly clients: Clients;
  /** The spec of a deployment behind the gateway, with what a test adds to its rollout. */
  readonly spec: (rollout?: object) => Readonly<Record<string, unknown>>;
  /** Creates the deployment and waits until its users reach it through the gateway. Returns its revision. */
  readonly serve: (spec: object) => Promise<string>;
  /** Weights of the route’s last rule by revision, as they are on the server. */
  readonly weights: (name?: string) => Promise<Readonly<Record<string, number>>>;
  /** Generation requests that the engines of a revision have been sent since they started. */
  readonly requestsOf: (revision: string) => Promise<number>;
  /** Waits until the candidate has that weight in a step that has begun, and the gateway follows. Returns its revision. */
  readonly atWeight: (percent: number) => Promise<string>;
  /** Who gets so many requests, sent now: by revision. None may be lost. */
  readonly split: (count: number, options?: Parameters<Clients['burst']>[1]) => Promise<ReadonlyMap<string, number>>;
  /** Waits until the rollout is in the phase; lets the operator's time go on meanwhile. */
  readonly until: (...phases: readonly RolloutPhase[]) => Promise<string>;
  /** Writes of the operator to HTTPRoutes since the test began. */
  readonly routeWrites: () => Promise<readonly AuditEntry[]>;
}

/** Gives each test of a file its stage. For files `*.gateway.test.ts`. */
export function canaryStage(cluster: () => Cluster): () => CanaryStage {
  beforeAll(async () => {
    await findTool('traefik', { signal: AbortSignal.timeout(BUILD_MS) });
  }, BUILD_MS);
  const bench = operatorBench(cluster, { listenOn: 'PodAddress' });
  let open: { readonly stage: CanaryStage; close(): Promise<void> } | undefined;
  beforeEach(async () => {
    open = await openStage(cluster(), bench());
  }, START_MS);
  afterEach(async () => {
    await open?.close();
    open = undefined;
  }, 60_000);
  return () => {
    if (!open) throw new Error('The stage exists only while a test runs.');
    return open.stage;
  };
}

async function openStage(cluster: Cluster, operator: OperatorBench) {
  const { namespace, client } = operator;
  const gateway = await startGateway({ cluster, namespace, client, signal: AbortSignal.timeout(START_MS) });
  const clients = new Clients({ url: gateway.url, model: NAME });
  const audit = new AuditReader(cluster.auditLog, { user: operator.operatorUser });
  const written: AuditEntry[] = [];

  const requestsOf = async (revision: string): Promise<number> => {
    const records = await operator.simulator.pods();
    return records
      .filter(({ labels }) => labels[LABEL.revision] === revision)
      .reduce((sum, { requests }) => sum + requests.total, 0);
  };
  const counts = async (): Promise<Map<string, number>> => {
    const found = new Map<string, number>();
    for (const { labels, requests } of await operator.simulator.pods()) {
      const revision = labels[LABEL.revision] ?? '';
      found.set(revision, (found.get(revision) ?? 0) + requests.total);
    }
    return found;
  };
  const split: CanaryStage['split'] = async (count, options) => {
    const before = await counts();
    expect(await clients.burst(count, options)).toEqual({ sent: count, lost: {} });
    return new Map([...(await counts())].map(([revision, total]) => [revision, total - (before.get(revision) ?? 0)]));
  };
  const weights: CanaryStage['weights'] = async (name = NAME) =>
    weightsOf(await client.get(HTTP_ROUTES, { namespace, name }, { signal: operator.signal }));

  const stage: CanaryStage = {
    operator,
    gateway,
    clients,
    spec: (rollout = {}) => ({
      model: { name: 'deepseek-r1-distill-qwen-1.5b' },
      accelerator: { type: 'A100-80GB' },
      replicas: 2,
      termination: { preStopDelay: '10s', drainDeadline: '60s', rollbackDrain: '5s' },
      rollout: { ...BRIEF.rollout, rollbackWindow: '10m', ...rollout },
      traffic: { gateway: { parentRefs: [gateway.parentRef] } },
    }),
    serve: async (spec) => {
      await operator.create(NAME, spec);
      await operator.condition(NAME, 'Ready', 'True');
      const revision = (await operator.status(NAME)).serving?.revision ?? '';
      await eventually(async () => expect(await clients.burst(20)).toEqual({ sent: 20, lost: {} }), PATIENCE);
      return revision;
    },
    weights,
    requestsOf,
    split,
    atWeight: async (percent) => {
      const candidate = await eventually(async () => {
        operator.advance(SETTLE_MS);
        const { rollout, candidate: next } = await operator.status(NAME);
        if (
          rollout?.weight !== percent ||
          !['Proving', 'AwaitingPromotion'].includes(rollout.phase) ||
          next === undefined
        )
          throw new Error(`not at ${percent} %: ${JSON.stringify(rollout)}`);
        return next.revision;
      }, SLOWLY);
      await eventually(async () => expect((await weights())[candidate]).toBe(percent), PATIENCE);
      await gateway.taken(NAME);
      await eventually(async () => expectShare(await split(40), candidate, percent), PATIENCE);
      return candidate;
    },
    until: (...phases) =>
      eventually(async () => {
        operator.advance(SETTLE_MS);
        const { rollout } = await operator.status(NAME);
        if (rollout === undefined || !phases.includes(rollout.phase)) throw new Error(JSON.stringify(rollout));
        return rollout.message ?? '';
      }, SLOWLY),
    routeWrites: async () => {
      written.push(...(await audit.read()));
      return written.filter(({ resource, verb }) => resource === 'httproutes' && verb !== 'list' && verb !== 'watch');
    },
  };
  const close = async (): Promise<void> => {
    await clients[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
  };
  return { stage, close };
}

/** Time of the operator's goes by faster than that of pods, whose startup budgets must not run out. */
const SLOWLY = { ...PATIENCE, intervalMs: 1_000 };

/** Weights of the last rule, which is the one for everybody, by revision. */
export function weightsOf({ spec }: LiveHttpRoute): Readonly<Record<string, number>> {
  const backends = spec?.rules?.at(-1)?.backendRefs ?? [];
  return Object.fromEntries(backends.map(({ name, weight }) => [name.slice(NAME.length + 1), weight ?? 1]));
}

/** Within 4 standard deviations of a coin, one in 16,000 lies beyond; and 0 and 100 percent are exact. */
export function expectShare(got: ReadonlyMap<string, number>, revision: string, percent: number): void {
  const count = [...got.values()].reduce((sum, value) => sum + value, 0);
  const share = percent / 100;
  const tolerance = 4 * Math.sqrt(count * share * (1 - share));
  expect(Math.abs((got.get(revision) ?? 0) - count * share)).toBeLessThanOrEqual(tolerance);
}

/** A burst or a load that lost nothing. */
export function expectNoneLost({ sent, lost }: Outcome, what: string): void {
  expect({ what, lost }).toEqual({ what, lost: {} });
  expect(sent).toBeGreaterThan(20);
}
