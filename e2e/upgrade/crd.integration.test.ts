import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster } from '../../hack/cluster/index.ts';
import { CHART, helm, kubectl, OPERATOR } from '../install/ways.ts';
import { eventually, testCluster } from '../support/index.ts';

const CRD = join(import.meta.dirname, '../../crds/deepseekdeployments.yaml');
const PATIENCE = { timeoutMs: 30_000 } as const;

/** The CRD of a version that did not have `termination.drainProxy` yet: the lines of that field are taken out. */
const earlier = (text: string): string => text.replace(/^( +)drainProxy:\n(?:\1 +.*\n)+/m, '');

const MODEL = {
  apiVersion: 'deepseek-operator.io/v1alpha1',
  kind: 'DeepSeekDeployment',
  metadata: { name: 'chat', namespace: 'default' },
  spec: { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 1 },
};

interface Stored {
  readonly metadata: { readonly uid: string; readonly generation: number };
  readonly spec: { readonly termination?: { readonly drainProxy?: string } };
}

const read = async (cluster: Cluster): Promise<Stored> =>
  JSON.parse(await kubectl(cluster, 'get', 'dsd', 'chat', '-n', 'default', '-o', 'json')) as Stored;

const WAYS = {
  'server-side apply of the CRD': {
    before: async (cluster: Cluster, folder: string) => {
      const file = join(folder, 'crd.yaml');
      await writeFile(file, earlier(await readFile(CRD, 'utf8')));
      await kubectl(cluster, 'apply', '--server-side', '-f', file);
    },
    upgrade: (cluster: Cluster) => kubectl(cluster, 'apply', '--server-side', '--force-conflicts', '-f', CRD),
  },
  'helm upgrade': {
    before: async (cluster: Cluster, folder: string) => {
      const chart = join(folder, 'chart');
      await cp(CHART, chart, { recursive: true });
      const crds = join(chart, 'templates/crds.yaml');
      await writeFile(crds, earlier(await readFile(crds, 'utf8')));
      await helm(cluster, 'install', OPERATOR.name, chart, '-n', OPERATOR.namespace, '--create-namespace');
    },
    upgrade: (cluster: Cluster) => helm(cluster, 'upgrade', OPERATOR.name, CHART, '-n', OPERATOR.namespace),
  },
} as const;

it('the field that the earlier CRD lacks is in this one', async () => {
  const text = await readFile(CRD, 'utf8');
  expect(text).toContain('drainProxy');
  expect(earlier(text)).not.toContain('drainProxy');
  expect(text.length - earlier(text).length).toBeLessThan(600);
});

describe.each(Object.entries(WAYS))('a CRD that is upgraded by %s', (_, { before, upgrade }) => {
  const cluster = testCluster('control-plane', {});
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crd-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('keeps every model, and takes the fields that it did not know', async () => {
    await before(cluster(), folder);
    const file = join(folder, 'model.json');
    await writeFile(file, JSON.stringify(MODEL));
    await eventually(() => kubectl(cluster(), 'apply', '-f', file), PATIENCE);
    const stored = await read(cluster());
    const patch = JSON.stringify({ spec: { termination: { drainProxy: 'Disabled' } } });
    const change = () => kubectl(cluster(), 'patch', 'dsd', 'chat', '-n', 'default', '--type=merge', '-p', patch);
    await change();
    expect((await read(cluster())).spec.termination?.drainProxy).toBeUndefined();

    await upgrade(cluster());
    await eventually(async () => {
      await change();
      expect((await read(cluster())).spec.termination?.drainProxy).toBe('Disabled');
    }, PATIENCE);
    expect((await read(cluster())).metadata.uid).toBe(stored.metadata.uid);
  });
});
