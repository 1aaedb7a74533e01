import { describe, expect, it } from '@jest/globals';
import { synthesize, synthesizeDefinitions } from './install.ts';
import type { InstallOptions } from './options.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly rules?: readonly Rule[];
  readonly spec?: object;
  readonly webhooks?: readonly object[];
}

const made = (options: Partial<InstallOptions> = {}) => synthesize(options) as Manifest[];
const ofKind = (kind: string, options: Partial<InstallOptions> = {}) =>
  made(options).filter((object) => object.kind === kind);
const named = (objects: readonly Manifest[]) =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`).sort();
const CLUSTER_WIDE = ['ClusterRole', 'ClusterRoleBinding', 'ValidatingWebhookConfiguration'];

describe('the operator, as it is installed', () => {
  it('is two pods that may do nothing to their node, know when they are well, and have a memory limit for the heap', () => {
    const [deployment, ...others] = ofKind('Deployment');
    expect(others).toEqual([]);
    const probe = (path: string) => expect.objectContaining({ httpGet: { path, port: 'metrics' } });
    expect(deployment?.spec).toMatchObject({
      replicas: 2,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        spec: {
          securityContext: {
            ...{ runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532 },
            seccompProfile: { type: 'RuntimeDefault' },
          },
          priorityClassName: 'system-cluster-critical',
          topologySpreadConstraints: [expect.objectContaining({ topologyKey: 'kubernetes.io/hostname', maxSkew: 1 })],
          containers: [
            {
              name: 'operator',
              securityContext: {
                ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
                capabilities: { drop: ['ALL'] },
              },
              startupProbe: probe('/healthz'),
              livenessProbe: probe('/healthz'),
              readinessProbe: probe('/readyz'),
              resources: { requests: { cpu: '100m', memory: '192Mi' }, limits: { memory: '512Mi' } },
            },
          ],
        },
      },
    });
    // One leads: by default, unless a flag says otherwise.
    expect(JSON.stringify(deployment)).not.toContain('leader-elect');
    expect(JSON.stringify(deployment)).not.toMatch(/host(Network|PID|IPC|Path)|privileged/);
  });

  it('keeps one of its pods while nodes are drained', () => {
    expect(ofKind('PodDisruptionBudget').map(({ spec }) => spec)).toEqual([
      { maxUnavailable: 1, selector: { matchLabels: { 'app.kubernetes.io/name': 'deepseek-operator' } } },
    ]);
  });

  it('has a namespace in which Pod Security is enforced', () => {
    const [namespace] = (synthesizeDefinitions() as Manifest[]).filter(({ kind }) => kind === 'Namespace');
    expect(namespace?.metadata).toMatchObject({
      name: 'deepseek-system',
      labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
    });
  });

  it('is asked about specs alone, for two seconds, and is in nobody’s way; whom to trust is in no manifest', () => {
    const [configuration] = ofKind('ValidatingWebhookConfiguration');
    expect(configuration?.webhooks).toEqual([
      expect.objectContaining({
        ...{ failurePolicy: 'Ignore', timeoutSeconds: 2, sideEffects: 'None' },
        rules: [
          {
            ...{ apiGroups: ['deepseek-operator.io'], apiVersions: ['v1alpha1'], scope: 'Namespaced' },
            ...{ operations: ['CREATE', 'UPDATE'], resources: ['deepseekdeployments'] },
          },
        ],
      }),
    ]);
    expect(JSON.stringify(made())).not.toContain('caBundle');
  });
});

describe('the rights that are installed', () => {
  const rulesOf = (objects: readonly Manifest[]) => objects.flatMap(({ rules = [] }) => rules);
  const operators = () => made().filter(({ kind }) => kind.endsWith('Role'));

  it('have no wildcard, nothing that widens them, and no list of Secrets', () => {
    const rules = rulesOf(operators());
    expect(rules.length).toBeGreaterThan(10);
    expect(rules.flatMap(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs])).not.toContain(
      '*',
    );
    const verbs = new Set(rules.flatMap((rule) => rule.verbs));
    for (const verb of ['escalate', 'bind', 'impersonate', 'deletecollection']) expect(verbs).not.toContain(verb);
    const resources = rules.flatMap((rule) => rule.resources);
    for (const resource of ['pods/exec', 'roles', 'clusterroles', 'serviceaccounts/token'])
      expect(resources).not.toContain(resource);
    const secrets = rules.filter((rule) => rule.resources.includes('secrets'));
    expect(secrets.map(({ verbs: of, resourceNames = [] }) => [...of, ...resourceNames].join(' ')).sort()).toEqual([
      'create',
      'get',
      'get update deepseek-operator-webhook',
    ]);
  });

  it('are Roles alone for an operator of some namespaces, in these and in its own', () => {
    const objects = made({ namespace: 'ops', watchNamespaces: ['bank', 'shop'] });
    expect(objects.filter(({ kind }) => CLUSTER_WIDE.includes(kind))).toEqual([]);
    expect(objects.filter(({ metadata }) => metadata.namespace === undefined)).toEqual([]);
    expect(named(objects.filter(({ kind }) => kind === 'Role'))).toEqual([
      'Role bank/deepseek-operator',
      'Role ops/deepseek-operator-leader',
      'Role shop/deepseek-operator',
    ]);
  });

  it('of people come with the CRD, whichever operators there are', () => {
    const of = (objects: readonly Manifest[]) =>
      objects.flatMap(({ metadata }) =>
        Object.keys(metadata.labels).flatMap((label) => /\/aggregate-to-(.*)$/.exec(label)?.[1] ?? []),
      );
    const definitions = (synthesizeDefinitions() as Manifest[]).filter(({ kind }) => kind === 'ClusterRole');
    expect(of(definitions)).toEqual(['view', 'edit', 'admin']);
    expect(of([...made(), ...made({ watchNamespaces: ['bank'] })])).toEqual([]);
  });

  it('have nothing about certificates where somebody else brings them, or where there is no webhook', () => {
    const webhooks = (options: Partial<InstallOptions>) =>
      named(made(options)).filter((name) => /Role.*webhook/.test(name));
    expect(webhooks({})).toHaveLength(4);
    expect(webhooks({ webhookCertSecret: 'tls' })).toEqual([]);
    expect(webhooks({ webhook: false })).toEqual([]);
  });
});
