import { describe, expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { DeepSeekDeployment } from '../../operator/api/index.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { clusterScoped, resources } from '../../operator/kube/resources.ts';
import { enforce } from '../security/pod-security.ts';
import { eventually, testCluster } from '../support/index.ts';
import { operatorBench } from './harness.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

const SAMPLES = new URL('../../manifests/samples/', import.meta.url);
const GPU = 'nvidia.com/gpu';

/** By file: the pool that the pod belongs on, and the devices that it holds. Written down here, not taken from the plan. */
const EXPECTED: Readonly<Record<string, readonly [pool: string, devices: Readonly<Record<string, string>>]>> = {
  'air-gapped.yaml': ['l40s', { [GPU]: '1' }],
  'batch-7b-a10g.yaml': ['a10g', { [GPU]: '1' }],
  'chat-4k-a100-40gb.yaml': ['a100-40gb', { [GPU]: '1' }],
  'chat.yaml': ['a100-80gb', { [GPU]: '1' }],
  'cpu-7b-gguf.yaml': ['cpu', {}],
  'custom.yaml': ['b200', { [GPU]: '1' }],
  'dialogue-7b-t4.yaml': ['t4', { [GPU]: '2' }],
  'edge-1.5b-orin.yaml': ['edge-orin', { [GPU]: '1' }],
  'mig-slice.yaml': ['a100-mig', { 'nvidia.com/mig-3g.40gb': '1' }],
  'oci-image.yaml': ['l4', { [GPU]: '1' }],
  'r1-671b-h200.yaml': ['h200', { [GPU]: '8' }],
  'r1-70b-awq-a100.yaml': ['a100-80gb', { [GPU]: '1' }],
  'reports-67b-a100.yaml': ['a100-80gb', { [GPU]: '4' }],
  'sglang-v2-lite-a100-40gb.yaml': ['a100-40gb', { [GPU]: '1' }],
  'tensorrt-8b-fp16-a100.yaml': ['a100-80gb', { [GPU]: '1' }],
  'tensorrt-8b-fp8-h100.yaml': ['h100', { [GPU]: '1' }],
};

async function read(file: string): Promise<DeepSeekDeployment> {
  return parse(await readFile(new URL(file, SAMPLES), 'utf8')) as DeepSeekDeployment;
}

/** Samples that need more than the Pod Security Standard `restricted`; their comments say so. */
const PRIVILEGED: readonly string[] = ['edge-1.5b-orin.yaml'];

/** What a user makes first, as the comments of the samples say: volumes with a claim each, and a Secret. */
async function prepare(): Promise<() => Promise<void>> {
  const { client, namespace, signal } = bench();
  const persistentVolumes = clusterScoped('', 'v1', 'PersistentVolume', 'persistentvolumes');
  const claims = ['weights', 'deepseek-r1'];
  for (const name of claims) {
    const volumeName = `${namespace}-${name}`;
    const storage = { accessModes: ['ReadWriteMany'], storageClassName: '' };
    await client.create(
      persistentVolumes,
      {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: volumeName },
        spec: { ...storage, capacity: { storage: '1Ti' }, nfs: { server: 'nfs.example.internal', path: `/${name}` } },
      },
      { signal },
    );
    await client.create(
      resources.persistentVolumeClaims,
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name, namespace },
        spec: { ...storage, volumeName, resources: { requests: { storage: '1Ti' } } },
      },
      { signal },
    );
  }
  const secret = { metadata: { name: 'hugging-face', namespace }, stringData: { token: 'a-token' } };
  await client.create(resources.secrets, { apiVersion: 'v1', kind: 'Secret', ...secret }, { signal });
  return async () => {
    for (const name of claims) {
      await client.delete(persistentVolumes, { name: `${namespace}-${name}` }, { signal });
    }
  };
}

/** Asks the model as a client does, by the first of its names, and returns the answer's text. */
async function ask(name: string, { spec }: DeepSeekDeployment): Promise<string> {
  const pod = (await bench().simulator.pods()).find(({ labels }) => labels['deepseek-operator.io/name'] === name);
  const response = await fetch(`http://${pod?.address ?? ''}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: spec.model.servedNames?.[0] ?? name,
      messages: [{ role: 'user', content: '2+2=' }],
      max_tokens: 8,
    }),
    signal: bench().signal,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
  const answer = JSON.parse(text) as {
    readonly choices: readonly { readonly message: Readonly<Record<string, string | null>> }[];
  };
  // A model that reasons thinks first: of a short answer there may be thoughts alone.
  const { content, reasoning_content: thoughts } = answer.choices[0]?.message ?? {};
  return `${thoughts ?? ''}${content ?? ''}`;
}

describe('manifests/samples', () => {
  it('has an expectation for every file', async () => {
    const files = (await readdir(SAMPLES)).filter((name) => name.endsWith('.yaml'));
    expect(Object.keys(EXPECTED)).toEqual(files.sort());
  });

  it('becomes Ready as a whole: each on its kind of node, with its devices, and answers', async () => {
    const { client, namespace, signal } = bench();
    const cleanUp = await prepare();
    const models = await Promise.all(Object.keys(EXPECTED).map(async (file) => ({ file, model: await read(file) })));
    const apply = async (isPrivileged: boolean) => {
      for (const { file, model } of models) {
        if (PRIVILEGED.includes(file) !== isPrivileged) continue;
        const metadata = { ...model.metadata, namespace };
        await client.apply(DEEPSEEK_DEPLOYMENTS, { ...model, metadata }, { fieldManager: 'kubectl', signal });
      }
    };
    const notReady = async () => {
      const { items } = await client.list(DEEPSEEK_DEPLOYMENTS, { namespace, signal });
      return items.flatMap(({ metadata, status }) => {
        const ready = status?.conditions?.find(({ type }) => type === 'Ready');
        const current = status?.observedGeneration === metadata.generation;
        return current && ready?.status === 'True' ? [] : [`${metadata.name}: ${ready?.message ?? 'not looked at'}`];
      });
    };
    const allReady = () =>
      eventually(async () => expect(await notReady()).toEqual([]), { timeoutMs: 90_000, intervalMs: 300 });
    await enforce(client, namespace, 'restricted', signal);
    await apply(false);
    await allReady();
    await enforce(client, namespace, 'privileged', signal);
    await apply(true);
    await allReady();
    const found = await Promise.all(
      models.map(async ({ file, model }) => {
        const { name } = model.metadata;
        const [pod] = await bench().pods(name);
        const limits = Object.entries(pod?.spec?.containers[0]?.resources?.limits ?? {});
        const devices = Object.fromEntries(limits.filter(([resource]) => resource.includes('/')));
        const pool = pod?.spec?.nodeName?.replace(/-\d+$/, '');
        return { file, pool, devices, answers: (await ask(name, model)) !== '' };
      }),
    );
    await cleanUp();
    expect(found).toEqual(
      Object.entries(EXPECTED).map(([file, [pool, devices]]) => ({ file, pool, devices, answers: true })),
    );
  });

  it('is refused in the cluster as the comments in refused/ say, and makes no pod', async () => {
    const { client, namespace, signal } = bench();
    const folder = new URL('refused/', SAMPLES);
    const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml'));
    const texts = await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')));
    const told = await Promise.all(
      texts.map(async (text) => {
        const model = parse(text) as DeepSeekDeployment;
        const { name } = model.metadata;
        const object = { ...model, metadata: { ...model.metadata, namespace } };
        const admitted = await client.create(DEEPSEEK_DEPLOYMENTS, object, { signal }).catch(() => undefined);
        if (admitted === undefined) return 'at admission';
        await bench().condition(name, 'Stalled', 'True');
        const verdict = (await bench().status(name)).conditions?.find(({ type }) => type === 'PlanAccepted');
        return `${verdict?.reason ?? ''}: ${verdict?.message ?? ''}`;
      }),
    );
    const expected = texts.map((text) => {
      const [, reason = '', lines = ''] = /^# Refused, (.*):\n((?:# {3}.*\n)+)/m.exec(text) ?? [];
      const message = lines
        .replaceAll(/^# {3}/gm, '')
        .trim()
        .replaceAll('\n', ' ');
      return reason === 'at admission' ? reason : `${reason}: ${message}`;
    });
    expect(told).toEqual(expected);
    expect((await client.list(resources.pods, { namespace, signal })).items).toEqual([]);
  });
});
