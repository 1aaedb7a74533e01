import { ANNOTATION, type DeepSeekDeploymentStatus, KIND } from '../../operator/api/index.ts';
import { HTTP_ROUTES } from '../../operator/controller/gateway.ts';
import { SCALED_OBJECTS } from '../../operator/controller/keda.ts';
import { MONITORING_TYPES } from '../../operator/controller/monitoring-kinds.ts';
import { isNotFound } from '../../operator/kube/errors.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../operator/kube/types.ts';

/** Every kind that the operator writes. */
export const WRITTEN_TYPES: readonly ResourceType[] = [
  resources.deployments,
  resources.services,
  resources.podDisruptionBudgets,
  resources.controllerRevisions,
  resources.horizontalPodAutoscalers,
  resources.networkPolicies,
  resources.serviceAccounts,
  HTTP_ROUTES,
  SCALED_OBJECTS,
  ...Object.values(MONITORING_TYPES),
];

/** Objects of a kind in a namespace; none, where the cluster does not have the kind. */
export async function listIfServed<T extends KubeObject>(
  client: Pick<KubeClient, 'list'>,
  type: ResourceType<T>,
  options: { readonly namespace: string; readonly signal: AbortSignal },
): Promise<readonly T[]> {
  try {
    return (await client.list(type, options)).items;
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** What the API server and time write into an object. */
const OF_METADATA = [
  ...['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields', 'selfLink', 'namespace'],
];
/** Addresses that the API server chooses. */
const CHOSEN = ['clusterIP', 'clusterIPs', 'nodePort', 'healthCheckNodePort'];
/** Annotations whose values are times, or count edits: that they are there is what matters. */
const TIMES: readonly string[] = [
  ...[ANNOTATION.switchedAt, ANNOTATION.generation, ANNOTATION.proven, ANNOTATION.accepted],
];
/** Annotations that begin with a reason. */
const REASONS: readonly string[] = [ANNOTATION.failed, ANNOTATION.held];

/** An object without what differs between two runs that end alike: names of the API server, times, counts of writes, and its status. */
export function comparable({ metadata, ...object }: KubeObject): object {
  const { status: _, apiVersion: __, kind: ___, ...rest } = object as Record<string, unknown>;
  const { annotations = {}, ownerReferences = [], ...more } = metadata;
  return {
    ...(without(rest, CHOSEN) as object),
    metadata: {
      ...(without(more, OF_METADATA) as object),
      annotations: Object.fromEntries(Object.entries(annotations).map(([name, value]) => [name, settled(name, value)])),
      ownerReferences: ownerReferences.map((owner) => without(owner, ['uid'])),
    },
  };
}

function settled(name: string, value: string): string {
  if (TIMES.includes(name)) return 'set';
  return REASONS.includes(name) ? (value.split(': ')[0] ?? '') : value;
}

/** A value without members of these names, at any depth. */
function without(value: unknown, names: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((member) => without(member, names));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !names.includes(name));
  return Object.fromEntries(kept.map(([name, member]) => [name, without(member, names)]));
}

/** Everything that a DeepSeekDeployment has in its namespace, whole but for what differs by nature: by kind and name. */
export async function ownedObjects(
  client: Pick<KubeClient, 'list'>,
  options: { readonly namespace: string; readonly signal: AbortSignal },
): Promise<Record<string, object>> {
  const all = await Promise.all(
    WRITTEN_TYPES.map(async (type) =>
      (await listIfServed(client, type, options))
        .filter(({ metadata }) => metadata.ownerReferences?.some(({ kind }) => kind === KIND))
        .map((object) => [`${type.kind} ${object.metadata.name}`, comparable(object)] as const),
    ),
  );
  return Object.fromEntries(all.flat().sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What a status says at the end, without times and measured values. */
export function comparableStatus(status: DeepSeekDeploymentStatus): object {
  return {
    serving: { revision: status.serving?.revision, proven: status.serving?.proven },
    candidate: status.candidate?.revision,
    phase: status.rollout?.phase,
    attempt: status.rollout?.attempt,
    rollback: { revision: status.rollback?.revision, readiness: status.rollback?.readiness },
    replicas: [status.replicas, status.readyReplicas],
    history: status.history?.map(({ revision, outcome }) => `${revision} ${outcome}`),
    // Whether the HPA controller, which looks every 15 s, has said that it lacks its metrics, is its own matter.
    conditions: status.conditions
      ?.map(({ type, status: is, reason }) => (type === 'AutoscalingActive' ? type : `${type} ${is} ${reason}`))
      .sort(),
  };
}
