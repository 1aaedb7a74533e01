import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DeepSeekDeploymentStatus, LABEL } from '../../operator/api/index.ts';
import { resources } from '../../operator/kube/resources.ts';
import { type Connection, connect, installCrd } from '../reconcile/install.ts';
import { Pool } from '../reconcile/pools.ts';
import { startSimulator, type Simulator } from '../simulator/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { type Accident, ACCIDENTS } from './killable-operator.ts';
import { Stage } from './stage.ts';

const cluster = testCluster('simulated');

const SECOND = 'deepseek-r1-distill-qwen-7b';
const REPLICAS = 2;
/** Each write has one accident in the everyday run, and all three with ACCIDENTS=all, which takes a quarter of an hour. */
const EVERY_ACCIDENT = process.env['ACCIDENTS'] === 'all';
/** Rollouts that run side by side. */
const AT_ONCE = 6;
/** One figure is up to a hundred rollouts. */
const FIGURE_TIMEOUT_MS = 900_000;
const RUN_TIMEOUT_MS = 120_000;
/** Where nothing happens for so long after the watch, the operator waits for its own clock. */
const STUCK_MS = 4_000;
const STUCK_STEP_MS = 10_000;

let director: Connection;
let simulator: Simulator;
let pool: Pool;
const group = `crash-${crypto.randomUUID().slice(0, 6)}`;
const namespaces = Array.from({ length: 160 }, (_, index) => `${group}-${index}`);

beforeAll(async () => {
  await installCrd(cluster());
  director = await connect(cluster(), 'director');
  const signal = AbortSignal.timeout(100_000);
  const kubeconfig = await cluster().kubeconfig(`simulator-${group}`);
  simulator = await startSimulator({ kubeconfig, namespaces, timeScale: 0.001, signal });
  pool = await Pool.create(
    director.client,
    simulator.control,
    group,
    { accelerator: 'A100-80GB', nodes: 4, gpusPerNode: 8 },
    new AbortController().signal,
  );
}, 120_000);

afterAll(async () => {
  await simulator.stop();
  await pool.close(AbortSignal.timeout(30_000));
  await director.close();
}, 60_000);

/** What a person and the world do to a rollout, by the phase that it has come to; each once. */
interface Play {
  readonly rollout?: object;
  readonly on: Partial<Record<string, (stage: Stage, status: DeepSeekDeploymentStatus) => Promise<void> | void>>;
  readonly isOver: (status: DeepSeekDeploymentStatus, played: ReadonlySet<string>) => boolean;
  /** Deployments that are left in the end. */
  readonly left: number;
  /** The phase from which on writes are counted; default: the change of the spec. Before it, it is the first play. */
  readonly from?: string;
}

const PLAYS: Readonly<Record<string, Play>> = {
  'a rollout from the change of the spec to the end of the rollback window': {
    on: {
      Switching: ({ clock }) => clock.advance(15_000),
      Watching: ({ clock }) => clock.advance(600_000),
      Over: ({ clock }) => clock.advance(7_200_000),
    },
    isOver: ({ rollout, rollback }, played) =>
      rollout?.phase === 'Idle' && played.has('Over') && rollback?.readiness === 'Cold',
    left: 1,
  },
  'a rollout that is taken back by itself': {
    on: {
      Switching: ({ clock }) => clock.advance(15_000),
      Watching: async (stage, { serving }) =>
        simulator.control.setRule({
          name: stage.namespace,
          match: { pod: `${stage.namespace}/${await onePodOf(stage, serving?.revision ?? '')}` },
          behaviour: { failure: 'crash', failAfterSeconds: 1 },
        }),
      RollingBack: ({ clock }) => clock.advance(6_000),
    },
    isOver: ({ rollout }) => rollout?.phase === 'Held',
    left: 1,
    from: 'Watching',
  },
  'a rollout that is aborted before the switch': {
    rollout: { promotion: 'Manual' },
    on: { AwaitingPromotion: (stage, { candidate }) => stage.order('abort', candidate?.revision ?? '') },
    isOver: ({ rollout }) => rollout?.phase === 'Held',
    left: 1,
    from: 'AwaitingPromotion',
  },
};

async function onePodOf(stage: Stage, revision: string): Promise<string> {
  const pods = await stage.list(resources.pods);
  return pods.find(({ metadata }) => metadata.labels?.[LABEL.revision] === revision)?.metadata.name ?? '';
}

const spec = (play: Play) => ({
  model: { name: 'deepseek-r1-distill-qwen-1.5b' },
  accelerator: pool.accelerator,
  termination: { preStopDelay: '1s', drainDeadline: '5s', rollbackDrain: '5s' },
  replicas: REPLICAS,
  rollout: { proof: { warmUpRequests: 1, pairedRequests: 0 }, schedulingDeadline: '30m', ...play.rollout },
});

interface Run {
  readonly writes: readonly string[];
  readonly struck: boolean;
  readonly restarts: number;
  readonly end: object;
  readonly broken: readonly unknown[];
}

/** One rollout, with an accident at the write of this number. */
async function run(play: Play, namespace: string, accident?: { at: number; kind: Accident }): Promise<Run> {
  const { client } = director;
  const signal = AbortSignal.timeout(RUN_TIMEOUT_MS);
  await client.create(
    resources.namespaces,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { signal },
  );
  const stage = await Stage.open(cluster(), director, simulator, namespace);
  try {
    await eventually(() => client.get(resources.serviceAccounts, { namespace, name: 'default' }, { signal }), {
      timeoutMs: 30_000,
    });
    await stage.create(spec(play));
    const first = await stage.ready();
    await stage.traffic.served(first, REPLICAS);
    const since = Date.now();
    const arm = () => stage.arm(accident?.at ?? -1, accident?.kind ?? 'dies-before');
    if (play.from === undefined) arm();
    const { operator } = stage;
    await stage.edit({ spec: { model: { name: SECOND } } });
    await drive(play, stage, first, arm);
    return {
      writes: [...operator.writes],
      struck: operator.struck,
      restarts: stage.restarts,
      end: await stage.endState(),
      broken: stage.traffic.verdict({ minReady: 1 }).filter(({ at }) => at >= since),
    };
  } catch (error) {
    throw new Error(`${namespace}, ${JSON.stringify(accident)}: ${String(error)}`, { cause: error });
  } finally {
    await stage.close();
    await client.delete(resources.namespaces, { name: namespace }, { signal: AbortSignal.timeout(20_000) });
    const pods = (await client.list(resources.pods, { namespace, signal: AbortSignal.timeout(20_000) })).items;
    for (const { metadata } of pods) {
      await client
        .delete(resources.pods, { namespace, name: metadata.name }, { gracePeriodSeconds: 0, signal })
        .catch(() => undefined);
    }
  }
}

/** Lets everything happen that the play has for the phases, until it is over and at rest. */
async function drive(play: Play, stage: Stage, first: string, arm: () => void): Promise<void> {
  const played = new Set<string>();
  let last = '';
  let since = performance.now();
  await eventually(
    async () => {
      await stage.replaceDead();
      const status = await stage.status();
      const phase = phaseOf(status, first);
      const act = play.on[phase];
      if (act !== undefined && !played.has(phase)) {
        played.add(phase);
        if (phase === play.from) arm();
        await act(stage, status);
      }
      const now = JSON.stringify(status);
      if (now !== last) since = performance.now();
      last = now;
      // Before the switch the operator's clock is the cluster's: the end of an engine after it counts, and one before does not.
      if (performance.now() - since > STUCK_MS && ['RollingBack', 'Over'].includes(phase)) {
        stage.clock.advance(STUCK_STEP_MS);
        since = performance.now();
      }
      const deployments = await stage.list(resources.deployments);
      const pods = await stage.list(resources.pods);
      if (!play.isOver(status, played) || deployments.length !== play.left || pods.length !== REPLICAS * play.left)
        throw new Error(`${phase}: ${JSON.stringify(status)}; ${deployments.length} Deployments, ${pods.length} pods`);
      if (performance.now() - since < 300) throw new Error('not at rest yet');
    },
    { timeoutMs: RUN_TIMEOUT_MS - 20_000, intervalMs: 100 },
  );
}

/** The phase; `Over` is Idle after the switch. */
function phaseOf({ rollout, serving }: DeepSeekDeploymentStatus, first: string): string {
  if (rollout?.phase !== 'Idle') return rollout?.phase ?? 'none';
  return serving?.revision === first ? 'Idle' : 'Over';
}

let next = 0;
const fresh = (): string => namespaces[next++] ?? `${group}-too-many`;

/** Every value of an object, with its path. Which of the two reasons of a dead engine is seen first is a matter of milliseconds. */
function leaves(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null)
    return [`${path} = ${String(value).replace('LostReadiness', 'CrashLoop')}`];
  return Object.entries(value).flatMap(([key, member]) => leaves(member, `${path}/${key}`));
}

/** Runs jobs, so many at once. */
async function atOnce<T, R>(jobs: readonly T[], limit: number, work: (job: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = [...jobs.entries()];
  const worker = async (): Promise<void> => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) results[job[0]] = await work(job[1]);
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}

describe('the operator has an accident at each of its writes', () => {
  it.each(Object.keys(PLAYS))(
    '%s: ends as if undisturbed, and traffic never knows',
    async (name) => {
      const play = PLAYS[name] as Play;
      const undisturbed = await run(play, fresh());
      expect(undisturbed.broken).toEqual([]);
      const all = undisturbed.writes.flatMap((_, index) => ACCIDENTS.map((kind) => ({ at: index + 1, kind })));
      const points = EVERY_ACCIDENT ? all : all.filter(({ at, kind }) => (at + ACCIDENTS.indexOf(kind)) % 3 === 0);
      const runs = await atOnce(points, AT_ONCE, async (point) => ({ point, run: await run(play, fresh(), point) }));
      const struck = runs.filter(({ run: { struck } }) => struck);
      console.log(
        `${name}: ${undisturbed.writes.length} writes, ${points.length} of ${all.length} accidents, ${struck.length} of them struck\n` +
          undisturbed.writes.map((write, index) => `${index + 1}. ${write}`).join('\n'),
      );
      const wrong = runs.flatMap(({ point, run: { end, broken, writes } }) => {
        const where = { ...point, write: writes[point.at - 1] };
        const is = leaves(end);
        const should = leaves(undisturbed.end);
        const different = [
          ...should.filter((leaf) => !is.includes(leaf)).map((leaf) => `lacks ${leaf}`),
          ...is.filter((leaf) => !should.includes(leaf)).map((leaf) => `has ${leaf}`),
        ];
        return different.length + broken.length === 0 ? [] : [{ where, different, broken }];
      });
      expect(wrong).toEqual([]);
      // Status writes that show counts come and go with the speed of the machine.
      expect(struck.length).toBeGreaterThan(points.length * 0.8);
    },
    FIGURE_TIMEOUT_MS,
  );
});
