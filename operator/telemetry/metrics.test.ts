import { describe, expect, it } from '@jest/globals';
import { getHeapStatistics } from 'node:v8';
import { Metrics } from './metrics.ts';

/** The samples of one metric, as `labels value` lines. */
async function samples(metrics: Metrics, name: string): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text
    .split('\n')
    .filter((line) => line.startsWith(name) && /^[ {]/.test(line.slice(name.length)))
    .map((line) => line.slice(name.length).trim())
    .sort();
}

/** Nothing is kept for a rollback. */
const REST = {
  ...{ assignedReplicas: 1, hasServed: true, isScraped: true, isAtMaxReplicas: false },
  rollback: { warmGpus: 0 },
};

const create = (): Metrics => new Metrics({ version: '1.2.3', commit: 'abc' });

describe("client-go's names", () => {
  it('cover the work queue', async () => {
    const metrics = create();
    const hooks = metrics.queueHooks('deployments');
    const queue = { depth: 3, unfinishedSeconds: () => 1.5, longestRunningSeconds: () => 1 };
    metrics.watchQueue('deployments', queue);
    hooks.added();
    hooks.added();
    hooks.retried();
    hooks.started(0.25);
    hooks.finished(2);
    const name = '{name="deployments"}';
    expect(await samples(metrics, 'workqueue_adds_total')).toEqual([`${name} 2`]);
    expect(await samples(metrics, 'workqueue_retries_total')).toEqual([`${name} 1`]);
    expect(await samples(metrics, 'workqueue_queue_duration_seconds_sum')).toEqual([`${name} 0.25`]);
    expect(await samples(metrics, 'workqueue_work_duration_seconds_sum')).toEqual([`${name} 2`]);
    expect(await samples(metrics, 'workqueue_depth')).toEqual([`${name} 3`]);
    expect(await samples(metrics, 'workqueue_unfinished_work_seconds')).toEqual([`${name} 1.5`]);
    expect(await samples(metrics, 'workqueue_longest_running_processor_seconds')).toEqual([`${name} 1`]);
    queue.depth = 0;
    expect(await samples(metrics, 'workqueue_depth')).toEqual([`${name} 0`]);
  });

  it('cover requests to the API server', async () => {
    const metrics = create();
    metrics.observeRequest({ method: 'GET', host: '10.0.0.1:443', code: 200, seconds: 0.01 });
    metrics.observeRequest({ method: 'GET', host: '10.0.0.1:443', code: '<error>', seconds: 1 });
    expect(await samples(metrics, 'rest_client_requests_total')).toEqual([
      '{code="200",method="GET",host="10.0.0.1:443"} 1',
      '{code="<error>",method="GET",host="10.0.0.1:443"} 1',
    ]);
    expect(await samples(metrics, 'rest_client_request_duration_seconds_count')).toEqual([
      '{verb="GET",host="10.0.0.1:443"} 2',
    ]);
  });

  it('cover leadership', async () => {
    const metrics = create();
    metrics.setLeader('deepseek-operator', true);
    expect(await samples(metrics, 'leader_election_master_status')).toEqual(['{name="deepseek-operator"} 1']);
    metrics.setLeader('deepseek-operator', false);
    expect(await samples(metrics, 'leader_election_master_status')).toEqual(['{name="deepseek-operator"} 0']);
  });
});

describe('DeepSeekDeployments', () => {
  const chat = { namespace: 'ai', name: 'chat' };
  const code = { namespace: 'ai', name: 'code' };

  it('have gauges of their own and sums by phase and reason', async () => {
    const metrics = create();
    metrics.deployments.set(chat, { ...REST, phase: 'Idle', reason: 'Serving', readyReplicas: 2, wantedReplicas: 2 });
    metrics.deployments.set(code, {
      ...REST,
      phase: 'Idle',
      reason: 'Unschedulable',
      readyReplicas: 0,
      wantedReplicas: 1,
    });
    expect(await samples(metrics, 'deepseek_operator_deployment_ready_replicas')).toEqual([
      '{namespace="ai",name="chat"} 2',
      '{namespace="ai",name="code"} 0',
    ]);
    expect(await samples(metrics, 'deepseek_operator_deployment_wanted_replicas')).toEqual([
      '{namespace="ai",name="chat"} 2',
      '{namespace="ai",name="code"} 1',
    ]);
    expect(await samples(metrics, 'deepseek_operator_deployments')).toEqual(['{phase="Idle"} 2']);
    expect(await samples(metrics, 'deepseek_operator_deployments_by_reason')).toEqual([
      '{reason="Serving"} 1',
      '{reason="Unschedulable"} 1',
    ]);
  });

  it('leave the phase that they were in', async () => {
    const metrics = create();
    const sample = { ...REST, reason: 'Serving', readyReplicas: 1, wantedReplicas: 1 };
    metrics.deployments.set(chat, { ...sample, phase: 'Loading' });
    await metrics.registry.metrics();
    metrics.deployments.set(chat, { ...sample, phase: 'Idle' });
    expect(await samples(metrics, 'deepseek_operator_deployment_phase')).toEqual([
      '{namespace="ai",name="chat",phase="Idle"} 1',
    ]);
    expect(await samples(metrics, 'deepseek_operator_deployments')).toEqual(['{phase="Idle"} 1']);
  });

  it('say of revisions what their engines do not, and the maximum of an autoscaler where there is one', async () => {
    const metrics = create();
    const sample = { ...REST, phase: 'Idle', reason: 'Serving', readyReplicas: 1, wantedReplicas: 1 };
    metrics.deployments.set(
      { namespace: 'ai', name: 'chat' },
      { ...sample, maxReplicas: 8, revisions: [{ revision: 'a', maxNumSeqs: 64, gpuMemoryFraction: 0.9 }] },
    );
    metrics.deployments.set(
      { namespace: 'ai', name: 'cpu' },
      { ...sample, revisions: [{ revision: 'b', maxNumSeqs: 4 }] },
    );
    expect(await samples(metrics, 'deepseek_operator_deployment_max_replicas')).toEqual([
      '{namespace="ai",name="chat"} 8',
    ]);
    expect(await samples(metrics, 'deepseek_operator_revision_max_num_seqs')).toEqual([
      '{namespace="ai",name="chat",revision="a"} 64',
      '{namespace="ai",name="cpu",revision="b"} 4',
    ]);
    expect(await samples(metrics, 'deepseek_operator_revision_gpu_memory_fraction')).toEqual([
      '{namespace="ai",name="chat",revision="a"} 0.9',
    ]);
    expect(await samples(metrics, 'deepseek_operator_deployment_reason')).toEqual([
      '{namespace="ai",name="chat",reason="Serving"} 1',
      '{namespace="ai",name="cpu",reason="Serving"} 1',
    ]);
    metrics.deployments.clear();
    expect(await samples(metrics, 'deepseek_operator_revision_max_num_seqs')).toEqual([]);
  });

  it('say what alerts have to know', async () => {
    const metrics = create();
    const sample = { ...REST, phase: 'Idle', reason: 'Serving', readyReplicas: 1, wantedReplicas: 2 };
    metrics.deployments.set(chat, { ...sample, isAtMaxReplicas: true, rolledBackAt: 1_700_000_000_500 });
    metrics.deployments.set(code, { ...sample, assignedReplicas: 0, hasServed: false, isScraped: false });
    const of = (metric: string) => samples(metrics, `deepseek_operator_deployment_${metric}`);
    const both = (one: number, other: number) => [
      `{namespace="ai",name="chat"} ${one}`,
      `{namespace="ai",name="code"} ${other}`,
    ];
    expect(await of('assigned_replicas')).toEqual(both(1, 0));
    expect(await of('has_served')).toEqual(both(1, 0));
    expect(await of('scraped')).toEqual(both(1, 0));
    expect(await of('at_max_replicas')).toEqual(both(1, 0));
    expect(await of('last_rollback_timestamp_seconds')).toEqual(['{namespace="ai",name="chat"} 1700000000.5']);
  });

  it('leave no series behind when they are gone', async () => {
    const metrics = create();
    metrics.deployments.set(chat, { ...REST, phase: 'Idle', reason: 'Serving', readyReplicas: 1, wantedReplicas: 1 });
    await metrics.registry.metrics();
    metrics.deployments.delete(chat);
    expect(await metrics.registry.metrics()).not.toContain('name="chat"');
    metrics.deployments.set(code, { ...REST, phase: 'Idle', reason: 'Serving', readyReplicas: 1, wantedReplicas: 1 });
    metrics.deployments.clear();
    expect(await metrics.registry.metrics()).not.toContain('name="code"');
  });
});

it('counts passes by result', async () => {
  const metrics = create();
  metrics.observeReconcile('success', 0.2);
  metrics.observeReconcile('error', 0.3);
  metrics.observeReconcile('success', 0.1);
  expect(await samples(metrics, 'deepseek_operator_reconciles_total')).toEqual([
    '{result="error"} 1',
    '{result="success"} 2',
  ]);
  expect(await samples(metrics, 'deepseek_operator_reconcile_seconds_count')).toEqual(['3']);
});

it('says what is running and how late the event loop is', async () => {
  const metrics = create();
  expect(await samples(metrics, 'deepseek_operator_build_info')).toEqual([
    `{version="1.2.3",commit="abc",node_version="${process.version}"} 1`,
  ]);
  expect(await samples(metrics, 'nodejs_eventloop_lag_p99_seconds')).toHaveLength(1);
  expect(await samples(metrics, 'process_resident_memory_bytes')).toHaveLength(1);
  expect(await samples(metrics, 'nodejs_heap_size_limit_bytes')).toEqual([String(getHeapStatistics().heap_size_limit)]);
});

it('keeps two registries apart', async () => {
  const [first, second] = [create(), create()];
  first.observeReconcile('success', 1);
  expect(await samples(second, 'deepseek_operator_reconciles_total')).toEqual([]);
});
