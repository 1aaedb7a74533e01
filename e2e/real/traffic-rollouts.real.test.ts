import { describe, expect, it } from '@jest/globals';
import type { DeepSeekDeploymentStatus } from '../../operator/api/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { departure, describeGap } from './departure.ts';
import { withoutGpus } from './gpus.ts';
import { findLeader, killLeader, type Leader } from './killer.ts';
import { FULL, PATIENCE, testStage } from './stage.ts';
import * as model from './traffic.ts';
import { CLIENTS, LIMIT_MS, MANY_CLIENTS, NAME, tell, trafficOn } from './traffic.ts';

/** Streams of five minutes are let finish. */
const TERMINATION: model.Termination = FULL
  ? { preStopDelay: 6, drainDeadline: 330, rollbackDrain: 330 }
  : model.TERMINATION;
/** Order to last request answered by the bad version (docs/design.md, section 6). */
const MOST_ROLLBACK_SECONDS = 120;
/** From when a pod is told to go until nobody has a connection to it any more. */
const MOST_DRAIN_SECONDS = TERMINATION.preStopDelay + TERMINATION.drainDeadline;

const NAMESPACE = 'traffic-rollouts';

type Phase = NonNullable<DeepSeekDeploymentStatus['rollout']>['phase'];

const version = (number: number, changes: model.Changes = {}): object =>
  model.version(number, { termination: TERMINATION, ...changes });

describe('requests while versions of their model come and go', () => {
  const stage = testStage(testCluster('real'));
  const traffic = trafficOn(stage, NAMESPACE, FULL ? MANY_CLIENTS : CLIENTS, version(1));

  it('a load that loses nothing by itself', () => {
    expect(traffic.control).toBe(0);
  });

  it(
    'a blue-green switch, and the end of the old version',
    async () => {
      const before = await traffic.serving();
      await traffic.underLongStreams('blue-green switch', async () => {
        await traffic.declare(version(2));
        await stage.until(NAMESPACE, NAME, 'switched', ({ serving }) => serving?.revision !== before);
        const flipped = performance.now();
        const left = await departure(traffic, before);
        tell(
          `blue-green switch: ${left.connections} connections stayed on the old version, which answered ${left.requests} requests more; ` +
            `its pods were told to go ${describeGap(flipped, left.told)} the switch, the last connection to them ended ` +
            `${describeGap(left.told, left.lastConnection)} that (allowed: ${MOST_DRAIN_SECONDS} s), and they were gone ${describeGap(left.told, left.gone)} it`,
        );
        // Busy pools do stay: else their end shows nothing.
        expect(left.connections).toBeGreaterThan(0);
        expect((left.lastConnection - left.told) / 1000).toBeLessThanOrEqual(MOST_DRAIN_SECONDS);
        // They end by themselves: the kubelet kills what is left at the end of a longer grace period.
        expect((left.gone - left.told) / 1000).toBeLessThanOrEqual(MOST_DRAIN_SECONDS);
        await stage.ready(NAMESPACE, NAME, before);
        // By real traffic, not for want of it.
        expect((await stage.model(NAMESPACE, NAME)).status?.serving?.proven).toBe(true);
        await traffic.settled(2);
      });
    },
    LIMIT_MS,
  );

  /** Right and complete, but slow to begin; the proof compares nothing, so that its users are the first to notice. */
  const slow = (number: number): object =>
    version(number, {
      env: { SIMULATOR_FIRST_TOKEN_FACTOR: '75' },
      watch: '60s',
      // Its streams take 5 s; those of the full run, minutes.
      termination: FULL ? TERMINATION : { ...TERMINATION, rollbackDrain: 10 },
    });

  it(
    'a version that its gate takes back',
    async () => {
      const before = await traffic.serving();
      await traffic.under('automatic rollback', async () => {
        await traffic.declare(slow(3));
        const status = await stage.until(NAMESPACE, NAME, 'taken back', ({ serving: now, rollout, conditions }) => {
          const gated = conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'GateFailed');
          return now?.revision === before && rollout?.phase === 'Held' && gated === true;
        });
        // By what its users met, not by the proof.
        const failed = status.rollout?.verdicts?.filter(({ verdict }) => verdict === 'Fail');
        expect(failed?.map(({ stage: when }) => when)).toEqual(['Watch']);
        await traffic.settled(2);
      });
    },
    LIMIT_MS,
  );

  it(
    'a version that its gate takes back, and an operator that is killed while it does and when it has',
    async () => {
      const before = await traffic.serving();
      await traffic.under('automatic rollback, the operator killed in RollingBack and Held', async () => {
        const leader = await findLeader(stage);
        await traffic.declare(slow(4));
        // Its gate may speak as soon as the traffic has moved.
        await is('RollingBack');
        await killLeader(stage, leader);
        await is('Held');
        await killLeader(stage, await findLeader(stage));
        await traffic.repaired();
        await is('Held');
        expect(await traffic.serving()).toBe(before);
        await traffic.settled(2);
      });
    },
    LIMIT_MS,
  );

  it(
    'a version that is aborted by order, and an operator that is killed while it goes',
    async () => {
      const before = await traffic.serving();
      await traffic.under('abort, the operator killed in Aborting', async () => {
        const leader = await findLeader(stage);
        await traffic.declare(version(5, { env: { SIMULATOR_LOAD_SECONDS: '60' } }));
        const { candidate } = await is('Loading');
        await stage.order(NAMESPACE, NAME, 'abort', candidate?.revision ?? '');
        await is('Aborting');
        await killLeader(stage, leader);
        await is('Held');
        expect(await traffic.serving()).toBe(before);
        await traffic.settled(2);
      });
    },
    LIMIT_MS,
  );

  it(
    'a switch at each phase of which the operator is killed, and a warm rollback by order: how long the bad version answers',
    async () => {
      const before = await traffic.serving();
      let bad = '';
      await traffic.under('blue-green switch, the operator killed at each phase', async () => {
        // Longer than a Lease holds that nobody renews: who comes next still sees it load.
        const env = { SIMULATOR_LOAD_SECONDS: '20' };
        // Without GPUs it waits, and once it is proven it waits for somebody to promote it.
        const rollout = { rollbackWindow: '300s', whenCapacityIsShort: ['Wait'], promotion: 'Manual' };
        await using gpus = await withoutGpus(stage);
        await traffic.declare(version(6, { env, rollout }));
        const killed = await killedAtEachPhase(before, {
          Waiting: () => gpus.free(),
          AwaitingPromotion: async () => {
            const { candidate } = (await stage.model(NAMESPACE, NAME)).status ?? {};
            await stage.order(NAMESPACE, NAME, 'promote', candidate?.revision ?? '');
          },
        });
        tell(`killed when the phase had become ${killed.join(', ')}`);
        expect(killed).toEqual([
          ...['Waiting', 'Scheduling', 'Loading', 'Proving', 'AwaitingPromotion', 'Switching', 'Watching'],
        ]);
        bad = await stage.ready(NAMESPACE, NAME, before);
      });
      await traffic.underLongStreams('warm rollback', async () => {
        const ordered = performance.now();
        await stage.order(NAMESPACE, NAME, 'rollback', before);
        const left = await departure(traffic, bad);
        const [begun, ended] = [left.lastBegun, left.lastRequest].map((at) => (at - ordered) / 1000);
        tell(
          `warm rollback: ${begun?.toFixed(1)} s from the order to the last request that the bad version began, ${ended?.toFixed(1)} s ` +
            `to the last that it answered; it had ${left.connections} connections and answered ${left.requests} requests more`,
        );
        // Streams of five minutes that are let finish end when they end.
        expect(FULL ? begun : ended).toBeLessThanOrEqual(MOST_ROLLBACK_SECONDS);
        expect((left.lastConnection - left.told) / 1000).toBeLessThanOrEqual(MOST_DRAIN_SECONDS);
        expect(await traffic.serving()).toBe(before);
        await traffic.settled(2);
      });
    },
    LIMIT_MS,
  );

  it(
    'the requests that still run when all is over',
    async () => {
      expect(await traffic.end()).toEqual([]);
    },
    LIMIT_MS,
  );

  const is = (phase: Phase): Promise<DeepSeekDeploymentStatus> =>
    stage.until(NAMESPACE, NAME, phase, ({ rollout }) => rollout?.phase === phase);

  /** Kills who leads when the rollout enters a phase, each once, until it is over, and does then what the phase waits for. Gives the phases. */
  async function killedAtEachPhase(
    before: string,
    helpOn: Readonly<Partial<Record<Phase, () => Promise<void>>>>,
  ): Promise<readonly Phase[]> {
    const killed: Phase[] = [];
    let leader: Leader | undefined;
    await eventually(
      async () => {
        leader ??= await findLeader(stage);
        const { status } = await stage.model(NAMESPACE, NAME);
        const phase = status?.rollout?.phase ?? 'Idle';
        // What an earlier test has left is held until the operator has seen the new version.
        if (phase !== 'Idle' && phase !== 'Held' && !killed.includes(phase)) {
          const victim = leader;
          leader = undefined;
          await killLeader(stage, victim);
          killed.push(phase);
          await helpOn[phase]?.();
        }
        expect({ phase, isOld: status?.serving?.revision === before }).toEqual({ phase: 'Idle', isOld: false });
      },
      { timeoutMs: 2 * PATIENCE.timeoutMs, intervalMs: 20 },
    );
    return killed;
  }
});
