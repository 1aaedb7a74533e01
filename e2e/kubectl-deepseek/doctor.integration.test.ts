import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Api, openApi } from '../../hack/cluster/index.ts';
import { synthesize } from '../../cdk8s/install/install.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';
import { testPlugin, withCrd } from './plugin.ts';

// Of its own: an installation is of the whole cluster, and so is what doctor finds.
const cluster = testCluster('control-plane', {});
const namespace = testNamespace(cluster);
const plugin = testPlugin(cluster);
const signal = () => AbortSignal.timeout(30_000);

/** What `-o json` prints. */
interface Diagnosis {
  readonly problems: number;
  readonly findings: readonly { readonly level: string; readonly message: string }[];
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Where the kinds of an installation live. */
const PLURALS: Readonly<Record<string, string>> = {
  ServiceAccount: 'serviceaccounts',
  Deployment: 'deployments',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  ConfigMap: 'configmaps',
};

describe('kubectl deepseek doctor on a real API server', () => {
  let api: Api;
  /** Paths of what was made, the last first. */
  const made: string[] = [];
  withCrd(cluster);
  beforeAll(async () => void (api = await openApi(cluster(), 'doctor-test')));
  afterAll(async () => {
    for (const path of made) await api.delete(path, signal());
    await api.close();
  }, 60_000);

  const make = async (object: Manifest): Promise<string> => {
    const { apiVersion, kind, metadata } = object;
    const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
    const where = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
    const path = `${root}${where}/${PLURALS[kind] ?? ''}`;
    await api.post(path, object, signal());
    made.unshift(`${path}/${metadata.name}`);
    return `${path}/${metadata.name}`;
  };
  const doctor = async (...argv: string[]) => {
    const { status, stdout, stderr } = await plugin.run('doctor', '-o', 'json', ...argv);
    expect(stderr).toBe('');
    return { status, ...(JSON.parse(stdout) as Diagnosis) };
  };
  const messages = (of: Diagnosis, level: string) =>
    of.findings.filter((finding) => finding.level === level).map(({ message }) => message);

  it('follows an installation from nothing to whole, and tells what is taken from it', async () => {
    const bare = await doctor();
    expect(bare.status).toBe(1);
    expect(messages(bare, 'problem')).toEqual([
      'No Deployment of the operator is in the cluster: nothing acts on models.',
    ]);
    expect(messages(bare, 'ok')).toContainEqual(expect.stringMatching(/^The CRD has the \d+ fields of this plugin/));

    const operator = namespace();
    const objects = (
      synthesize({ namespace: operator, defaults: { runtimeClassName: 'nvidia' } }) as Manifest[]
    ).filter(({ kind, metadata }) => kind in PLURALS && (metadata.namespace ?? operator) === operator);
    const paths = new Map<string, string>();
    for (const object of objects) paths.set(`${object.kind}/${object.metadata.name}`, await make(object));
    const installed = await doctor();
    expect(messages(installed, 'problem')).toEqual([
      `${operator}/deepseek-operator: 0 of 2 replicas available: nothing acts on models.`,
      'No replica leads: nothing acts on models.',
      'The defaults name the RuntimeClass nvidia, which is not there.',
    ]);
    // The Role in kube-system was not made.
    expect(messages(installed, 'warning')).toContainEqual(
      expect.stringMatching(/deepseek-operator may not get configmaps\. /),
    );

    await api.mergePatch(
      `${paths.get('Deployment/deepseek-operator') ?? ''}/status`,
      { status: { replicas: 2, availableReplicas: 2, readyReplicas: 2 } },
      signal(),
    );
    const renewTime = new Date().toISOString().replace('Z', '000Z');
    await api.post(
      `/apis/coordination.k8s.io/v1/namespaces/${operator}/leases`,
      {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'deepseek-operator' },
        spec: { holderIdentity: 'operator-0_uid', leaseDurationSeconds: 15, renewTime },
      },
      signal(),
    );
    await api.mergePatch(
      paths.get('ConfigMap/deepseek-operator-defaults') ?? '',
      { data: { 'defaults.yaml': '{}' } },
      signal(),
    );
    const whole = await doctor();
    expect(messages(whole, 'problem')).toEqual([]);
    expect(whole.status).toBe(0);
    expect(messages(whole, 'ok')).toContainEqual(expect.stringMatching(/^operator-0 leads, its Lease renewed/));

    await api.delete(paths.get('ClusterRoleBinding/deepseek-operator') ?? '', signal());
    // The authorizer follows RBAC by a watch.
    await eventually(
      async () =>
        expect(messages(await doctor(), 'problem')).toContainEqual(
          expect.stringMatching(/may not list, watch deepseekdeployments/),
        ),
      { timeoutMs: 30_000 },
    );
  }, 300_000);

  it('tells somebody without rights what he cannot see, and fails for nothing else', async () => {
    const kubeconfig = await cluster().kubeconfig('nobody-in-particular', { groups: [] });
    const { stdout, stderr, status } = await plugin.run('doctor', '-o', 'json', '--kubeconfig', kubeconfig, '-n', 'ai');
    expect(stderr).toBe('');
    const found = JSON.parse(stdout) as Diagnosis;
    expect(messages(found, 'warning')).toEqual(
      expect.arrayContaining([
        'The CRD cannot be seen: you may not see it.',
        'The operator cannot be seen: you may not see it.',
        'Nodes cannot be seen: you may not list them.',
        expect.stringMatching(/^You may not get, list, watch, create, patch, delete deepseekdeployments/),
      ]),
    );
    expect([messages(found, 'problem'), status]).toEqual([[], 0]);
  }, 120_000);
});
