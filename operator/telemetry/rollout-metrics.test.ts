import { describe, expect, it } from '@jest/globals';
import { Metrics } from './metrics.ts';

const CHAT = { namespace: 'ai', name: 'chat' };
const CODE = { namespace: 'ai', name: 'code' };
const labels = 'namespace="ai",name="chat"';
const NOTHING = { ended: [], verdicts: [] };

/** Metrics with a clock that a test moves. */
function bench() {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const metrics = new Metrics({ version: '1.2.3' }, () => now);
  const samples = async (name: string): Promise<string[]> =>
    (await metrics.registry.metrics())
      .split('\n')
      .filter((line) => line.startsWith(name) && /^[ {]/.test(line.slice(name.length)))
      .map((line) => line.slice(name.length).trim())
      .sort();
  const state = {
    phase: 'Idle',
    reason: 'Available',
    readyReplicas: 2,
    ...{ assignedReplicas: 1, hasServed: true, isScraped: true, isAtMaxReplicas: false },
    wantedReplicas: 2,
  };
  return {
    deployments: metrics.deployments,
    samples,
    pass: (seconds: number) => void (now += seconds * 1000),
    keeps: (rollback: { warmGpus: number; readiness?: string; until?: number }, owner = CHAT) =>
      metrics.deployments.set(owner, { ...state, rollback }),
    inSeconds: (seconds: number) => now + seconds * 1000,
    text: async () => metrics.registry.metrics(),
  };
}

describe('rollouts', () => {
  it('are counted by how they end, and timed by way', async () => {
    const { deployments, samples } = bench();
    deployments.observe(CHAT, { ...NOTHING, ended: [{ outcome: 'Promoted', way: 'Full', seconds: 1_500 }] });
    deployments.observe(CHAT, { ...NOTHING, ended: [{ outcome: 'Failed', way: 'Handover', seconds: 90 }] });
    deployments.observe(CODE, { ...NOTHING, ended: [{ outcome: 'Failed', way: 'None' }] });
    deployments.observe(CODE, NOTHING);
    expect(await samples('deepseek_operator_rollout_attempts_total')).toEqual([
      `{${labels},outcome="Failed"} 1`,
      `{${labels},outcome="Promoted"} 1`,
      '{namespace="ai",name="code",outcome="Failed"} 1',
    ]);
    expect(await samples('deepseek_operator_rollout_duration_seconds_sum')).toEqual([
      '{way="Full",outcome="Promoted"} 1500',
      '{way="Handover",outcome="Failed"} 90',
    ]);
  });

  it.each([30, 3_600, 14_400])('of %i s fall into a bucket of their own', async (seconds) => {
    const { deployments, samples } = bench();
    deployments.observe(CHAT, { ...NOTHING, ended: [{ outcome: 'Promoted', way: 'Full', seconds }] });
    const buckets = await samples('deepseek_operator_rollout_duration_seconds_bucket');
    const bounds = buckets.map((line) => /le="(\d+)".* (\d)$/.exec(line)).filter((match) => match !== null);
    const first = Math.min(...bounds.filter(([, , count]) => count === '1').map(([, bound]) => Number(bound)));
    expect(first).toBe(seconds);
  });

  it('tell how long their phases take, and what gates say', async () => {
    const { deployments, samples } = bench();
    deployments.observe(CHAT, {
      ended: [],
      left: { phase: 'Loading', way: 'Full', seconds: 240 },
      verdicts: [
        { stage: 'Proof', verdict: 'NotRefuted' },
        { stage: 'Proof', verdict: 'NotRefuted' },
      ],
    });
    deployments.observe(CHAT, { ended: [], verdicts: [{ stage: 'Watch', verdict: 'Fail' }] });
    expect(await samples('deepseek_operator_rollout_phase_duration_seconds_sum')).toEqual([
      '{phase="Loading",way="Full"} 240',
    ]);
    expect(await samples('deepseek_operator_rollout_verdicts_total')).toEqual([
      '{stage="Proof",verdict="NotRefuted"} 2',
      '{stage="Watch",verdict="Fail"} 1',
    ]);
  });
});

describe('the way back', () => {
  it('costs GPU seconds, up to the moment of the scrape, and none while nothing is kept', async () => {
    const { samples, keeps, pass } = bench();
    keeps({ warmGpus: 4, readiness: 'Warm' });
    pass(60);
    expect(await samples('deepseek_operator_warm_gpu_seconds_total')).toEqual([`{${labels}} 240`]);
    pass(30);
    keeps({ warmGpus: 2, readiness: 'Partial' });
    pass(10);
    expect(await samples('deepseek_operator_warm_gpu_seconds_total')).toEqual([`{${labels}} 380`]);
    expect(await samples('deepseek_operator_warm_gpus')).toEqual([`{${labels}} 2`]);
    keeps({ warmGpus: 0 });
    pass(3_600);
    expect(await samples('deepseek_operator_warm_gpu_seconds_total')).toEqual([`{${labels}} 380`]);
    expect(await samples('deepseek_operator_warm_gpus')).toEqual([]);
  });

  it('gives no GPU seconds back when the clock is', async () => {
    const { samples, keeps, pass } = bench();
    keeps({ warmGpus: 1, readiness: 'Warm' });
    pass(100);
    keeps({ warmGpus: 1, readiness: 'Warm' });
    pass(-7_200);
    expect(await samples('deepseek_operator_warm_gpu_seconds_total')).toEqual([`{${labels}} 100`]);
    pass(5);
    expect(await samples('deepseek_operator_warm_gpu_seconds_total')).toEqual([`{${labels}} 105`]);
  });

  it('is open for as long as the window says, counted at each scrape', async () => {
    const { samples, keeps, pass, inSeconds } = bench();
    keeps({ warmGpus: 1, readiness: 'Warm', until: inSeconds(7_200) });
    keeps({ warmGpus: 0, readiness: 'Cold' }, CODE);
    pass(600);
    expect(await samples('deepseek_operator_rollback_window_seconds')).toEqual([`{${labels}} 6600`]);
    pass(9_000);
    expect(await samples('deepseek_operator_rollback_window_seconds')).toEqual([`{${labels}} 0`]);
    expect(await samples('deepseek_operator_rollback_readiness')).toEqual([
      `{${labels},readiness="Warm"} 1`,
      '{namespace="ai",name="code",readiness="Cold"} 1',
    ]);
    keeps({ warmGpus: 0, readiness: 'Cold' });
    expect(await samples('deepseek_operator_rollback_readiness')).toContain(`{${labels},readiness="Cold"} 1`);
    expect(await samples('deepseek_operator_rollback_readiness')).toHaveLength(2);
  });
});

it.each(['delete', 'clear'] as const)('%s ends the series of a DeepSeekDeployment', async (how) => {
  const { deployments, keeps, pass, inSeconds, text } = bench();
  keeps({ warmGpus: 1, readiness: 'Warm', until: inSeconds(60) });
  deployments.observe(CHAT, { ...NOTHING, ended: [{ outcome: 'Promoted', way: 'Full', seconds: 60 }] });
  pass(10);
  expect(await text()).toContain('name="chat"');
  if (how === 'delete') deployments.delete(CHAT);
  else deployments.clear();
  pass(10);
  expect(await text()).not.toContain('name="chat"');
});
