import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, LABEL, MANAGER } from '../../operator/api/index.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { clusterScoped, namespaced, resources } from '../../operator/kube/resources.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../operator/kube/types.ts';
import { testCluster } from '../support/index.ts';
import { MODEL, refusal, testAttacker, testHost } from './attacker.ts';

const cluster = testCluster('simulated');
const host = testHost(cluster);
const attack = testAttacker(cluster);

const RBAC = 'rbac.authorization.k8s.io';
const ROLE_BINDINGS = namespaced(RBAC, 'v1', 'RoleBinding', 'rolebindings');
const CLUSTER_ROLE_BINDINGS = clusterScoped(RBAC, 'v1', 'ClusterRoleBinding', 'clusterrolebindings');
const WEBHOOKS = clusterScoped(
  'admissionregistration.k8s.io',
  'v1',
  'ValidatingWebhookConfiguration',
  'validatingwebhookconfigurations',
);
const TOKENS = namespaced('', 'v1', 'TokenRequest', 'serviceaccounts/deepseek-operator/token');

/** Who asks, in its own namespace or in that of others. */
interface Ask {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly signal: AbortSignal;
}
type Attempt = (ask: Ask) => Promise<unknown>;

const objectOf = (type: ResourceType, namespace: string, more: object = {}): object => {
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  const labels = { [LABEL.managedBy]: MANAGER, [LABEL.name]: 'chat' };
  return { apiVersion, kind: type.kind, metadata: { name: 'chat', namespace, labels }, ...more };
};
const creates =
  (type: ResourceType, more?: object): Attempt =>
  ({ client, namespace, signal }) =>
    client.create(type, objectOf(type, namespace, more), { signal });
const lists =
  (type: ResourceType): Attempt =>
  ({ client, namespace, signal }) =>
    client.list<KubeObject>(type, { namespace, signal });
const reads =
  (type: ResourceType, name: string): Attempt =>
  ({ client, namespace, signal }) =>
    client.get<KubeObject>(type, { ...(type.namespaced && { namespace }), name }, { signal });
const patches =
  (type: ResourceType, name: string, patch: object, subresource?: 'status'): Attempt =>
  ({ client, namespace, signal }) =>
    client.patch<KubeObject>(type, { ...(type.namespaced && { namespace }), name }, patch, {
      ...{ type: 'merge', signal },
      ...(subresource && { subresource }),
    });

/** Of one that may own a model and nothing else: the operator has these rights, and gives none of them on. */
const IN_ITS_OWN: readonly (readonly [string, Attempt])[] = [
  ['read a Secret', reads(resources.secrets, 'keys')],
  ['list Secrets', lists(resources.secrets)],
  ['run a pod of its own', creates(resources.pods, { spec: { containers: [{ name: 'a', image: 'b' }] } })],
  ['pose as a pod of a model', creates(resources.pods, { spec: { containers: [] } })],
  ['pose as a Deployment of a model', creates(resources.deployments, { spec: {} })],
  ['pose as a Service of a model', creates(resources.services, { spec: {} })],
  ['pose as a revision of a model', creates(resources.controllerRevisions, { revision: 1 })],
  ['pose as an endpoint of a model', creates(resources.endpointSlices, { addressType: 'IPv4', endpoints: [] })],
  ['point the Service elsewhere', patches(resources.services, 'chat', { spec: { selector: { app: 'mine' } } })],
  ['change a pod template', patches(resources.deployments, 'chat-1', { spec: { paused: true } })],
  ['forge a verdict on a revision', patches(resources.controllerRevisions, 'chat-1', { metadata: {} })],
  ['open a NetworkPolicy', patches(resources.networkPolicies, 'chat', { spec: {} })],
  ['see what the others of the namespace run', lists(resources.pods)],
  ['flood with Events', creates(resources.events, {})],
  ['take a token of a ServiceAccount', creates(TOKENS, {})],
  ['give itself more rights', creates(ROLE_BINDINGS, { roleRef: {}, subjects: [] })],
  ['forge a status', patches(DEEPSEEK_DEPLOYMENTS, 'chat', { status: { serving: { revision: 'forged' } } }, 'status')],
];

const IN_OTHERS: readonly (readonly [string, Attempt])[] = [
  ...IN_ITS_OWN,
  ['create a model', creates(DEEPSEEK_DEPLOYMENTS, { spec: {} })],
  ['see a model', lists(DEEPSEEK_DEPLOYMENTS)],
  [
    'give an order',
    patches(DEEPSEEK_DEPLOYMENTS, 'chat', { metadata: { annotations: { [ANNOTATION.order]: 'abort/a/b/c' } } }),
  ],
  ['change a model', patches(DEEPSEEK_DEPLOYMENTS, 'chat', { spec: { replicas: 0 } })],
  [
    'delete a model',
    ({ client, namespace, signal }) => client.delete(DEEPSEEK_DEPLOYMENTS, { namespace, name: 'chat' }, { signal }),
  ],
  ['take the lease of the operator', patches(resources.leases, 'deepseek-operator', { spec: {} })],
];

const IN_THE_CLUSTER: readonly (readonly [string, Attempt])[] = [
  ['see nodes', ({ client, signal }) => client.list<KubeObject>(resources.nodes, { signal })],
  ['label a node', patches(resources.nodes, 'any', { metadata: { labels: {} } })],
  ['see the models of all', ({ client, signal }) => client.list<KubeObject>(DEEPSEEK_DEPLOYMENTS, { signal })],
  ['see the Secrets of all', ({ client, signal }) => client.list<KubeObject>(resources.secrets, { signal })],
  ['make a priority of its own', creates(resources.priorityClasses, { value: 1 })],
  ['bind a role of the cluster', creates(CLUSTER_ROLE_BINDINGS, { roleRef: {}, subjects: [] })],
  ['take the webhook away', patches(WEBHOOKS, 'deepseek-operator', { webhooks: [] })],
  ['change the CRD', patches(resources.customResourceDefinitions, 'deepseekdeployments.deepseek-operator.io', {})],
];

/** What the API server says before it looks at what was sent. */
const FORBIDDEN = /forbidden: User "mallory-[^"]+" cannot/;

describe('who may own models in one namespace may not', () => {
  it.each(IN_ITS_OWN)('%s there', async (_, attempt) => {
    const { signal } = host();
    const { client, namespace } = await attack(host());
    expect(await refusal(attempt({ client, namespace, signal }))).toMatch(FORBIDDEN);
  });

  it.each(IN_OTHERS)('%s in another one', async (_, attempt) => {
    const { signal } = host();
    const { client } = await attack(host());
    expect(await refusal(attempt({ client, namespace: 'kube-system', signal }))).toMatch(FORBIDDEN);
  });

  it.each(IN_THE_CLUSTER)('%s', async (_, attempt) => {
    const { namespace, signal } = host();
    const { client } = await attack(host());
    expect(await refusal(attempt({ client, namespace, signal }))).toMatch(FORBIDDEN);
  });
});

it('may own models there: what is refused is not refused because nobody knows it', async () => {
  const { signal } = host();
  const { client, namespace, create } = await attack(host());
  await create('chat');
  await client.patch(
    DEEPSEEK_DEPLOYMENTS,
    { namespace, name: 'chat' },
    { spec: { replicas: 0 } },
    {
      ...{ type: 'merge', signal },
    },
  );
  expect((await client.list(DEEPSEEK_DEPLOYMENTS, { namespace, signal })).items).toHaveLength(1);
});

it('a status that is brought along at the creation is nobody’s', async () => {
  const { signal } = host();
  const { client, namespace } = await attack(host());
  const status = { serving: { revision: 'forged' }, conditions: [] };
  const model = { ...objectOf(DEEPSEEK_DEPLOYMENTS, namespace, { spec: MODEL }), status };
  await client.create(DEEPSEEK_DEPLOYMENTS, model, { signal });
  const stored = await client.get(DEEPSEEK_DEPLOYMENTS, { namespace, name: 'chat' }, { signal });
  expect(JSON.stringify(stored.status ?? {})).not.toContain('forged');
});
