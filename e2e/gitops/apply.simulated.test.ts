import { describe, expect, it } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { API_VERSION, KIND } from '../../operator/api/index.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { resources } from '../../operator/kube/resources.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { BRIEF } from '../reconcile/rollouts.ts';
import { eventually, kubectl, runKubectl, testCluster } from '../support/index.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-1.5b' },
  accelerator: { type: 'A100-80GB' },
  ...BRIEF,
};

/** The manifest of a repository: in a file, and in a kustomization. */
async function repository(): Promise<{ readonly file: string; readonly folder: string }> {
  const folder = join(cluster().dir, `repository-${bench().namespace}`);
  await mkdir(folder, { recursive: true });
  const metadata = { name: 'chat', namespace: bench().namespace };
  const file = join(folder, 'chat.json');
  await writeFile(file, JSON.stringify({ apiVersion: API_VERSION, kind: KIND, metadata, spec: SPEC }));
  await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify({ resources: ['chat.json'] }));
  return { file, folder };
}

describe.each<[string, (at: Awaited<ReturnType<typeof repository>>) => readonly string[]]>([
  ['client-side apply', ({ file }) => ['-f', file]],
  ['server-side apply', ({ file }) => ['--server-side', '--field-manager=gitops', '-f', file]],
  ['kustomize', ({ folder }) => ['-k', folder]],
])('a model by %s', (_, source) => {
  it('is applied again without a difference and without a write', async () => {
    const from = source(await repository());
    const apply = () => kubectl(cluster(), 'gitops', ['apply', ...from]);
    await apply();
    await bench().condition('chat', 'Ready', 'True');
    await bench().rest();
    const { metadata } = await bench().get('chat');
    expect(await runKubectl(cluster(), 'gitops', ['diff', ...from])).toMatchObject({ code: 0, out: '' });
    expect(await apply()).toMatch(/chat (unchanged|serverside-applied)/);
    await bench().rest();
    expect((await bench().get('chat')).metadata.resourceVersion).toBe(metadata.resourceVersion);
  });
});

/** What is left of a model in the namespace: its children, and itself. */
async function left(): Promise<readonly string[]> {
  const { client, namespace, signal } = bench();
  const lists = await Promise.all([
    client.list(DEEPSEEK_DEPLOYMENTS, { namespace, signal }),
    client.list(resources.deployments, { namespace, signal }),
    client.list(resources.services, { namespace, signal }),
    client.list(resources.controllerRevisions, { namespace, signal }),
    client.list(resources.podDisruptionBudgets, { namespace, signal }),
    client.list(resources.pods, { namespace, signal }),
  ]);
  return lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.name));
}

describe('what a GitOps tool prunes, in any order', () => {
  it.each(['the operator first', 'the model first'])('%s: all of the model goes, and nothing hangs', async (order) => {
    await bench().create('chat', { ...SPEC, replicas: 1 });
    await bench().condition('chat', 'Ready', 'True');
    if (order === 'the operator first') await bench().stopOperator();
    const args = ['delete', 'dsd', 'chat', '-n', bench().namespace, '--timeout=20s'];
    expect(await kubectl(cluster(), 'gitops', args)).toContain('deleted');
    await eventually(async () => expect(await left()).toEqual([]), PATIENCE);
  });
});
