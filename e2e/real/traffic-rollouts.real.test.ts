import { describe, expect, it } from '@jest/globals';
import type { DeepSeekDeploymentStatus } from '../../operator/api/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { departure } from './departure.ts';
import { findLeader, killLeader, type Leader } from './killer.ts';
import { FULL, PATIENCE, testStage } from './stage.ts';
import { CLIENTS, LIMIT_MS, MANY_CLIENTS, NAME, tell, TERMINATION, trafficOn, version } from './traffic.ts';

/** Order to last request answered by the bad version (docs/design.md, section 6). */
const MOST_ROLLBACK_SECONDS = 120;
/** From when a pod is told to go until nobody has a connection to it any more. */
const MOST_DRAIN_SECONDS = TERMINATION.preStopDelay + TERMINATION.drainDeadline;

const NAMESPACE = 'traffic-rollouts';

type Phase = NonNullable<DeepSeekDeploymentStatus['rollout']>['phase'];

describe('requests while versions of their model come and go', () => {
  const stage = testStage(testCluster('real'));
  const traffic = trafficOn(stage, NAMESPACE, FULL ? MANY_CLIENTS : CLIENTS);

  it('a load that loses nothing by itself', () => {
    expect(traffic.control).toBe(0);
  });

  it(
    'a blue-green switch, and the end of the old version',
    async () => {
      const before = await traffic.serving();
      await traffic.under('blue-green switch', async () => {
        await traffic.declare(version(2));
        await stage.until(NAMESPACE, NAME, 'switched', ({ serving }) => serving?.revision !== before);
        const flipped = performance.now();
        const left = await departure(traffic, before);
        const seconds = (ms: number): string => (ms / 1000).toFixed(1);
        tell(
          `blue-green switch: ${left.connections} connections stayed on the old version, which answered ${left.requests} requests more; ` +
            `its pods were told to go ${seconds(left.told - flipped)} s after the switch, and ${seconds(left.lastConnection - left.told)} s later ` +
            `nobody was connected to them (allowed: ${MOST_DRAIN_SECONDS} s), and they were gone after ${seconds(left.gone - left.told)} s`,
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
    version(number, { env: { SIMULATOR_FIRST_TOKEN_FACTOR: '75' }, watch: '60s' });

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
    'a version that its gate takes back, and an operator that is killed while it does',
    async () => {
      const before = await traffic.serving();
      await traffic.under('automatic rollback, the operator killed in it', async () => {
        const leader = await findLeader(stage);
        await traffic.declare(slow(4));
        const is = (phase: Phase) => stage.until(NAMESPACE, NAME, phase, ({ rollout }) => rollout?.phase === phase);
        // Its gate may speak as soon as the traffic has moved.
        await is('RollingBack');
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
        await traffic.declare(version(5, { env, rollbackWindow: '300s' }));
        const killed = await killedAtEachPhase(before);
        tell(`killed when the phase had become ${killed.join(', ')}`);
        expect(killed).toEqual(['Scheduling', 'Loading', 'Proving', 'Switching', 'Watching']);
        bad = await stage.ready(NAMESPACE, NAME, before);
      });
      await traffic.under('warm rollback', async () => {
        const ordered = performance.now();
        await stage.order(NAMESPACE, NAME, 'rollback', before);
        const left = await departure(traffic, bad);
        const seconds = (left.lastRequest - ordered) / 1000;
        tell(
          `warm rollback: ${seconds.toFixed(1)} s from the order to the last request of the bad version, ` +
            `which had ${left.connections} connections and answered ${left.requests} requests more`,
        );
        expect(seconds).toBeLessThanOrEqual(MOST_ROLLBACK_SECONDS);
        expect(await traffic.serving()).toBe(before);
        await traffic.settled(2);
      });
    },
    LIMIT_MS,
  );

  /** Kills who leads when the rollout enters a phase, each once, until it is over. Gives the phases. */
  async function killedAtEachPhase(before: string): Promise<readonly Phase[]> {
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
        }
        expect({ phase, isOld: status?.serving?.revision === before }).toEqual({ phase: 'Idle', isOld: false });
      },
      { timeoutMs: 2 * PATIENCE.timeoutMs, intervalMs: 20 },
    );
    return killed;
  }
});
