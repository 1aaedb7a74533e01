import { beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { API_VERSION, KIND } from '../../operator/api/index.ts';
import { eventually, kubectl, testCluster } from '../support/index.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { BRIEF } from '../reconcile/rollouts.ts';
import { metricsStage, QUICK_HPA } from './stage.ts';

const cluster = testCluster('simulated', QUICK_HPA);
const stage = metricsStage(cluster);
const bench = operatorBench(cluster);

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-1.5b' },
  accelerator: { type: 'A100-80GB' },
  autoscaling: {
    minReplicas: 1,
    maxReplicas: 6,
    headroomPercent: 0,
    metrics: [{ type: 'BatchUtilization', target: '70', scaleInBelow: '30' }],
    behavior: { scaleUp: { policies: [{ type: 'Pods', value: 100, periodSeconds: 1 }] } },
  },
  ...BRIEF,
};

beforeEach(() => stage().follow([bench().namespace], bench().enginePort));

/** Applies a manifest in one of the ways that people do. */
type Way = (spec: object, label: string) => Promise<unknown>;

async function manifest(spec: object, label: string): Promise<string> {
  const dir = join(cluster().dir, `gitops-${bench().namespace}`);
  await mkdir(dir, { recursive: true });
  const { namespace } = bench();
  const object = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'chat', namespace, labels: { commit: label } },
    spec,
  };
  await writeFile(join(dir, 'chat.json'), JSON.stringify(object));
  await writeFile(join(dir, 'kustomization.yaml'), JSON.stringify({ resources: ['chat.json'] }));
  return dir;
}

const gitops = (...args: readonly string[]) => kubectl(cluster(), 'gitops', ['apply', ...args]);
const file = (dir: string): string => join(dir, 'chat.json');

const WAYS: Readonly<Record<string, Way>> = {
  'client-side apply': async (spec, label) => gitops('-f', file(await manifest(spec, label))),
  'server-side apply': async (spec, label) => gitops('--server-side', '-f', file(await manifest(spec, label))),
  kustomize: async (spec, label) => gitops('-k', await manifest(spec, label)),
};

const wanted = async () => (await bench().get('chat')).spec.replicas;
const becomes = (replicas: number) =>
  eventually(async () => {
    expect([await wanted(), (await bench().status('chat')).readyReplicas]).toEqual([replicas, replicas]);
  }, PATIENCE);
/** Counts that the Deployment was given, seen by its generation: one that is set back and again leaves a trace. */
async function deployed(): Promise<{ readonly replicas: number | undefined; readonly generation: number | undefined }> {
  const [found] = await bench().deployments('chat');
  return { replicas: found?.spec?.replicas, generation: found?.metadata.generation };
}

describe.each(Object.entries(WAYS))('%s', (way, apply) => {
  it('of a manifest without replicas neither deletes nor resets what the autoscaler has set', async () => {
    await apply(SPEC, 'one');
    await bench().condition('chat', 'Ready', 'True');
    expect(await wanted()).toBe(1);
    await stage().pretend('BatchUtilization', 1.4);
    await eventually(async () => expect(await wanted()).toBeGreaterThanOrEqual(2), PATIENCE);
    await stage().pretend('BatchUtilization', 0.7);
    await bench().condition('chat', 'Ready', 'True');
    const before = { wanted: await wanted(), ...(await deployed()) };
    for (const commit of ['two', 'three']) {
      await apply(SPEC, commit);
      const message = await bench().condition('chat', 'AutoscalingActive', 'True');
      expect(message).not.toContain('taken away');
    }
    expect({ wanted: await wanted(), ...(await deployed()) }).toEqual(before);
  });

  it('that takes replicas out of the manifest keeps the count that serves', async () => {
    await apply({ ...SPEC, replicas: 1 }, 'one');
    await bench().condition('chat', 'Ready', 'True');
    await stage().pretend('BatchUtilization', 1.4);
    await eventually(async () => expect(await wanted()).toBeGreaterThanOrEqual(2), PATIENCE);
    await stage().pretend('BatchUtilization', 0.7);
    await bench().condition('chat', 'Ready', 'True');
    const before = { wanted: await wanted(), ...(await deployed()) };
    await apply(SPEC, 'two');
    await eventually(async () => expect((await bench().get('chat')).metadata.labels?.['commit']).toBe('two'), PATIENCE);
    await becomes(before.wanted ?? 0);
    expect(await deployed()).toEqual({ replicas: before.replicas, generation: before.generation });
    // Whose write takes the field with it is named; of server-side apply it is not one of its own any more, and stays.
    const message = await bench().condition('chat', 'AutoscalingActive', 'True');
    if (way !== 'server-side apply') expect(message).toMatch(/taken away .* Field manager kubectl/);
  });
});

it('names the field manager that sets replicas back', async () => {
  const apply = WAYS['client-side apply'] as Way;
  await apply({ ...SPEC, replicas: 1 }, 'one');
  await bench().condition('chat', 'Ready', 'True');
  await stage().pretend('BatchUtilization', 2);
  await eventually(async () => expect(await wanted()).toBe(6), PATIENCE);
  const { client, namespace, signal } = bench();
  await eventually(async () => {
    // A tool that syncs over and over, its manifest with replicas.
    const object = {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: 'chat', namespace },
      spec: { replicas: 1 },
    };
    await client.apply(
      {
        group: 'deepseek-operator.io',
        version: 'v1alpha1',
        plural: 'deepseekdeployments',
        kind: KIND,
        namespaced: true,
      },
      object,
      { fieldManager: 'argocd-controller', force: true, signal },
    );
    const condition = (await bench().status('chat')).conditions?.find(({ type }) => type === 'AutoscalingActive');
    expect(condition).toMatchObject({ status: 'False', reason: 'ReplicasContested' });
    expect(condition?.message).toContain('argocd-controller');
  }, PATIENCE);
});
