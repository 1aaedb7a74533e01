import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { MANAGER } from '../../operator/api/names.ts';
import { type PolicyRule, type RightScope, rulesOf, WEBHOOK_NAME } from '../../operator/api/rights.ts';
import { metadata } from './names.ts';
import type { InstallOptions } from './options.ts';
import { USER_ROLES } from './user-roles.ts';
import { hasWebhook } from './webhook.ts';

const API_GROUP = 'rbac.authorization.k8s.io';

/** The rights of the operator (operator/api/rights.ts), as wide as what it watches. */
export function operatorRoles(scope: Construct, options: InstallOptions): void {
  const { namespace, watchNamespaces } = options;
  const subjects = [{ kind: 'ServiceAccount', name: MANAGER, namespace }];
  const clusterRole = (name: string, ...scopes: readonly RightScope[]): void => {
    new k8s.KubeClusterRole(scope, `ClusterRole-${name}`, {
      metadata: metadata(name),
      rules: mutable(rulesOf(...scopes)),
    });
    new k8s.KubeClusterRoleBinding(scope, `ClusterRoleBinding-${name}`, {
      ...{ metadata: metadata(name), subjects },
      roleRef: { apiGroup: API_GROUP, kind: 'ClusterRole', name },
    });
  };
  const role = (name: string, where: string, ...scopes: readonly RightScope[]): void => {
    new k8s.KubeRole(scope, `Role-${where}-${name}`, {
      metadata: metadata(name, where),
      rules: mutable(rulesOf(...scopes)),
    });
    new k8s.KubeRoleBinding(scope, `RoleBinding-${where}-${name}`, {
      ...{ metadata: metadata(name, where), subjects },
      roleRef: { apiGroup: API_GROUP, kind: 'Role', name },
    });
  };
  if (watchNamespaces.length === 0) clusterRole(MANAGER, 'Models', 'Cluster');
  for (const where of watchNamespaces) role(MANAGER, where, 'Models');
  role(`${MANAGER}-leader`, namespace, 'Own');
  if (watchNamespaces.length === 0) role(`${MANAGER}-capacity`, 'kube-system', 'System');
  // Who brings certificates brings caBundle, too: the operator writes neither then.
  if (hasWebhook(options) && options.webhookCertSecret === '') {
    clusterRole(WEBHOOK_NAME, 'WebhookCluster');
    role(WEBHOOK_NAME, namespace, 'Webhook');
  }
}

/** For people: models are seen, edited and owned by whoever may do so with Kubernetes' own objects, whichever operators there are. */
export function userRoles(scope: Construct): void {
  for (const { name, aggregateTo, rules } of USER_ROLES) {
    const { labels, ...rest } = metadata(`${MANAGER}-${name}`);
    new k8s.KubeClusterRole(scope, `ClusterRole-${name}`, {
      metadata: { ...rest, labels: { ...labels, [`${API_GROUP}/aggregate-to-${aggregateTo}`]: 'true' } },
      rules: mutable(rules),
    });
  }
}

/** cdk8s wants arrays that it could write to. */
function mutable(rules: readonly PolicyRule[]): k8s.PolicyRule[] {
  return rules.map(({ apiGroups, resources, resourceNames, verbs }) => ({
    ...{ apiGroups: [...apiGroups], resources: [...resources], verbs: [...verbs] },
    ...(resourceNames && { resourceNames: [...resourceNames] }),
  }));
}
