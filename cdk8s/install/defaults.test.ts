import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { synthesize } from './install.ts';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
}
const configMaps = (options?: Parameters<typeof synthesize>[0]) =>
  (synthesize(options) as Manifest[]).filter(({ kind }) => kind === 'ConfigMap');

it('are no object unless they are set', () => {
  expect(configMaps()).toEqual([]);
  const defaults = { runtimeClassName: 'nvidia', registryMirrors: { 'docker.io': 'registry.example' } };
  const [made] = configMaps({ defaults });
  expect(made?.metadata).toMatchObject({ name: 'deepseek-operator-defaults', namespace: 'deepseek-system' });
  expect(parse(made?.data?.['defaults.yaml'] ?? '')).toEqual(defaults);
});

it('are refused when the operator would refuse them', () => {
  expect(() => configMaps({ defaults: { huggingFaceEndpoint: 'hub' } })).toThrow(
    /huggingFaceEndpoint: should be an http/,
  );
});
