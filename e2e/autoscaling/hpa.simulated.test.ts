import { beforeEach, describe, expect, it } from '@jest/globals';
import { resources } from '../../operator/kube/resources.ts';
import { AUTOSCALING_METRIC, SERIES_LABEL } from '../../operator/monitoring/names.ts';
import { eventually, testCluster } from '../support/index.ts';
import { operatorBench, PATIENCE, writesOf } from '../reconcile/harness.ts';
import { BRIEF } from '../reconcile/rollouts.ts';
import { metricsStage, QUICK_HPA } from './stage.ts';

const cluster = testCluster('simulated', QUICK_HPA);
const stage = metricsStage(cluster);
const bench = operatorBench(cluster);

/** Nothing is smoothed: what the metrics ask for is done at the next look. */
const AT_ONCE = {
  scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 100, periodSeconds: 1 }] },
  scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 100, periodSeconds: 1 }] },
} as const;
const SCALED = { minReplicas: 1, maxReplicas: 6, headroomPercent: 0, behavior: AT_ONCE };
const CHAT = {
  model: { name: 'deepseek-r1-distill-qwen-1.5b' },
  accelerator: { type: 'A100-80GB' },
  ...BRIEF,
};
const BATCH_70_30 = { ...SCALED, metrics: [{ type: 'BatchUtilization', target: '70', scaleInBelow: '30' }] };

beforeEach(() => stage().follow([bench().namespace], bench().enginePort));

async function start(name: string, autoscaling: object, more: object = {}): Promise<void> {
  await bench().create(name, { ...CHAT, autoscaling, ...more });
  await bench().condition(name, 'Ready', 'True');
}
const wanted = async (name = 'chat') => (await bench().get(name)).spec.replicas;
const running = async (name = 'chat') => (await bench().status(name)).readyReplicas;
const becomes = (replicas: number, name = 'chat') =>
  eventually(async () => {
    expect({ wanted: await wanted(name), ready: await running(name) }).toEqual({ wanted: replicas, ready: replicas });
  }, PATIENCE);
/** The HPA has looked at least twice since: its status moves with each look. */
async function staysFor(replicas: number, ms: number): Promise<void> {
  const until = performance.now() + ms;
  await eventually(async () => {
    expect(await wanted()).toBe(replicas);
    if (performance.now() < until) throw new Error('still looking');
  }, PATIENCE).catch(async (error: unknown) => {
    if (performance.now() < until) throw error;
  });
  expect(await wanted()).toBe(replicas);
}

describe('load', () => {
  it('makes a deployment grow to what it needs and shrink when it goes, with few writes', async () => {
    await start('chat', { ...SCALED, metrics: [{ type: 'RunningRequests', target: '4' }] });
    expect(await wanted()).toBe(1);
    await bench().condition('chat', 'AutoscalingActive', 'True', 'AutoscalingFollowed');
    await bench().rest();
    const before = (await bench().requests()).length;
    const load = await bench().load('chat', { rps: 0, streams: 12, streamTokens: 400 });
    await becomes(3);
    await bench().rest();
    const up = writesOf((await bench().requests()).slice(before));
    const deployments = up.filter((write) => write.includes('deployments chat-'));
    // One for each time that the HPA has set a count: a scrape in the middle of the step makes two of them.
    expect(deployments.length).toBeLessThanOrEqual(2);
    expect(up.filter((write) => !write.includes('/status'))).toEqual(deployments);
    const between = (await bench().requests()).length;
    const generation = async () => (await bench().get('chat')).metadata.generation ?? 0;
    const grown = await generation();
    await load.stop();
    await becomes(1);
    await bench().rest();
    const down = writesOf((await bench().requests()).slice(between)).filter((write) => !write.includes('/status'));
    // The load ends stream by stream, so that they may go one by one: a write for each count that the HPA has set, and one for each pod.
    const times = down.filter((write) => write.startsWith('patch deployments chat-'));
    const marked = down.filter((write) => write.startsWith('patch pods '));
    expect(down).toHaveLength(times.length + marked.length);
    expect(times.length).toBeGreaterThan(0);
    expect(times.length).toBeLessThanOrEqual((await generation()) - grown);
    // Where there were several, who has the least to do may have changed meanwhile.
    expect(new Set(marked).size).toBeGreaterThanOrEqual(2);
    expect(marked.length).toBeLessThanOrEqual(2 * times.length);
    expect(load.report().truncatedStreams).toBe(0);
  });

  it('is followed by default: the operator tells how many requests fit, the engines how many run and wait', async () => {
    await stage().follow([bench().namespace], bench().enginePort, await bench().telemetry());
    const engine = { type: 'vLLM', extraArgs: ['--max-num-seqs=8'] };
    await start('chat', { minReplicas: 1, maxReplicas: 3, behavior: AT_ONCE }, { engine });
    await bench().condition('chat', 'AutoscalingActive', 'True', 'AutoscalingFollowed');
    expect(await wanted()).toBe(1);
    // 8 run, which is all of the batch, and 2 wait.
    const load = await bench().load('chat', { rps: 0, streams: 10, streamTokens: 400 });
    await becomes(2);
    await load.stop();
    await becomes(1);
  });

  it('that goes takes pods away only when it has been gone for the window', async () => {
    const behavior = { ...AT_ONCE, scaleDown: { ...AT_ONCE.scaleDown, stabilizationWindowSeconds: 8 } };
    await start('chat', { ...BATCH_70_30, behavior }, { replicas: 3 });
    await stage().pretend('BatchUtilization', 0.7);
    await bench().condition('chat', 'AutoscalingActive', 'True');
    await staysFor(3, 2_000);
    await stage().pretend('BatchUtilization', 0.01);
    await staysFor(3, 5_000);
    await becomes(1);
  });

  it('that some pods still have keeps those: the idle ones go', async () => {
    await start('chat', BATCH_70_30, { replicas: 3 });
    await stage().pretend('BatchUtilization', 0.5);
    await bench().condition('chat', 'AutoscalingActive', 'True');
    const all = (await bench().pods('chat')).map(({ metadata }) => metadata.name);
    const load = await bench().load('chat', { rps: 0, streams: 1, streamTokens: 4_000 });
    const [busy = ''] = await eventually(async () => {
      const found = (await bench().simulator.pods()).filter(({ requests }) => requests.inFlight > 0);
      expect(found).toHaveLength(1);
      return found.map(({ name }) => name);
    }, PATIENCE);
    expect(all).toContain(busy);
    await stage().pretend('BatchUtilization', 0.01);
    await becomes(1);
    expect((await bench().pods('chat')).map(({ metadata }) => metadata.name)).toContain(busy);
    await load.stop();
    expect(load.report().truncatedStreams).toBe(0);
  });

  it('takes pods away below scaleInBelow alone', async () => {
    // Two at least: the next look would take the second one, too, before anybody has seen it.
    await start('chat', { ...BATCH_70_30, minReplicas: 2 }, { replicas: 3 });
    await stage().pretend('BatchUtilization', 0.31);
    await bench().condition('chat', 'AutoscalingActive', 'True');
    await staysFor(3, 8_000);
    await stage().pretend('BatchUtilization', 0.29);
    await becomes(2); // 3 x 0.29 / 0.70 = 1.24
  });

  it('is not followed while it is held, and nobody is fought over it', async () => {
    const disabled = { scaleUp: { selectPolicy: 'Disabled' }, scaleDown: { selectPolicy: 'Disabled' } };
    await start('chat', { ...BATCH_70_30, behavior: disabled }, { replicas: 2 });
    await stage().pretend('BatchUtilization', 0.9);
    await bench().condition('chat', 'AutoscalingActive', 'True');
    await staysFor(2, 5_000);
    await stage().pretend('BatchUtilization', 0.01);
    await staysFor(2, 5_000);
    await bench().edit('chat', { spec: { replicas: 3 } });
    await becomes(3);
    await staysFor(3, 5_000);
    const enabled = {
      scaleUp: { ...AT_ONCE.scaleUp, selectPolicy: 'Max' },
      scaleDown: { ...AT_ONCE.scaleDown, selectPolicy: 'Max' },
    };
    await bench().edit('chat', { spec: { autoscaling: { behavior: enabled } } });
    await eventually(async () => expect(await wanted()).toBe(1), PATIENCE);
  });
});

describe('metrics that are missing', () => {
  it('keep the count while Prometheus is gone, and it heals', async () => {
    await start('chat', BATCH_70_30, { replicas: 2 });
    await stage().pretend('BatchUtilization', 0.5);
    await bench().condition('chat', 'AutoscalingActive', 'True');
    await stage().killPrometheus();
    const message = await bench().condition('chat', 'AutoscalingActive', 'False', 'MetricsApiUnavailable');
    expect(message).toContain('The replicas stay as they are.');
    await staysFor(2, 3_000);
    await stage().startPrometheus();
    await bench().condition('chat', 'AutoscalingActive', 'True');
    expect(await wanted()).toBe(2);
  });

  it('keep the count while the adapter is gone, and it heals', async () => {
    await start('chat', BATCH_70_30, { replicas: 2 });
    await stage().pretend('BatchUtilization', 0.5);
    await bench().condition('chat', 'AutoscalingActive', 'True');
    await stage().killAdapter();
    const message = await bench().condition('chat', 'AutoscalingActive', 'False', 'MetricsApiUnavailable');
    expect(message).toContain('The replicas stay as they are.');
    await staysFor(2, 3_000);
    await stage().startAdapter();
    await bench().condition('chat', 'AutoscalingActive', 'True');
    expect(await wanted()).toBe(2);
  });

  it('are named when nobody has them', async () => {
    const metrics = [{ type: 'External', target: '5', external: { name: 'no_such_metric' } }];
    await start('chat', { ...SCALED, metrics }, { replicas: 2 });
    const message = await bench().condition('chat', 'AutoscalingActive', 'False', 'MetricMissing');
    expect(message).toContain('no_such_metric');
    expect(await wanted()).toBe(2);
    await bench().edit('chat', { spec: { autoscaling: { metrics: [{ type: 'KVCacheUtilization', target: '80' }] } } });
    await bench().condition('chat', 'AutoscalingActive', 'True');
  });

  it.each<[string, (deployment: string) => object]>([
    ['of the same object', () => ({})],
    ['of its Deployment', (name) => ({ scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } })],
  ])('are not looked for by two: another HPA %s', async (_, target) => {
    await start('chat', { ...SCALED, metrics: [{ type: 'RunningRequests', target: '4' }] }, { replicas: 2 });
    const { client, namespace, signal } = bench();
    const own = await eventually(
      () => client.get(resources.horizontalPodAutoscalers, { namespace, name: 'chat' }, { signal }),
      PATIENCE,
    );
    const other = {
      apiVersion: own.apiVersion,
      kind: own.kind,
      metadata: { name: 'theirs', namespace },
      spec: { ...own.spec, ...target((await bench().deployments('chat'))[0]?.metadata.name ?? '') },
    };
    await client.create(resources.horizontalPodAutoscalers, other, { signal });
    const message = await bench().condition('chat', 'AutoscalingActive', 'False', 'AutoscalerConflict');
    expect(message).toContain(`${namespace}/theirs`);
    await client.delete(resources.horizontalPodAutoscalers, { namespace, name: 'theirs' }, { signal });
    await bench().condition('chat', 'AutoscalingActive', 'True');
  });
});

describe('other signals', () => {
  it('an external metric scales as well', async () => {
    const { metric } = AUTOSCALING_METRIC.RunningRequests;
    const external = { name: metric, selector: { [SERIES_LABEL.deployment]: 'chat' } };
    await start('chat', { ...SCALED, metrics: [{ type: 'External', target: '4', external }] });
    await stage().pretend('RunningRequests', 4);
    await bench().condition('chat', 'AutoscalingActive', 'True', 'AutoscalingFollowed');
    expect(await wanted()).toBe(1);
    await stage().pretend('RunningRequests', 7);
    await eventually(async () => expect(await wanted()).toBeGreaterThanOrEqual(2), PATIENCE);
    await stage().pretend('RunningRequests', 0.1);
    await becomes(1);
  });

  it('CPU where nobody serves metrics.k8s.io: the condition says so, and the count stays', async () => {
    const engine = { type: 'llama.cpp' };
    await start('chat', { ...SCALED, metrics: [{ type: 'CPU', target: '60' }] }, { engine, replicas: 2 });
    const message = await bench().condition('chat', 'AutoscalingActive', 'False', 'MetricsApiMissing');
    expect(message).toContain('metrics.k8s.io');
    await staysFor(2, 3_000);
  });

  it('of a pod that hangs stall neither the rest of its model nor other models', async () => {
    const { namespace, simulator } = bench();
    const metrics = [{ type: 'RunningRequests', target: '4' }];
    await start('chat', { ...SCALED, minReplicas: 2, metrics }, { replicas: 2 });
    await start('other', { ...SCALED, metrics });
    const [victim] = await bench().pods('chat');
    const pod = `${namespace}/${victim?.metadata.name ?? ''}`;
    await simulator.setRule({ name: 'victim', match: { pod }, behaviour: { hang: 'everything' } });
    await bench().condition('chat', 'Ready', 'False');
    const loads = [
      await bench().load('chat', { rps: 0, streams: 16, streamTokens: 400 }),
      await bench().load('other', { rps: 0, streams: 8, streamTokens: 400 }),
    ];
    await eventually(async () => expect(await wanted('other')).toBeGreaterThanOrEqual(2), PATIENCE);
    await eventually(async () => expect(await wanted('chat')).toBeGreaterThanOrEqual(3), PATIENCE);
    for (const load of loads) await load.stop();
  });
});

it('scales four engines on the same spec', async () => {
  const engines = { vllm: 'vLLM', sglang: 'SGLang', trtllm: 'TensorRT-LLM', llamacpp: 'llama.cpp' };
  const autoscaling = { ...SCALED, maxReplicas: 2, metrics: [{ type: 'RunningRequests', target: '2' }] };
  for (const [name, type] of Object.entries(engines)) await start(name, autoscaling, { engine: { type } });
  for (const name of Object.keys(engines)) {
    const load = await bench().load(name, { rps: 0, streams: 4, streamTokens: 400 });
    await eventually(async () => expect(await wanted(name)).toBe(2), PATIENCE);
    await load.stop();
    await becomes(1, name);
  }
}, 300_000);
