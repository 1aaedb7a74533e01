import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments, stringify } from 'yaml';
import { DEFAULTS, type InstallOptions } from '../../cdk8s/install/options.ts';
import { synthesize, synthesizeDefinitions } from '../../cdk8s/install/install.ts';
import type { OperatorDefaults } from '../../operator/api/index.ts';
import { findTool } from '../../hack/cluster/index.ts';
import { scratchFiles } from './scratch.ts';
import { CHART, OPERATOR } from './ways.ts';

const scratch = scratchFiles();
const run = promisify(execFile);
const MAIN = join(import.meta.dirname, '../../operator/main.ts');

/** Those that values set, or that the ports, Roles and the Lease of the chart go by. */
const FLAGS_OF_VALUES = [
  ...['defaults-file', 'leader-elect', 'leader-election-namespace', 'log-level', 'metrics-bind-address'],
  ...['monitoring-labels', 'observe-only', 'prometheus-namespaces', 'prometheus-url', 'watch-namespaces'],
  ...['webhook-bind-address', 'webhook-cert-dir', 'webhook-name'],
];

/** What further flags take, where it is not any text. */
const SAMPLES: Readonly<Record<string, string>> = { workers: '2', 'log-format': 'json' };

type Values = Readonly<Record<string, unknown>>;
interface KubeObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly annotations?: object };
}

async function helm(...args: readonly string[]): Promise<string> {
  const command = await findTool('helm', { signal: AbortSignal.timeout(600_000) });
  return (await run(command, args, { timeout: 60_000, maxBuffer: 1 << 25 })).stdout;
}

async function template(values: Values, ...args: readonly string[]): Promise<KubeObject[]> {
  const file = await scratch('values.yaml', stringify(values, { version: '1.1' }));
  const text = await helm('template', 'x', CHART, '--namespace', OPERATOR.namespace, '-f', file, ...args);
  // Kubernetes reads YAML 1.1, in which `no` is a boolean.
  return parseAllDocuments(text, { version: '1.1' }).flatMap(
    (document) => (document.toJS() as KubeObject | null) ?? [],
  );
}

const keyOf = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
const byKey = (objects: readonly KubeObject[]) => Object.fromEntries(objects.map((object) => [keyOf(object), object]));

/** What the source in cdk8s makes of the same choices. */
function source(options: Partial<InstallOptions> = {}) {
  return byKey(synthesize(options) as KubeObject[]);
}

const isTest = ({ metadata }: KubeObject): boolean => 'helm.sh/hook' in (metadata.annotations ?? {});

const KEPT = { 'helm.sh/resource-policy': 'keep' } as const;
const isKept = ({ metadata }: KubeObject): boolean =>
  Object.keys(metadata.annotations ?? {}).some((name) => name in KEPT);

/** Without what outlives the operator, as the definitions in cdk8s do, and without the test. */
const operatorOf = (objects: readonly KubeObject[]) =>
  byKey(objects.filter((object) => !isKept(object) && !isTest(object)));

describe('the chart', () => {
  it('has no fault that helm lint finds', async () => {
    expect(await helm('lint', '--strict', CHART)).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  it.each(['1.30.0', '1.31.0', '1.32.0', '1.33.0', '1.34.0', '1.35.2', '1.36.3'])(
    'is the same objects as the source in cdk8s, for Kubernetes %s',
    async (version) => {
      expect(operatorOf(await template({}, '--kube-version', version))).toEqual(source());
    },
  );

  it('is refused by an older Kubernetes', async () => {
    await expect(template({}, '--kube-version', '1.29.9')).rejects.toThrow(/requires kubeVersion: >=1\.30\.0-0/);
  });

  const MODEL_DEFAULTS: OperatorDefaults = {
    huggingFaceEndpoint: 'https://hub.internal',
    registryMirrors: { 'docker.io': 'registry.internal/hub' },
    tolerations: [{ key: 'gpu', operator: 'Exists' }],
  };
  const CHOICES: Readonly<Record<string, readonly [Values, Partial<InstallOptions>]>> = {
    'another image': [
      { image: { repository: 'registry.internal/dso', tag: '9' } },
      { image: 'registry.internal/dso:9' },
    ],
    'a digest': [
      { image: { digest: `sha256:${'a'.repeat(64)}` } },
      { image: `deepseek-operator@sha256:${'a'.repeat(64)}` },
    ],
    'a pull secret': [{ imagePullSecrets: [{ name: 'mirror' }] }, { imagePullSecrets: ['mirror'] }],
    'two namespaces': [{ watchNamespaces: ['bank', 'shop'] }, { watchNamespaces: ['bank', 'shop'] }],
    flags: [
      { prometheusUrl: 'http://prometheus:9090', logLevel: 'debug', observeOnly: true, extraArgs: ['--workers=2'] },
      { args: ['--prometheus-url=http://prometheus:9090', '--log-level=debug', '--observe-only', '--workers=2'] },
    ],
    'more memory': [
      { resources: { limits: { memory: '1Gi' } } },
      { resources: { ...DEFAULTS.resources, limits: { memory: '1Gi' } } },
    ],
    'defaults of models': [{ defaults: MODEL_DEFAULTS }, { defaults: MODEL_DEFAULTS }],
    'nodes of its own': [
      { nodeSelector: { pool: 'system' }, tolerations: [{ key: 'system', operator: 'Exists' }] },
      { nodeSelector: { pool: 'system' }, tolerations: [{ key: 'system', operator: 'Exists' }] },
    ],
    'namespaces that YAML takes for something else': [
      { watchNamespaces: ['no', '123', '1e3'] },
      { watchNamespaces: ['no', '123', '1e3'] },
    ],
    'a certificate of cert-manager': [
      {
        webhook: {
          annotations: { 'cert-manager.io/inject-ca-from': 'deepseek-system/webhook' },
          certSecret: 'webhook-tls',
        },
      },
      {
        webhookAnnotations: { 'cert-manager.io/inject-ca-from': 'deepseek-system/webhook' },
        webhookCertSecret: 'webhook-tls',
      },
    ],
    'a token in a volume': [
      {
        extraArgs: ['--prometheus-token-file=/var/run/token/token'],
        extraVolumes: [{ name: 'token', secret: { secretName: 'prometheus' } }],
        extraVolumeMounts: [{ name: 'token', mountPath: '/var/run/token', readOnly: true }],
      },
      {
        args: ['--prometheus-token-file=/var/run/token/token'],
        volumes: [{ name: 'token', secret: { secretName: 'prometheus' } }],
        volumeMounts: [{ name: 'token', mountPath: '/var/run/token', readOnly: true }],
      },
    ],
    'no class': [{ priorityClassName: '' }, { priorityClassName: '' }],
    'the class of nodes': [
      { priorityClassName: 'system-node-critical' },
      { priorityClassName: 'system-node-critical' },
    ],
    'no webhook': [{ webhook: { enabled: false } }, { webhook: false }],
    'no NetworkPolicy': [{ networkPolicy: { enabled: false } }, { networkPolicy: false }],
    'objects of prometheus-operator': [
      { monitoring: { enabled: true, labels: { release: 'kube-prometheus-stack', team: 'ai' } } },
      { monitoring: { enabled: true, labels: { release: 'kube-prometheus-stack', team: 'ai' }, namespaces: [] } },
    ],
    'namespaces of Prometheus': [
      { monitoring: { namespaces: ['monitoring', 'thanos'] } },
      { monitoring: { ...DEFAULTS.monitoring, namespaces: ['monitoring', 'thanos'] } },
    ],
    'another class, one pod': [
      { priorityClassName: 'high', replicas: 1 },
      { priorityClassName: 'high', replicas: 1 },
    ],
  };

  it.each(Object.entries(CHOICES))('is the same as the source with %s', async (_, [values, options]) => {
    expect(operatorOf(await template(values))).toEqual(source(options));
  });

  it.each(['no', 'on', 'null', '123', '0x10'])('is the same as the source in the namespace %s', async (namespace) => {
    expect(operatorOf(await template({}, '--namespace', namespace))).toEqual(source({ namespace }));
    const tested = await template({}, '--namespace', namespace, '--show-only', 'templates/tests/model.yaml');
    for (const { metadata } of tested) expect(metadata.namespace).toBe(namespace);
    const [pod] = tested.filter(({ kind }) => kind === 'Pod');
    expect(pod).toHaveProperty('spec.containers[0].args[3]', namespace);
  });

  it('may be a part of another chart, which says whether it is wanted', async () => {
    expect(operatorOf(await template({ enabled: true, global: { cluster: 'a' } }))).toEqual(source());
  });

  it('is upgraded with the values of a release that had fewer', async () => {
    expect(operatorOf(await template({ monitoring: { namespaces: null } }))).toEqual(source());
  });

  it.each<[string, Values]>([
    ['all namespaces', {}],
    ['two of them', { watchNamespaces: ['bank', 'shop'] }],
  ])(
    'brings what an uninstall leaves, as the source has it, with an operator of %s: the CRD, the roles of its users, the class of models',
    async (_, values) => {
      const kept = (await template(values)).filter(isKept);
      const definitions = (synthesizeDefinitions() as KubeObject[]).filter(({ kind }) => kind !== 'Namespace');
      expect(byKey(kept)).toEqual(
        byKey(
          definitions.map((object) => {
            const annotations = { ...object.metadata.annotations, ...KEPT };
            return { ...object, metadata: { ...object.metadata, annotations } };
          }),
        ),
      );
      expect(kept).toHaveLength(5);
    },
  );

  it('brings nothing of the cluster where it is told so and watches some namespaces', async () => {
    const off = { install: false };
    const objects = await template({
      ...{ watchNamespaces: ['bank'], priorityClassName: '' },
      ...{ crds: off, modelPriorityClass: off, userRoles: off },
    });
    expect(objects.filter(isKept)).toEqual([]);
    expect([...new Set(objects.map(({ metadata }) => metadata.namespace))].sort()).toEqual([
      'bank',
      OPERATOR.namespace,
    ]);
  });

  it.each<[string, boolean, Values]>([
    ['the default image', true, {}],
    ['the default image with a digest', true, { image: { digest: `sha256:${'a'.repeat(64)}` } }],
    ['an image of a registry', false, { image: { repository: 'registry.internal/deepseek-operator' } }],
  ])('says whether nodes may find no image: %s', async (_, isSaid, values) => {
    const file = await scratch('values.yaml', stringify(values));
    const notes = await helm('install', 'x', CHART, '-n', OPERATOR.namespace, '--dry-run=client', '-f', file);
    expect(notes).toContain('kubectl rollout status deployment/deepseek-operator -n deepseek-system');
    expect(notes.includes('the pods stay in ImagePullBackOff')).toBe(isSaid);
  });

  it('brings a test: a model, and a pod that may look at it and waits for it', async () => {
    const all = await template({ watchNamespaces: ['bank'] }, '--show-only', 'templates/tests/model.yaml');
    expect(all.map(keyOf)).toEqual(
      expect.arrayContaining(['DeepSeekDeployment bank/deepseek-operator-test', 'Pod bank/deepseek-operator-test']),
    );
    for (const { metadata } of all) expect(metadata.annotations).toHaveProperty(['helm.sh/hook'], 'test');
    // The operator makes a ServiceAccount of the model's name.
    expect(all.map(keyOf)).not.toContain('ServiceAccount bank/deepseek-operator-test');
  });

  it('lets those flags be added that no value sets', async () => {
    const { stdout } = await run(process.execPath, [MAIN, '--help']);
    const all = [...stdout.matchAll(/^ +(?:-\w, )?--([a-z-]+)/gm)].map(([, name = '']) => name);
    const own = all.filter((name) => name !== 'help' && name !== 'version');
    const schema = JSON.parse(await readFile(join(CHART, 'values.schema.json'), 'utf8')) as {
      properties: { extraArgs: { items: { pattern: string } } };
    };
    const allowed = new RegExp(schema.properties.extraArgs.items.pattern);
    const refused = own.filter((name) => !allowed.test(`--${name}=${SAMPLES[name] ?? 'x'}`));
    expect(refused.sort()).toEqual([...FLAGS_OF_VALUES].sort());
  });

  it('leaves the roles of people out where it is told to', async () => {
    const names = (await template({ userRoles: { install: false } })).map(keyOf);
    expect(names.filter((name) => name.startsWith('ClusterRole '))).toEqual([
      'ClusterRole /deepseek-operator',
      'ClusterRole /deepseek-operator-webhook',
    ]);
  });

  it.each<[string, Values, RegExp]>([
    ['a value that there is not', { replicaCount: 3 }, /additional properties 'replicaCount' not allowed/],
    ['no replica', { replicas: 0 }, /replicas': minimum: got 0, want 1/],
    ['text for a number', { replicas: 'two' }, /replicas': got string, want integer/],
    ['a log level that there is not', { logLevel: 'trace' }, /logLevel': value must be one of/],
    [
      'an address without its scheme',
      { prometheusUrl: 'prometheus:9090' },
      /prometheusUrl': 'prometheus:9090' does not match/,
    ],
    ...['http://me:secret@prometheus:9090', 'http://prometheus:9090/?token=secret'].map(
      (prometheusUrl): [string, Values, RegExp] => [
        `the address ${prometheusUrl}`,
        { prometheusUrl },
        /prometheusUrl': '.*' does not match/,
      ],
    ),
    ...['x:1', 'x y', 'x@sha256:1', 'X'].map((repository): [string, Values, RegExp] => [
      `the repository ${repository}`,
      { image: { repository } },
      /image\/repository': '.*' does not match/,
    ]),
    ['a tag that cannot be', { image: { tag: '-1' } }, /image\/tag': '-1' does not match/],
    ['a class that cannot be', { priorityClassName: 'High' }, /priorityClassName': 'High' does not match/],
    ['labels of two values', { monitoring: { labels: { a: 'x,y' } } }, /monitoring\/labels\/a': 'x,y' does not match/],
    ['a label of nodes that cannot be', { nodeSelector: { 'a b': 'x' } }, /invalid propertyName 'a b'/],
    ['a toleration of nothing', { tolerations: [{ value: 'x' }] }, /tolerations\/0': 'anyOf' failed/],
    [
      'an address of the hub that is none',
      { defaults: { huggingFaceEndpoint: 'hub' } },
      /'hub' does not match pattern/,
    ],
    [
      'a mirror with a scheme',
      { defaults: { registryMirrors: { 'docker.io': 'https://mirror' } } },
      /registryMirrors\/docker.io': 'https:\/\/mirror' does not match/,
    ],
    ...[{}, { key: 'a', operator: 'Exists', value: 'x' }, { key: 'a', tolerationSeconds: 5 }].map(
      (toleration: object): [string, Values, RegExp] => [
        `the default toleration ${JSON.stringify(toleration)}`,
        { defaults: { tolerations: [toleration] } },
        /defaults\/tolerations\/0': 'anyOf' failed/,
      ],
    ),
    ['a number of workers that is none', { extraArgs: ['--workers=many'] }, /extraArgs\/0': '--workers=many' does not/],
    [
      'two flags in one',
      { extraArgs: ['--lease-name=x --watch-namespaces=y'] },
      /extraArgs\/0': '--lease-name=x --watch-namespaces=y' does not match/,
    ],
    ['a default that there is not', { defaults: { hub: 'x' } }, /additional properties 'hub' not allowed/],
    ['a namespace twice', { watchNamespaces: ['bank', 'bank'] }, /watchNamespaces': items at 0 and 1 are equal/],
    [
      'a flag that a value sets',
      { extraArgs: ['--watch-namespaces=bank'] },
      /extraArgs\/0': '--watch-namespaces=bank' does not match/,
    ],
    ['a mount without a path', { extraVolumeMounts: [{ name: 'x' }] }, /missing property 'mountPath'/],
    ['a namespace that cannot be', { watchNamespaces: ['Bank'] }, /watchNamespaces\/0': 'Bank' does not match/],
  ])('refuses %s', async (_, values, message) => {
    await expect(template(values)).rejects.toThrow(message);
  });
});
