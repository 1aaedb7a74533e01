import { expect, it } from '@jest/globals';
import { LABEL } from '../../operator/api/index.ts';
import { rulesOf } from '../../operator/api/rights.ts';
import { clusterScoped, namespaced, resources } from '../../operator/kube/resources.ts';
import type { ResourceType } from '../../operator/kube/types.ts';
import { eventually, testCluster } from '../support/index.ts';
import { canaryStage, expectNoneLost, NAME } from './canary.ts';
import { PATIENCE } from './gateway.ts';

const cluster = testCluster('simulated');
const stage = canaryStage(cluster);

const RBAC = 'rbac.authorization.k8s.io';
const CLUSTER_ROLES = clusterScoped(RBAC, 'v1', 'ClusterRole', 'clusterroles');
const CLUSTER_ROLE_BINDINGS = clusterScoped(RBAC, 'v1', 'ClusterRoleBinding', 'clusterrolebindings');
const ROLES = namespaced(RBAC, 'v1', 'Role', 'roles');
const ROLE_BINDINGS = namespaced(RBAC, 'v1', 'RoleBinding', 'rolebindings');

/** The asking again for what may not be read, of the operator's own time. */
const ASK_MS = 31_000;

it('keeps a version that is taken back while HTTPRoutes may not be read, since the gateway still sends it everything', async () => {
  const { operator, spec, serve, clients, until, weights, split } = stage();
  const { namespace, client, signal } = operator;
  const group = `gateway-rights-${namespace}`;
  const apiVersion = `${RBAC}/v1`;
  const subjects = [{ apiGroup: RBAC, kind: 'Group', name: group }];
  const options = { fieldManager: 'test', force: true, signal };
  const bind = (type: ResourceType, kind: string, name: string, where = {}) =>
    client.apply(
      type,
      {
        ...{ apiVersion, kind: `${kind}Binding`, metadata: { name, ...where }, subjects },
        roleRef: { apiGroup: RBAC, kind, name },
      },
      options,
    );
  const isRoutes = ({ resources: of }: { readonly resources?: readonly string[] }) =>
    of?.includes('httproutes') === true;
  const rules = rulesOf('Models', 'Cluster', 'Own', 'System');
  const all = {
    apiVersion,
    kind: 'ClusterRole',
    metadata: { name: group },
    rules: rules.filter((one) => !isRoutes(one)),
  };
  const routes = { apiVersion, kind: 'Role', metadata: { name: group, namespace }, rules: rules.filter(isRoutes) };
  try {
    await operator.stopOperator();
    await client.apply(CLUSTER_ROLES, all, options);
    await bind(CLUSTER_ROLE_BINDINGS, 'ClusterRole', group);
    await client.apply(ROLES, routes, options);
    await bind(ROLE_BINDINGS, 'Role', group, { namespace });
    await operator.startOperator({ groups: [group] });

    const old = await serve(spec());
    await operator.edit(NAME, { spec: { model: { name: 'deepseek-r1-distill-qwen-7b' } } });
    await eventually(async () => expect((await weights())[old]).toBe(0), PATIENCE);
    await until('Idle');
    const bad = (await operator.status(NAME)).serving?.revision ?? '';

    const background = clients.load();
    await operator.stopOperator();
    await client.delete(ROLE_BINDINGS, { namespace, name: group }, { signal });
    await operator.startOperator({ groups: [group] });
    await operator.order(NAME, 'rollback', old);
    await eventually(async () => {
      const active = await client.get(resources.services, { namespace, name: NAME }, { signal });
      expect(active.spec?.selector?.[LABEL.revision]).toBe(old);
    }, PATIENCE);
    operator.advance(60_000);
    expect(await operator.condition(NAME, 'Ready', 'False', 'RouteUnknown')).toContain(bad);
    operator.advance(120_000);
    await operator.rest(2_000);
    expect(await weights()).toEqual({ [bad]: 100, [old]: 0 });
    expect((await split(100)).get(bad)).toBeGreaterThanOrEqual(100);

    await bind(ROLE_BINDINGS, 'Role', group, { namespace });
    await eventually(async () => {
      operator.advance(ASK_MS);
      expect((await weights())[old]).toBe(100);
    }, PATIENCE);
    await until('Held');
    await eventually(async () => expect((await split(40)).get(bad) ?? 0).toBe(0), PATIENCE);
    const sizes = (await operator.deployments(NAME)).map(({ metadata, spec: { replicas } = {} }) => [
      metadata.labels?.[LABEL.revision],
      replicas,
    ]);
    expect(sizes).toEqual([[old, 2]]);
    expectNoneLost(await background.stop(), 'rollback');
  } finally {
    const within = { signal: AbortSignal.timeout(10_000) };
    await client.delete(CLUSTER_ROLE_BINDINGS, { name: group }, within);
    await client.delete(CLUSTER_ROLES, { name: group }, within);
  }
}, 300_000);
