import { DEFAULTS_KEY, GROUP, LABEL, MANAGER, PLURAL } from '../../operator/api/index.ts';
import { RIGHTS, type RightScope } from '../../operator/api/rights.ts';
import { isForbidden, isNotFound, isUnauthorized, KubeError } from '../../operator/kube/errors.ts';
import { type Deployment, resources } from '../../operator/kube/resources.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/types.ts';
import { SERVING_PRIORITY_CLASS } from '../../operator/resources/priority-class.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../get/objects.ts';
import type { ClusterConnection } from '../support/cluster.ts';
import {
  DAEMON_SETS,
  type Facts,
  GATEWAY_CLASSES,
  type InstalledOperator,
  type Permission,
  REVIEWS,
  RUNTIME_CLASSES,
  SELF_REVIEWS,
  SELF_SUBJECTS,
  STORAGE_CLASSES,
  WEBHOOKS,
} from './facts.ts';
import type { Answer } from './finding.ts';

type Client = ClusterConnection['client'];

/** The APIs that are asked for what they serve. */
const APIS = [
  'metrics.k8s.io/v1beta1',
  'custom.metrics.k8s.io/v1beta2',
  'custom.metrics.k8s.io/v1beta1',
  'external.metrics.k8s.io/v1beta1',
  'monitoring.coreos.com/v1',
  'keda.sh/v1alpha1',
] as const;

/** Reviews that are under way at the same time. */
const AT_ONCE = 12;

export interface GatherOptions {
  readonly client: Client;
  readonly namespace: string;
  readonly now: number;
  readonly version: string;
}

/** Asks the cluster for all that the checks look at, at the same time. Throws where the cluster cannot be reached at all. */
export async function gather({ client, namespace, now, version }: GatherOptions, signal: AbortSignal): Promise<Facts> {
  const { gitVersion: server } = await client.serverVersion({ signal });
  const list = <T extends KubeObject>(type: ResourceType<T>, options: { labelSelector?: string } = {}) =>
    ask(client.list(type, { ...options, signal }).then(({ items }) => items));
  const crd = (name: string) => ask(client.get(resources.customResourceDefinitions, { name }, { signal }));
  const api = async (groupVersion: string) => {
    const [group = '', apiVersion = ''] = groupVersion.split('/');
    return [groupVersion, await ask(client.apiResources(group, apiVersion, { signal, retry: false }))] as const;
  };
  const [apis, lacks, operators, ...rest] = await Promise.all([
    Promise.all(APIS.map(api)),
    ask(lackingOf(client, SELF_REVIEWS, {}, userNeeds(namespace), signal)),
    operatorsOf(client, signal),
    crd(`${PLURAL}.${GROUP}`),
    list(resources.nodes),
    list(DAEMON_SETS),
    crd('httproutes.gateway.networking.k8s.io'),
    list(GATEWAY_CLASSES),
    list(STORAGE_CLASSES),
    list(RUNTIME_CLASSES),
    ask(client.get(resources.priorityClasses, { name: SERVING_PRIORITY_CLASS }, { signal })),
    list(WEBHOOKS),
    modelsOf(client, namespace, signal),
    ask(userOf(client, signal)),
  ]);
  const [definition, nodes, daemonSets, httpRoutes, gatewayClasses, ...more] = rest;
  const [storageClasses, runtimeClasses, priorityClass, webhooks, models, user] = more;
  return {
    ...{ now, version, server, namespace, user, lacks, operators, crd: definition, nodes, daemonSets, httpRoutes },
    ...{ gatewayClasses, storageClasses, runtimeClasses, priorityClass, webhooks, models, apis: new Map(apis) },
  };
}

async function ask<T>(work: Promise<T>): Promise<Answer<T>> {
  try {
    return { state: 'known', value: await work };
  } catch (error) {
    if (isNotFound(error)) return { state: 'missing' };
    if (isUnauthorized(error) || !(error instanceof KubeError)) throw error;
    return { state: 'unknown', why: isForbidden(error) ? 'you may not see it' : error.message };
  }
}

async function userOf(client: Client, signal: AbortSignal): Promise<string> {
  const { group, version, kind } = SELF_SUBJECTS;
  const { status } = await client.create(SELF_SUBJECTS, { apiVersion: `${group}/${version}`, kind }, { signal });
  return status?.userInfo?.username ?? 'NAME';
}

/** All models, or those of the namespace where the user may see no others. */
async function modelsOf(client: Client, namespace: string, signal: AbortSignal): Promise<Facts['models']> {
  const all = await ask(client.list(DEEPSEEK_DEPLOYMENTS, { signal }).then(({ items }) => items));
  if (all.state !== 'unknown') return all;
  return ask(client.list(DEEPSEEK_DEPLOYMENTS, { namespace, signal }).then(({ items }) => items));
}

async function operatorsOf(client: Client, signal: AbortSignal): Promise<Facts['operators']> {
  const labelSelector = `${LABEL.appName}=${MANAGER}`;
  const found = await ask(client.list(resources.deployments, { labelSelector, signal }).then(({ items }) => items));
  if (found.state !== 'known') return found;
  return { state: 'known', value: await Promise.all(found.value.map((one) => installed(client, one, signal))) };
}

async function installed(client: Client, deployment: Deployment, signal: AbortSignal): Promise<InstalledOperator> {
  const namespace = deployment.metadata.namespace ?? '';
  const {
    containers = [],
    serviceAccountName: serviceAccount = 'default',
    volumes,
  } = deployment.spec?.template.spec ?? {};
  const flags = flagsOf(containers[0] ?? {});
  const lease = {
    namespace: flags.get('leader-election-namespace') ?? namespace,
    name: flags.get('lease-name') ?? MANAGER,
  };
  const file = flags.get('defaults-file')?.endsWith(`/${DEFAULTS_KEY}`) === true;
  const configMap = file ? volumes?.find(({ configMap: source }) => source !== undefined)?.configMap?.name : undefined;
  const user = `system:serviceaccount:${namespace}:${serviceAccount}`;
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  const [held, defaults, lacks, prometheus] = await Promise.all([
    ask(client.get(resources.leases, lease, { signal })),
    configMap === undefined
      ? ({ state: 'missing' } as const)
      : ask(client.get(resources.configMaps, { namespace, name: configMap }, { signal })),
    ask(lackingOf(client, REVIEWS, { user, groups }, operatorNeeds(namespace, flags), signal)),
    prometheusOf(client, flags.get('prometheus-url'), signal),
  ]);
  return {
    ...{ deployment, namespace, serviceAccount, flags, image: containers[0]?.image ?? '' },
    ...{ lease: held, defaults, lacks, prometheus },
  };
}

/** `--name=value`, `--name value` and variables, as the operator reads them: a flag wins. */
function flagsOf({
  args = [],
  env = [],
}: {
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}): Map<string, string> {
  const flags = new Map<string, string>();
  for (const { name, value } of env) {
    const [, flag] = /^DEEPSEEK_OPERATOR_([A-Z_]+)$/.exec(name) ?? [];
    if (flag !== undefined && value !== undefined) flags.set(flag.toLowerCase().replaceAll('_', '-'), value);
  }
  for (const [index, argument] of args.entries()) {
    const [, name, value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(argument) ?? [];
    const next = args[index + 1];
    if (name !== undefined) flags.set(name, value ?? (next?.startsWith('--') === false ? next : 'true'));
  }
  return flags;
}

/** Asks a Prometheus that is a Service of the cluster whether it is ready, through the API server. */
async function prometheusOf(client: Client, url: string | undefined, signal: AbortSignal): Promise<Answer<string>> {
  if (url === undefined || !URL.canParse(url)) return { state: 'missing' };
  const { hostname, port, protocol, pathname } = new URL(url);
  const [name = '', namespace] = hostname.split('.');
  if (namespace === undefined) return { state: 'unknown', why: `${hostname} is no Service of a namespace` };
  const scheme = protocol.slice(0, -1);
  const target = `${scheme}:${name}:${port === '' ? (scheme === 'https' ? '443' : '80') : port}`;
  const path = `/api/v1/namespaces/${namespace}/services/${target}/proxy${pathname.replace(/\/$/, '')}/-/ready`;
  return ask(client.text(path, { signal }));
}

/** What the user needs for the plugin's commands. */
function userNeeds(namespace: string): Permission[] {
  const on = (group: string, resource: string, without: string, ...verbs: string[]) =>
    verbs.map((verb) => ({ verb, group, resource, namespace, without }));
  return [
    ...on(GROUP, PLURAL, '`get`, `status` and all else', 'get', 'list', 'watch'),
    ...on(GROUP, PLURAL, 'changes of models, and orders', 'create', 'patch', 'delete'),
    ...on('apps', 'controllerrevisions', '`history` and `rollback` to a revision by name', 'list'),
    ...on('', 'pods', 'pods in `get`', 'list', 'watch'),
    ...on('', 'pods/log', 'logs in `bundle`', 'get'),
  ];
}

/** What the operator needs (operator/api/rights.ts), where it works and with what it is told to do. */
function operatorNeeds(own: string, flags: ReadonlyMap<string, string>): Permission[] {
  const watched = flags.get('watch-namespaces')?.split(',') ?? [];
  const isWide = watched.length === 0;
  const makesCertificates = (flags.get('webhook-bind-address') ?? '') !== '' && !flags.has('webhook-cert-dir');
  // Roles in single namespaces cannot grant what the whole cluster is asked for.
  const places: Readonly<Record<RightScope, readonly (string | undefined)[]>> = {
    Models: isWide ? [undefined] : watched,
    Cluster: isWide ? [undefined] : [],
    System: isWide ? ['kube-system'] : [],
    Own: [own],
    Webhook: makesCertificates ? [own] : [],
    WebhookCluster: makesCertificates && isWide ? [undefined] : [],
  };
  return RIGHTS.flatMap(({ group, resources: kinds, verbs, names, scope, without }): Permission[] => {
    const where = places[scope];
    return where.flatMap((namespace) =>
      kinds.flatMap((resource) =>
        verbs.map((verb) => ({
          ...{ verb, group, resource },
          ...(namespace !== undefined && { namespace }),
          ...(names?.[0] !== undefined && { name: names[0] }),
          ...(without !== undefined && { without }),
        })),
      ),
    );
  });
}

/** Those of `needs` that the API server says no to. */
async function lackingOf(
  client: Client,
  type: typeof SELF_REVIEWS,
  subject: object,
  needs: readonly Permission[],
  signal: AbortSignal,
): Promise<Permission[]> {
  const lacking = new Set<Permission>();
  const waiting = [...needs];
  const work = async (): Promise<void> => {
    for (let need = waiting.shift(); need !== undefined; need = waiting.shift()) {
      const [resource, subresource] = need.resource.split('/');
      const { verb, group, namespace, name } = need;
      const resourceAttributes = { verb, group, resource, subresource, namespace, name };
      const review = {
        apiVersion: `${type.group}/${type.version}`,
        kind: type.kind,
        spec: { ...subject, resourceAttributes },
      };
      const { status } = await client.create(type, review, { signal });
      if (status?.allowed !== true) lacking.add(need);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return needs.filter((need) => lacking.has(need));
}
