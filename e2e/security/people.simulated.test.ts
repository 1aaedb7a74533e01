import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { synthesizeDefinitions } from '../../cdk8s/install/install.ts';
import { eventually, kubectl, testCluster, testNamespace } from '../support/index.ts';

const cluster = testCluster('simulated');
const namespace = testNamespace(cluster);
const PATIENCE = { timeoutMs: 60_000 } as const;
/** Kubernetes' own roles, and what whoever has one may do with models. */
const RIGHTS: Readonly<Record<string, readonly string[]>> = {
  view: ['get', 'list', 'watch', 'get status'],
  edit: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'get status', 'patch scale'],
  admin: [
    ...['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'get status', 'patch scale'],
    'patch status',
  ],
};
const ASKED = [...new Set(Object.values(RIGHTS).flat())];

interface ClusterRole {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

const roles = (synthesizeDefinitions() as ClusterRole[]).filter(({ kind }) => kind === 'ClusterRole');
const admin = (args: readonly string[], input = '') => kubectl(cluster(), 'platform-engineer', args, { input });

beforeAll(async () => {
  await admin(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: roles }));
}, 60_000);
afterAll(async () => {
  await admin(['delete', 'clusterrole', ...roles.map(({ metadata }) => metadata.name)]);
}, 60_000);

/** What somebody may do with models in the namespace, as the API server answers. */
async function rightsOf(user: string): Promise<readonly string[]> {
  const items = ASKED.map((asked) => {
    const [verb, subresource] = asked.split(' ');
    const model = { group: 'deepseek-operator.io', resource: 'deepseekdeployments', namespace: namespace() };
    const resourceAttributes = { ...model, verb, ...(subresource !== undefined && { subresource }) };
    return { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { user, resourceAttributes } };
  });
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const answers = (await admin(['create', '-o', 'jsonpath={.status.allowed}{" "}', '-f', '-'], list)).trim().split(' ');
  return ASKED.filter((_, index) => answers[index] === 'true');
}

it.each(Object.entries(RIGHTS))(
  'whoever has the role %s in a namespace may do with models what it says, and no more',
  async (role, rights) => {
    await admin(['create', 'rolebinding', role, `--clusterrole=${role}`, `--user=a-${role}`, '-n', namespace()]);
    // The roles are put together by a controller.
    await eventually(
      async () => expect([...(await rightsOf(`a-${role}`))].sort()).toEqual([...rights].sort()),
      PATIENCE,
    );
  },
  90_000,
);

it('whoever has none may do nothing', async () => {
  expect(await rightsOf('a-stranger')).toEqual([]);
});
