import { describe, expect, it } from '@jest/globals';
import type { RolloutPhase } from '../../operator/api/index.ts';
import type { OrderVerb } from '../../operator/rollout/orders.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { PROGRAMMING_MS } from '../reconcile/rollouts.ts';
import { type PodBehaviour, revisionRule } from '../simulator/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { NO_PROOF, TrialBench, WATCH_MS } from './trial.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const trials = new TrialBench(bench);

const PAIRS = { warmUpRequests: 1, pairedRequests: 4 } as const;

/** Orders it, and waits for what came of it. */
async function order(verb: OrderVerb, revision: string): Promise<string> {
  const text = await bench().order('chat', verb, revision);
  return eventually(async () => {
    const { handledOrder, orderResult } = await bench().status('chat');
    expect(handledOrder).toBe(text);
    return orderResult ?? '';
  }, PATIENCE);
}

async function candidate(): Promise<string> {
  return (await bench().status('chat')).candidate?.revision ?? '';
}

describe('abort', () => {
  it.each<[RolloutPhase, object, PodBehaviour, number]>([
    ['Waiting', { paused: true }, {}, 2],
    ['Loading', {}, { failure: 'never-ready' }, 2],
    ['Proving', { proof: PAIRS }, { hang: 'tokens' }, 2],
    ['AwaitingPromotion', { promotion: 'Manual' }, {}, 2],
    ['Waiting', { whenCapacityIsShort: ['Wait'] }, {}, 1],
  ])('in %s drops the candidate, and it is not tried again until retry', async (phase, rollout, behaviour, gpus) => {
    const trial = await trials.begin({ proof: NO_PROOF, ...rollout }, { gpus });
    await trials.change(trial.old, behaviour);
    await trials.phase(phase);
    const next = await candidate();
    expect(await order('abort', next)).toBe(
      `Accepted: Revision ${next} is dropped; revision ${trial.old} keeps serving.`,
    );
    expect(await trials.held(trial)).toMatchObject({ revision: next, reason: 'Held' });
    expect(await order('abort', next)).toBe('Refused: There is nothing to abort: the rollout is Held.');
    await bench().simulator.setRule({ name: 'after/chat', match: { deployment: 'chat' }, behaviour: {} });
    expect(await order('retry', next)).toBe(`Accepted: Revision ${next} is tried again.`);
    await trials.phase(phase === 'Waiting' ? 'Waiting' : 'Switching', phase);
    expect(await trials.markOf(next)).toBeUndefined();
    expect(trial.watch.verdict()).toEqual([]);
  });

  it('in Watching takes the version back', async () => {
    const trial = await trials.begin({ proof: NO_PROOF });
    await trials.change(trial.old);
    const next = await trials.watching();
    expect(await order('abort', next)).toBe(`Accepted: Back to revision ${trial.old}: it gets the traffic now.`);
    expect(await trials.held(trial)).toMatchObject({ revision: next, reason: 'Held' });
    expect(trial.watch.switches.map(({ to }) => to)).toEqual([trial.old, next, trial.old]);
  });

  it('in Scheduling drops the candidate, with the pods that have found no node', async () => {
    const trial = await trials.begin({ proof: NO_PROOF }, { replicas: 2 });
    const since = Date.now();
    const quota = await bench().quota(3);
    await trials.change(trial.old);
    await trials.phase('Scheduling');
    await bench().condition('chat', 'Ready', 'False', 'QuotaExceeded');
    const next = await candidate();
    expect(await order('abort', next)).toBe(
      `Accepted: Revision ${next} is dropped; revision ${trial.old} keeps serving.`,
    );
    expect(await trials.held(trial)).toMatchObject({ revision: next, reason: 'Held' });
    await quota.remove();
    await bench().rest();
    expect(await trials.podsOf(next)).toEqual([]);
    expect(trial.watch.switches.map(({ to }) => to)).toEqual([trial.old]);
    expect(trial.watch.verdict({ minReady: 2, maxGpus: 3 }).filter(({ at }) => at >= since)).toEqual([]);
  });

  it('in Switching takes the version back once the flip has arrived, and is refused while that drains', async () => {
    const slow = { replicas: 1, termination: { rollbackDrain: '60s' } };
    const trial = await trials.begin({ proof: NO_PROOF }, slow);
    await trials.change(trial.old, { hang: 'tokens' });
    await trials.phase('Switching');
    const next = await trials.serving();
    const load = await bench().load('chat', { rps: 0, streams: 2 });
    await eventually(() => expect(trial.watch.now?.ready).toEqual({ [next]: 1 }), PATIENCE);
    expect(await order('abort', next)).toBe(`Accepted: Back to revision ${trial.old}: it gets the traffic now.`);
    await trials.phase('RollingBack');
    await trial.watch.served(trial.old);
    for (const revision of [next, trial.old])
      expect(await order('abort', revision)).toBe('Refused: There is nothing to abort: the rollout is RollingBack.');
    await bench().simulator.setRule(revisionRule('chat', next, {}));
    bench().advance(60_000);
    expect(await trials.held(trial)).toMatchObject({ revision: next, reason: 'Held' });
    await load.stop();
    expect(trial.watch.switches.map(({ to }) => to)).toEqual([trial.old, next, trial.old]);
    expect(trial.watch.verdict()).toEqual([]);
  });

  it('in RollingBack leaves a target that still has to load: what serves keeps the traffic', async () => {
    const trial = await trials.begin({ proof: NO_PROOF, watch: { duration: '1s' }, rollbackWindow: '1s' });
    await trials.change(trial.old);
    await trials.phase('Switching');
    bench().advance(PROGRAMMING_MS + 1_000);
    await bench().condition('chat', 'Ready', 'True');
    const next = await trials.serving();
    await eventually(async () => expect(await trials.podsOf(trial.old)).toEqual([]), PATIENCE);
    await bench().simulator.setRule(revisionRule('chat', trial.old, { failure: 'never-ready' }));
    expect(await order('rollback', trial.old)).toMatch(/^Accepted: .*they load first/);
    await trials.phase('RollingBack');
    await eventually(async () => expect(await trials.podsOf(trial.old)).toHaveLength(1), PATIENCE);
    expect(await order('abort', next)).toBe(
      `Accepted: The rollback to revision ${trial.old} is left; revision ${next} keeps the traffic.`,
    );
    await trials.phase('Idle');
    await bench().condition('chat', 'Ready', 'True');
    await eventually(async () => expect(await trials.podsOf(trial.old)).toEqual([]), PATIENCE);
    expect(trial.watch.switches.map(({ to }) => to)).toEqual([trial.old, next]);
    expect(trial.watch.verdict()).toEqual([]);
  });
});

describe('rollback', () => {
  it('in Watching goes back at once, to pods that never stopped, and says who has the traffic', async () => {
    const trial = await trials.begin({ proof: NO_PROOF }, { replicas: 2 });
    const warm = await trials.podsOf(trial.old);
    await trials.change(trial.old);
    const next = await trials.watching();
    await bench().simulator.setRule(revisionRule('chat', next, { hang: 'tokens' }));
    const load = await bench().load('chat', { rps: 0, streams: 2 });
    await eventually(() => expect(trial.watch.now?.ready).toEqual({ [next]: 2 }), PATIENCE);
    expect(await order('rollback', trial.old)).toBe(
      `Accepted: Back to revision ${trial.old}: it gets the traffic now.`,
    );
    const { message } = await trials.readyWhile('RollingBack');
    expect(message).toContain(`Revision ${trial.old} has the traffic again`);
    expect(message).not.toContain('keeps serving');
    await trials.held(trial);
    expect(await trials.podsOf(trial.old)).toEqual(warm);
    // Streams that hang at the bad version end with its pods, which have no more than the drain of a rollback.
    const { byRevision } = await load.stop();
    const [, , back] = trial.watch.switches;
    const last = Math.max(...load.history.filter(({ revision }) => revision === next).map(({ endedAt }) => endedAt));
    const drained = (last - (back?.at ?? 0)) / 1000;
    console.log(`the bad version's last request ended ${drained.toFixed(1)} s after the flip back (rollbackDrain 5 s)`);
    expect(drained).toBeLessThanOrEqual(5 + 15);
    expect(byRevision[next]?.requests).toBeGreaterThan(0);
  });

  it('in Idle goes back to a set that is warm, and holds what it leaves until the spec asks for something else', async () => {
    const trial = await trials.begin({ proof: NO_PROOF, watch: { duration: '2s' } });
    await trials.change(trial.old);
    await trials.phase('Switching');
    bench().advance(PROGRAMMING_MS);
    await bench().condition('chat', 'Ready', 'True');
    const next = await trials.serving();
    await bench().condition('chat', 'RollbackReady', 'True', 'RollbackWarm');
    expect(await order('rollback', next)).toBe(`Refused: Revision ${next} has the traffic already.`);
    expect(await order('rollback', trial.old)).toBe(
      `Accepted: Back to revision ${trial.old}: it gets the traffic now.`,
    );
    expect(await trials.held(trial)).toMatchObject({ revision: next, reason: 'Held' });
    const attempt = await trials.attempt();
    await bench().rest();
    expect(await trials.attempt()).toBe(attempt);
    expect(await order('retry', next)).toMatch(/^Accepted: /);
    await trials.phase('Switching');
    expect(await trials.serving()).toBe(next);
  });
});

describe('a version that is ready', () => {
  it('waits for a person with promotion Manual, and pods that come meanwhile have to make a token', async () => {
    const { old, watch } = await trials.begin({ proof: PAIRS, promotion: 'Manual' }, { gpus: 4 });
    await trials.change(old);
    await trials.phase('AwaitingPromotion');
    await bench().condition('chat', 'Ready', 'False', 'AwaitingPromotion');
    const next = await candidate();
    await bench().simulator.setRule(revisionRule('chat', next, { hang: 'tokens' }));
    await bench().edit('chat', { spec: { replicas: 2 } });
    await eventually(async () => expect(await trials.podsOf(next)).toHaveLength(2), PATIENCE);
    await watch.served(old, 2);
    expect(await order('promote', old)).toBe(`Refused: Revision ${old} has the traffic already.`);
    expect(await order('promote', next)).toMatch(/^Accepted: /);
    await bench().rest();
    expect(await trials.serving()).toBe(old);
    await bench().simulator.setRule(revisionRule('chat', next, {}));
    bench().advance(60_000);
    expect(await trials.watching()).toBe(next);
    expect(watch.switches.map(({ to }) => to)).toEqual([old, next]);
  });

  it('waits for a maintenance window, and is switched when it opens', async () => {
    const now = new Date(bench().clock.now());
    const hour = (now.getUTCHours() + 2) % 24;
    const maintenanceWindows = [{ schedule: `0 ${hour} * * *`, duration: '1h' }];
    const { old } = await trials.begin({ proof: PAIRS, maintenanceWindows });
    await trials.change(old);
    await bench().condition('chat', 'Ready', 'False', 'AwaitingWindow');
    await bench().rest();
    expect(await trials.serving()).toBe(old);
    bench().advance(
      Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), now.getUTCHours() + 2, 0, 30) -
        bench().clock.now(),
    );
    expect(await trials.watching()).not.toBe(old);
  });
});

describe('a pause', () => {
  it('in the middle of a proof keeps its result, and the rollout goes on when it ends', async () => {
    const { old } = await trials.begin({ proof: { ...PAIRS, pairedRequests: 20 } });
    await trials.change(old);
    await trials.phase('Proving');
    await bench().edit('chat', { spec: { rollout: { paused: true } } });
    await bench().condition('chat', 'Ready', 'False', 'Paused');
    await bench().rest(5_000);
    expect((await bench().status('chat')).rollout?.phase).toBe('Proving');
    bench().advance(3_600_000);
    await bench().edit('chat', { spec: { rollout: { paused: false } } });
    expect(await trials.watching()).not.toBe(old);
  });

  it('in the middle of a watch ends nothing by itself, and takes a bad version back all the same', async () => {
    const gates = [{ metric: 'ErrorRatio', max: '0.1' }];
    const trial = await trials.begin({ proof: NO_PROOF, gates });
    await trials.change(trial.old);
    const next = await trials.watching();
    await bench().edit('chat', { spec: { rollout: { paused: true } } });
    // The operator has seen it.
    await bench().condition('chat', 'Ready', 'False', 'Watching');
    bench().advance(2 * WATCH_MS);
    await bench().rest(5_000);
    expect((await bench().status('chat')).rollout?.phase).toBe('Watching');
    await bench().simulator.setRule(revisionRule('chat', next, { errorRate: 1 }));
    await bench().load('chat', { rps: 20 });
    expect(await trials.held(trial)).toMatchObject({ revision: next, reason: 'GateFailed' });
  });
});

describe('an operator that is started again', () => {
  it('in the middle of a proof takes it again, of the same attempt', async () => {
    const { old, watch } = await trials.begin({ proof: PAIRS });
    await trials.change(old, { hang: 'tokens' });
    await trials.phase('Proving');
    const attempt = await trials.attempt();
    await bench().stopOperator();
    await bench().simulator.setRule({ name: 'after/chat', match: { deployment: 'chat' }, behaviour: {} });
    await bench().startOperator();
    const next = await trials.watching();
    expect(next).not.toBe(old);
    expect(await trials.attempt()).toBe(attempt);
    expect(watch.verdict()).toEqual([]);
  });
});
