import { describe, expect, it } from '@jest/globals';
import { resources } from '../../operator/kube/resources.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { type PodBehaviour, revisionRule } from '../simulator/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { NO_PROOF, THIRD, TrialBench, WATCH_MS } from './trial.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const trials = new TrialBench(bench);

const ERRORS = { metric: 'ErrorRatio', max: '0.1' } as const;
/** How long a pod may be out of readiness. */
const UNREADY_MS = 30_000;
/** The operator's passes are in its log: each write with the pass that made it. */
const passOf = (write: RegExp, nth: number): unknown =>
  bench().log.filter(({ message }) => write.test(String(message)))[nth]?.['reconcileId'];

describe('a version that fails its users', () => {
  it('is taken back by the gate on errors, in the pass that learns of them, to pods that never stopped', async () => {
    const trial = await trials.begin({ proof: NO_PROOF, gates: [ERRORS] }, { replicas: 2 });
    const { old, watch } = trial;
    const warm = await trials.podsOf(old);
    await trials.change(old);
    const next = await trials.watching();
    const load = await bench().load('chat', { rps: 20 });
    await eventually(() => expect(load.report().byRevision[next]?.requests).toBeGreaterThan(5), PATIENCE);
    expect(load.report().failed).toEqual({});
    await bench().simulator.setRule(revisionRule('chat', next, { errorRate: 0.5 }));
    await watch.served(old, 2);
    expect(await trials.held(trial)).toMatchObject({
      reason: 'GateFailed',
      message: expect.stringMatching(
        /: \d+ of \d+ requests failed: [\d.]+ % \(at least [\d.]+ %, [\d.]+ % confident over all looks\), allowed 10 %\. Revision/,
      ),
    });
    expect(await trials.markOf(next)).toMatch(/^GateFailed: /);
    // The second write to the active Service is the flip back, the third of the pass that marks the version.
    expect(passOf(/^Apply Service chat$/, 1)).toBe(passOf(new RegExp(`^Apply ControllerRevision chat-${next}$`), 0));
    expect(await trials.podsOf(old)).toEqual(warm);
    expect(watch.switches.map(({ to }) => to)).toEqual([old, next, old]);
    const before = load.report().byRevision[old]?.requests ?? 0;
    await eventually(() => expect(load.report().byRevision[old]?.requests).toBeGreaterThan(before + 10), PATIENCE);
    const { byRevision } = await load.stop();
    expect(byRevision[old]?.failed).toBe(0);
    expect(byRevision[next]?.failed).toBeGreaterThan(0);
    expect(watch.verdict({ minReady: 2 })).toEqual([]);
    const reasons = await bench().eventReasons('chat');
    expect(reasons).toEqual(expect.arrayContaining(['RolloutFailed', 'RollingBack', 'RolledBack', 'GateFailed']));
    expect(reasons.filter((reason) => reason === 'Switched')).toHaveLength(2);

    // What a GitOps controller sends again is no new wish, and another version is one.
    const attempt = await trials.attempt();
    const { spec } = await bench().get('chat');
    for (let sync = 0; sync < 10; sync++)
      await bench().edit('chat', { spec, metadata: { labels: { sync: `${sync}` } } });
    await bench().rest();
    expect(await trials.attempt()).toBe(attempt);
    expect(await trials.podsOf(next)).toEqual([]);
    await trials.change(old, {}, THIRD);
    const third = await trials.watching();
    expect([old, next]).not.toContain(third);
    expect(await trials.attempt()).toBe(attempt + 1);
    expect(await trials.markOf(next)).toBeUndefined();
  });

  it.each<[string, PodBehaviour, string, RegExp]>([
    ['dies', { failure: 'crash', exitCode: 139, message: 'Segmentation fault' }, 'CrashLoop', /Segmentation fault/],
    ['grows until it is killed', { failure: 'oom' }, 'OutOfMemoryHost', /OOMKilled/],
    ['stops answering its health check', { unreadyAfterSeconds: 0 }, 'EngineNotResponding', /lost its readiness/],
  ])('is taken back when one of its engines %s', async (_, behaviour, reason, says) => {
    const trial = await trials.begin({ proof: NO_PROOF }, { replicas: 2 });
    const { old, watch } = trial;
    await trials.change(old);
    const next = await trials.watching();
    const [victim = ''] = await trials.podsOf(next);
    const { namespace, simulator } = bench();
    await simulator.setRule({ name: 'victim', match: { pod: `${namespace}/${victim}` }, behaviour });
    if (behaviour.unreadyAfterSeconds !== undefined) {
      await eventually(() => expect(watch.endpoints().map(({ pod }) => pod)).not.toContain(victim), PATIENCE);
      expect(await trials.serving()).toBe(next);
      bench().advance(UNREADY_MS + 1_000);
    }
    const refusal = await trials.held(trial);
    expect(refusal).toMatchObject({ reason, message: expect.stringMatching(says) });
    expect(refusal.message).toContain(`pod ${victim}`);
    expect(watch.switches.map(({ to }) => to)).toEqual([old, next, old]);
    expect(watch.verdict()).toEqual([]);
  });

  it('is taken back when its only engine is gone', async () => {
    const trial = await trials.begin({ proof: NO_PROOF });
    await trials.change(trial.old);
    const next = await trials.watching();
    await bench().simulator.setRule(revisionRule('chat', next, { failure: 'crash' }));
    expect((await trials.held(trial)).reason).toMatch(/^(CrashLoop|LostReadiness)$/);
  });
});

describe('a version that is good at first, and leaks', () => {
  /** Nothing of it is seen in a proof: it takes so many requests to each engine. */
  const LEAK = { afterRequests: 400 } as const;

  it('is taken back by the gate on latency as it slows down with use', async () => {
    const gates = [{ metric: 'TimeToFirstToken', quantile: '0.95', max: '0.3' }];
    const trial = await trials.begin({ gates });
    const load = await bench().load('chat', { rps: 40 });
    await trials.change(trial.old, { leak: { ...LEAK, slowFactor: 20, oom: false } });
    const next = await trials.watching();
    expect(await trials.held(trial)).toMatchObject({
      revision: next,
      reason: 'GateFailed',
      message: expect.stringContaining('TTFT P95'),
    });
    expect(trial.watch.switches.map(({ to }) => to)).toEqual([trial.old, next, trial.old]);
    expect((await load.stop()).failed).toEqual({});
    expect(trial.watch.verdict()).toEqual([]);
  });

  it('is taken back as an engine of it is killed for its memory', async () => {
    const trial = await trials.begin({ gates: [ERRORS] }, { replicas: 2 });
    await bench().load('chat', { rps: 40 });
    await trials.change(trial.old, { leak: LEAK });
    const next = await trials.watching();
    const refusal = await trials.held(trial);
    expect(refusal).toMatchObject({ revision: next, reason: expect.stringMatching(/^(OutOfMemoryHost|GateFailed)$/) });
    expect(trial.watch.switches.map(({ to }) => to)).toEqual([trial.old, next, trial.old]);
    expect(trial.watch.verdict()).toEqual([]);
  });
});

describe('a version whose node is at fault', () => {
  it('keeps the traffic when a pod of it is drained, and is proven in the end', async () => {
    const { old, watch } = await trials.begin({ proof: NO_PROOF }, { replicas: 2 });
    await trials.change(old);
    const next = await trials.watching();
    const [victim = ''] = await trials.podsOf(next);
    const { client, namespace, signal } = bench();
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace, name: victim } };
    await client.create(resources.pods, eviction, { subresource: 'eviction', signal });
    await eventually(async () => expect(await trials.podsOf(next)).not.toContain(victim), PATIENCE);
    await watch.served(next, 2);
    bench().advance(WATCH_MS);
    await bench().condition('chat', 'Ready', 'True');
    expect(await trials.serving()).toBe(next);
    expect(watch.switches.map(({ to }) => to)).toEqual([old, next]);
  });
});

describe('too little traffic for a verdict', () => {
  const quiet = (onNoData: string) => ({ proof: NO_PROOF, gates: [ERRORS], watch: { duration: '10m', onNoData } });

  it('is accepted as unproven, and said so', async () => {
    const { old } = await trials.begin(quiet('AcceptUnproven'));
    await trials.change(old);
    const next = await trials.watching();
    bench().advance(WATCH_MS);
    await bench().condition('chat', 'Ready', 'True');
    const { serving, rollout } = await bench().status('chat');
    expect(serving).toMatchObject({ revision: next, proven: false });
    expect(rollout?.verdicts).toContainEqual(
      expect.objectContaining({ gate: 'ErrorRatio', stage: 'Watch', verdict: 'NoData', samples: 0 }),
    );
    expect(await bench().eventReasons('chat')).toContain('AcceptedUnproven');
  });

  it('is taken back where the spec says so', async () => {
    const trial = await trials.begin(quiet('Rollback'));
    await trials.change(trial.old);
    await trials.watching();
    bench().advance(WATCH_MS);
    expect(await trials.held(trial)).toMatchObject({
      reason: 'NotEnoughTraffic',
      message: expect.stringContaining('rollout.watch.onNoData is Rollback.'),
    });
  });
});

describe('a good version', () => {
  it('passes proof, gates and watch under users and with noise', async () => {
    const gates = [
      { metric: 'ErrorRatio', max: '0.05' },
      { metric: 'TimeToFirstToken', quantile: '0.95', max: '20' },
    ];
    const { old, watch } = await trials.begin({
      proof: { warmUpRequests: 1, pairedRequests: 10, smokeTests: [{ prompt: '2+2=', contains: '4' }] },
      ...{ gates, promotion: 'Manual', watch: { duration: '10m' } },
    });
    await bench().simulator.setRule({ name: 'noise', match: {}, behaviour: { latencySigma: 0.2 } });
    const load = await bench().load('chat', { rps: 30 });
    await trials.change(old, { latencySigma: 0.2 });
    await trials.phase('AwaitingPromotion');
    const { candidate } = await bench().status('chat');
    await bench().order('chat', 'promote', candidate?.revision);
    const next = await trials.watching();
    await eventually(() => expect(load.report().byRevision[next]?.requests).toBeGreaterThan(800), PATIENCE);
    bench().advance(WATCH_MS);
    await bench().condition('chat', 'Ready', 'True');
    const { serving, rollout } = await bench().status('chat');
    expect(rollout?.verdicts?.filter(({ stage, verdict }) => stage === 'Watch' && verdict !== 'Pass')).toEqual([]);
    expect(rollout?.verdicts?.filter(({ verdict }) => verdict === 'Fail')).toEqual([]);
    expect(serving).toMatchObject({ revision: candidate?.revision, proven: true });
    const { failed, byRevision } = await load.stop();
    expect(failed).toEqual({});
    expect(Object.keys(byRevision).sort()).toEqual([old, serving?.revision].sort());
    expect(watch.verdict()).toEqual([]);
  });
});
