import { describe, expect, it, test } from '@jest/globals';
import { badObjects } from '../../operator/api/fixtures/bad/index.ts';
import { fullStatus, goodSpecs } from '../../operator/api/fixtures/good.ts';
import { buildCustomResourceDefinition, openAPIV3Schema } from './crd.ts';
import { problemsOf } from './check.ts';
import { at, type CelRule, type StructuralSchema } from './schema.ts';

const schema = openAPIV3Schema();
const { spec, status } = schema.properties ?? {};
if (!spec || !status) throw new Error('no spec or no status');

/** Every schema with its path, `[]` for items and `{}` for values of a map. */
function walk(node: StructuralSchema, path: string): [string, StructuralSchema][] {
  return [
    [path, node],
    ...Object.entries(node.properties ?? {}).flatMap(([key, value]) => walk(value, at(path, key))),
    ...(node.items ? walk(node.items, `${path}[]`) : []),
    ...(node.additionalProperties ? walk(node.additionalProperties, `${path}{}`) : []),
  ];
}

/** Paths of the fields that `value` sets. */
function fieldsOf(value: unknown, node: StructuralSchema | undefined, path: string): string[] {
  if (node === undefined) return [];
  if (Array.isArray(value)) return [path, ...value.flatMap((item) => fieldsOf(item, node.items, `${path}[]`))];
  if (typeof value !== 'object' || value === null || !node.properties) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, member]) => fieldsOf(member, node.properties?.[key], at(path, key))),
  ];
}

const properties = (node: StructuralSchema, path: string): string[] =>
  walk(node, path)
    .map(([at]) => at)
    .filter((at) => !at.endsWith('[]') && !at.endsWith('{}'));

describe('the CustomResourceDefinition', () => {
  it('is left by Argo CD and Flux when it is gone from the repository, and when what synced it is deleted', () => {
    expect(buildCustomResourceDefinition().metadata.annotations).toEqual({
      'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
      'kustomize.toolkit.fluxcd.io/prune': 'disabled',
    });
  });

  it('is structural, bounded and described', () => {
    expect([...problemsOf(spec, 'spec'), ...problemsOf(status, 'status')]).toEqual([]);
  });

  it('has every field in an object that the API server is shown to accept', () => {
    const set = new Set(Object.values(goodSpecs).flatMap((good) => fieldsOf(good, spec, 'spec')));
    expect(properties(spec, 'spec').filter((path) => !set.has(path))).toEqual([]);
    const said = new Set(fieldsOf(fullStatus, status, 'status'));
    expect(properties(status, 'status').filter((path) => !said.has(path))).toEqual([]);
  });

  test.each([
    'model',
    'quantization',
    'engine',
    'accelerator',
    'resources',
    'replicas',
    'minReadySeconds',
    'termination',
    'podTemplate',
  ])('has no default in spec.%s: a later default would be a new revision of every stored object', (block) => {
    const node = spec.properties?.[block];
    if (!node) throw new Error(`no ${block}`);
    expect(walk(node, block).filter(([, { default: value }]) => value !== undefined)).toEqual([]);
  });

  it('has no default for a block, so that the status can say which blocks are ignored', () => {
    const blocks = walk(spec, 'spec').filter(([, node]) => node.type === 'object' && node.default !== undefined);
    expect(blocks).toEqual([]);
  });

  it('marks an object that the operator has not seen', () =>
    expect(status.default).toEqual({ observedGeneration: -1 }));

  it('stays out of category all, and small enough for kubectl apply', () => {
    const crd = buildCustomResourceDefinition();
    expect(crd.spec.names.categories).toEqual(['ai']);
    // kubectl keeps a copy in an annotation, and annotations may be 256 KiB in all.
    expect(JSON.stringify(crd).length).toBeLessThan(200 * 1024);
  });

  const rules: readonly CelRule[] = [...walk(spec, 'spec'), ['', schema] as const].flatMap(
    ([, node]) => node['x-kubernetes-validations'] ?? [],
  );
  test.each([...new Set(rules.map(({ message }) => message))])('has an object that breaks the rule "%s"', (message) => {
    const broken = badObjects.filter(({ errors }) => errors.some((error) => error.endsWith(`: ${message}`)));
    expect(broken.length).toBeGreaterThan(0);
  });
});
