import { afterEach, beforeAll, beforeEach } from '@jest/globals';
import { synthesizeDefinitions } from '../../cdk8s/install/install.ts';
import type { Cluster } from '../../hack/cluster/index.ts';
import { API_VERSION, KIND } from '../../operator/api/index.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import type { LiveDeepSeekDeployment } from '../../operator/controller/snapshot.ts';
import { collectionPath } from '../../operator/kube/paths.ts';
import { clusterScoped, namespaced } from '../../operator/kube/resources.ts';
import type { KubeClient, KubeObject } from '../../operator/kube/types.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import { Transport } from '../../operator/kube/transport.ts';
import { type Connection, connect, installCrd } from '../reconcile/install.ts';
import { eventually, testNamespace } from '../support/index.ts';

/** Only a failing test uses it up. */
const PATIENCE = { timeoutMs: 30_000, intervalMs: 50 };
const RBAC = 'rbac.authorization.k8s.io';
const CLUSTER_ROLES = clusterScoped<KubeObject & { readonly rules: readonly object[] }>(
  RBAC,
  'v1',
  'ClusterRole',
  'clusterroles',
);
const ROLE_BINDINGS = namespaced(RBAC, 'v1', 'RoleBinding', 'rolebindings');

/** Somebody who may create DeepSeekDeployments in one namespace, and wants more. */
export interface Attacker {
  /** Of the only namespace with rights. */
  readonly namespace: string;
  /** The shipped role `editor`, bound in that namespace, is all that it may do. */
  readonly client: KubeClient;
  /** Creates a model that works, with these parts of a spec in place of others. */
  readonly create: (name: string, spec?: object, metadata?: object) => Promise<LiveDeepSeekDeployment>;
  /** The same without strict validation: the API server takes fields away that it does not know, and says nothing. */
  readonly smuggle: (name: string, spec: object) => Promise<void>;
}

/** What a model needs that works, on one GPU. */
export const MODEL = { model: { name: 'deepseek-r1-distill-qwen-1.5b' }, accelerator: { type: 'A100-80GB' } };

/** Gives each test an attacker in its namespace; the rights go with the test. */
export function testAttacker(cluster: () => Cluster): (host: Host) => Promise<Attacker> {
  const undoings: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const undo of undoings.splice(0).reverse()) await undo();
  }, 30_000);
  return async ({ client: admin, namespace, signal }) => {
    const user = `mallory-${namespace}`;
    const options = { fieldManager: 'platform', force: true, signal };
    const metadata = { name: user };
    await admin.apply(CLUSTER_ROLES, { ...shippedEditor(), metadata }, options);
    const roleRef = { apiGroup: RBAC, kind: 'ClusterRole', name: user };
    const subjects = [{ apiGroup: RBAC, kind: 'User', name: user }];
    const binding = { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: { name: user, namespace } };
    await admin.apply(ROLE_BINDINGS, { ...binding, roleRef, subjects }, options);
    undoings.push(() => admin.delete(CLUSTER_ROLES, metadata, { signal: AbortSignal.timeout(20_000) }));
    const kubeconfig = await cluster().kubeconfig(user, { groups: [] });
    const credentials = await loadCredentials({ clock: systemClock, kubeconfig });
    const transport = new Transport({ credentials, clock: systemClock, userAgent: user });
    undoings.push(() => transport.close());
    const client = new KubeHttpClient(transport);
    const model = (name: string, spec: object, more: object = {}) => ({
      ...{ apiVersion: API_VERSION, kind: KIND, metadata: { ...more, name, namespace } },
      spec: { ...MODEL, replicas: 1, ...spec },
    });
    // The API server learns of new rights a moment later.
    await eventually(() => client.list(DEEPSEEK_DEPLOYMENTS, { namespace, signal }), PATIENCE);
    return {
      namespace,
      client,
      create: (name, spec = {}, more = {}) => client.create(DEEPSEEK_DEPLOYMENTS, model(name, spec, more), { signal }),
      smuggle: async (name, spec) => {
        const path = `${collectionPath(DEEPSEEK_DEPLOYMENTS, namespace)}?fieldValidation=Ignore`;
        await transport.call({ method: 'POST', verb: 'create', path, body: model(name, spec), retry: false, signal });
      },
    };
  };
}

/** Where the attacker is let in, and who lets it. */
export interface Host {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/** A host for each test without an operator: for what the API server refuses by itself. */
export function testHost(cluster: () => Cluster): () => Host {
  const namespace = testNamespace(cluster);
  let connection: Connection | undefined;
  beforeAll(() => installCrd(cluster()), 60_000);
  beforeEach(async () => {
    connection = await connect(cluster(), `platform-${namespace()}`);
  });
  afterEach(() => connection?.close());
  return () => {
    if (connection === undefined) throw new Error('The host exists only while a test runs.');
    return { client: connection.client, namespace: namespace(), signal: AbortSignal.timeout(30_000) };
  };
}

/** The role for editors, as the installation brings it. */
function shippedEditor() {
  const role = (synthesizeDefinitions() as (KubeObject & { readonly rules: readonly object[] })[]).find(
    ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name.endsWith('-editor'),
  );
  if (role === undefined) throw new Error('the installation has no role for editors');
  const { apiVersion, kind, rules } = role;
  return { apiVersion, kind, rules };
}

/** The words with which an attempt is refused; throws when it is not. */
export async function refusal(attempt: Promise<unknown>): Promise<string> {
  const refused: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(refused instanceof Error)) throw new Error('the attempt was not refused');
  return refused.message;
}
