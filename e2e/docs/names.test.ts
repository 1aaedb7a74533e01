import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CONDITIONS, operatorDefaults, REASONS } from '../../operator/api/index.ts';
import { inAllPages, ROOT } from './blocks.ts';

/** Pages about the tools of this repository, and generated ones, whose generators have the names. */
const LEFT_OUT = /^(docs\/reference\/|docs\/benchmarks|e2e\/|hack\/|operator\/)/;

/** Names of others that pages speak of, by whose they are. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  Kubernetes: [
    ...['allowedRoutes', 'caBundle', 'failurePolicy', 'metadata.resourceVersion', 'PodNodeSelector', 'preStop'],
    ...['timeoutSeconds', 'unhealthyPodEvictionPolicy'],
  ],
  kubectl: ['--dry-run'],
  kustomize: ['newName'],
  'Gateway API': ['BackendNotFound', 'NoMatchingListenerHostname', 'NotAllowedByListeners', 'status.parents'],
  'Argo CD': ['ignoreDifferences', 'jqPathExpressions', 'Prune', 'RespectIgnoreDifferences'],
  Prometheus: ['honorLabels'],
  Traefik: ['providersThrottleDuration'],
  etcdutl: ['--bump-revision', '--mark-compacted', '--initial-cluster', '--initial-advertise-peer-urls'],
  'an API server': ['resourceVersionMatch', 'metadata.ownerReferences'],
  KWOK: ['Stage.endState'],
  'Node.js': ['--max-semi-space-size'],
  'the output of the plugin': ['revisions.pods'],
  Helm: ['--create-namespace', '--force-conflicts', '--skip-tests', '--take-ownership'],
  'the tests': ['TRAFFIC', 'RAMP', 'keepsTheLastReady', 'mapOf', 'maxProperties', '--minutes', '--again'],
  'what was decided against': ['spec.monitoring.dashboard'],
};
const others = new Set(Object.values(OTHERS).flat());

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const sources = [
  ...globSync('{operator,cli,cdk8s,hack}/**/*.ts', { cwd: ROOT }).filter((file) => !/\.test\.ts$|testing/.test(file)),
  ...globSync('manifests/{prometheus,argocd}/*.{yaml,lua}', { cwd: ROOT }),
].map(read);
/** Every word of the sources; of flags and annotations every part. */
const words = new Set(
  sources.flatMap((text) => [
    ...(text.match(/[A-Za-z_][\w:]*/g) ?? []),
    ...(text.match(/[a-z][a-z0-9.-]*[a-z0-9]/g) ?? []),
  ]),
);

/** A JSON schema, as far as it has fields. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly enum?: readonly unknown[];
}

/** Paths of the fields, lists and maps as what they hold, and the words that a field may say. */
function fieldsOf({ properties = {}, items, additionalProperties, enum: values = [] }: Schema, path = ''): string[] {
  const inner = typeof additionalProperties === 'object' ? additionalProperties : undefined;
  return [
    ...values.map(String),
    ...Object.entries(properties).flatMap(([name, child]) => {
      const at = path === '' ? name : `${path}.${name}`;
      return [at, ...fieldsOf(child, at)];
    }),
    ...[items, inner].flatMap((child) => (child === undefined ? [] : fieldsOf(child, path))),
  ];
}

interface Crd {
  readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[] };
}
const crd = (parse(read('crds/deepseekdeployments.yaml')) as Crd).spec.versions.flatMap(({ schema }) =>
  fieldsOf(schema.openAPIV3Schema),
);
const values = fieldsOf(JSON.parse(read('charts/deepseek-operator/values.schema.json')) as Schema);
const fields = [...crd, ...values, ...Object.keys(operatorDefaults.shape)];
/** Pages name a field by the end of its path. */
const ends = new Set(fields.flatMap((path) => path.split('.').map((_, index, parts) => parts.slice(index).join('.'))));
const said = new Set([...Object.keys(REASONS), ...Object.keys(CONDITIONS), ...crd]);

/** Endings that are those of files and hosts. */
const FILE = /\.(md|ts|ya?ml|json|sh|lua|mjs|sum|mod|txt|gz|internal|io|example|com)$/;

/** What a word between backquotes is, and whether there is such a thing; undefined: it is no name of ours. */
function isThere(text: string): boolean | undefined {
  const name = text.replace(/[:={].*$/s, '').replaceAll('[]', '');
  const flag = /^--([a-z][a-z-]*)/.exec(text)?.[1];
  if (others.has(name) || others.has(`--${flag ?? ''}`)) return true;
  if (flag !== undefined) return words.has(flag) || words.has(flag.replace(/^no-/, ''));
  const metric = /^(?:deepseek_operator_|deepseek_|deepseek:)[\w:]*/.exec(text)?.[0];
  if (metric !== undefined) return words.has(metric);
  const own = /^[a-z.-]*deepseek-operator\.io\/[a-z-]+/.exec(text)?.[0];
  if (own !== undefined) return words.has(own.split('/')[1] ?? '');
  if (/^[a-z]\w*(\.[a-z]\w*)+$/i.test(name) && !FILE.test(name)) return ends.has(name);
  if (/^[A-Z][a-z]+[A-Za-z]*$/.test(name)) return said.has(name) || words.has(name);
  if (/^[a-z]+[A-Z]\w*$/.test(name)) return ends.has(name) || words.has(name);
  return undefined;
}

const named = await inAllPages((page, text) => {
  if (LEFT_OUT.test(page)) return [];
  const prose = text.replaceAll(/^\s*```[\s\S]*?^\s*```/gm, '');
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => ({ page, span }));
});

describe('the names in the pages', () => {
  it.each([
    ['rollout.promotion', true],
    ['spec.rollout.promotion: Manual', true],
    ['rollout.promotoin', false],
    ['crds.install=false', true],
    ['crds.instal', false],
    ['RollbackCold', true],
    ['RollbackFreezing', false],
    ['Handover', true],
    ['deepseek_operator_warm_gpus', true],
    ['deepseek_operator_warm_tpus', false],
    ['deepseek:queue_depth', true],
    ['deepseek:queue_breadth', false],
    ['--watch-namespaces', true],
    ['--watch-namespace', false],
    ['deepseek-operator.io/reconcile: disabled', true],
    ['deepseek-operator.io/reconcil', false],
    ['whenCapacityIsShort', true],
    ['whenCapacityIsLong', false],
    ['install.yaml', undefined],
    ['kubectl get', undefined],
  ])('%s: %s', (text, there) => expect(isThere(text)).toBe(there));

  it('are there: fields, values of the chart, conditions, reasons, events, metrics, flags, annotations', () => {
    expect([
      ...new Set(named.flatMap(({ page, span }) => (isThere(span) === false ? [`${page}: ${span}`] : []))),
    ]).toEqual([]);
    expect(named.filter(({ span }) => isThere(span) === true).length).toBeGreaterThan(500);
  });

  it('of others are spoken of', () => {
    const spoken = named.map(({ span }) => span.replaceAll('[]', '')).join(' ');
    expect([...others].filter((name) => !spoken.includes(name))).toEqual([]);
  });
});
