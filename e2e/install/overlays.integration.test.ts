import { expect, it } from '@jest/globals';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { testCluster } from '../support/index.ts';
import { kubectl } from './ways.ts';

const cluster = testCluster('control-plane');
const KUSTOMIZE = join(import.meta.dirname, '../../manifests/kustomize');

interface KubeObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** What kubectl makes of a folder. */
async function built(folder: string): Promise<KubeObject[]> {
  const text = await kubectl(cluster(), 'kustomize', join(KUSTOMIZE, folder));
  return parseAllDocuments(text, { version: '1.1' }).map((document) => document.toJS() as KubeObject);
}

/** The objects of an overlay that are others than those of the base. */
async function changed(overlay: string): Promise<readonly KubeObject[]> {
  const [base, objects] = [await built('base'), await built(`overlays/${overlay}`)];
  const keyOf = ({ kind, metadata }: KubeObject) => `${kind} ${metadata.name}`;
  expect(objects.map(keyOf)).toEqual(base.map(keyOf));
  return objects.filter((object, index) => !isDeepStrictEqual(object, base[index]));
}

it('the air-gapped overlay takes the image from the registry of the cluster, with a pull secret, and changes nothing else', async () => {
  expect(await changed('air-gapped')).toEqual([
    expect.objectContaining({
      kind: 'Deployment',
      spec: expect.objectContaining({
        template: expect.objectContaining({
          spec: expect.objectContaining({
            imagePullSecrets: [{ name: 'registry' }],
            containers: [expect.objectContaining({ image: 'registry.internal/deepseek-operator:0.1.0' })],
          }),
        }),
      }),
    }),
  ]);
});

it('the overlay for high availability has three pods that must not share a node, and changes nothing else', async () => {
  const spread = { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', maxSkew: 1 };
  expect(await changed('high-availability')).toEqual([
    expect.objectContaining({
      kind: 'Deployment',
      spec: expect.objectContaining({
        replicas: 3,
        template: expect.objectContaining({
          spec: expect.objectContaining({
            topologySpreadConstraints: expect.arrayContaining([expect.objectContaining(spread)]),
          }),
        }),
      }),
    }),
  ]);
});

it('the overlay for a single namespace has nothing outside of it', async () => {
  const objects = await built('overlays/single-namespace');
  expect(objects.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['Deployment', 'Role', 'RoleBinding']));
  expect([...new Set(objects.map(({ metadata }) => metadata.namespace))]).toEqual(['models']);
});
