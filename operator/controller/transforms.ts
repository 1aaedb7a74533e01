import type { IContainer as Container } from 'kubernetes-models/v1/Container';
import type { IContainerStatus as ContainerStatus } from 'kubernetes-models/v1/ContainerStatus';
import type { ITaint as Taint } from 'kubernetes-models/v1/Taint';
import { GROUP, isWieldy, LABEL, MANAGER, whyUnwieldy } from '../api/index.ts';
import type { KubeObject, ManagedFieldsEntry } from '../kube/types.ts';
import type { CapacityPod } from '../rollout/capacity/index.ts';
import { DELETION_COST } from './decide/deletion-cost.ts';
import type {
  LiveControllerRevision,
  LiveDeepSeekDeployment,
  LiveEndpointSlice,
  LiveHorizontalPodAutoscaler,
  LiveNode,
  LivePod,
} from './snapshot.ts';

/**
 * What the caches keep of each object: what some pass reads, and nothing else. At a thousand deployments the rest would
 * be most of the memory.
 */

/** Children: of managedFields our own entry without the template, and those of others: who has changed something is told by name. */
export function trimChild<T extends KubeObject>(object: T): T {
  const managedFields = (object.metadata.managedFields ?? []).flatMap(trimEntry);
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

function trimEntry(entry: ManagedFieldsEntry): ManagedFieldsEntry[] {
  const { manager, operation, subresource, fieldsV1 } = entry;
  if (subresource === 'status' || fieldsV1 === undefined) return [];
  if (manager !== MANAGER) return [{ ...(manager !== undefined && { manager }), fieldsV1 }];
  if (operation !== 'Apply') return trimUpdate(entry);
  const { 'f:template': _, ...spec } = (fieldsV1['f:spec'] ?? {}) as Readonly<Record<string, unknown>>;
  return [
    { manager, operation, fieldsV1: fieldsV1['f:spec'] === undefined ? fieldsV1 : { ...fieldsV1, 'f:spec': spec } },
  ];
}

/** Of our patches only the ports of a Service: an apply of ours does not take back what they hold. */
function trimUpdate({ manager = MANAGER, operation, fieldsV1 }: ManagedFieldsEntry): ManagedFieldsEntry[] {
  const ports = (fieldsV1?.['f:spec'] as Readonly<Record<string, unknown>> | undefined)?.['f:ports'];
  if (ports === undefined) return [];
  return [{ manager, ...dropUndefined({ operation }), fieldsV1: { 'f:spec': { 'f:ports': ports } } }];
}

/** Blocks of an unwieldy spec which are kept, bytes: others ask what a model wants of gateway and autoscaler. */
const KEPT_BLOCK_BYTES = 4_096;

/**
 * A DeepSeekDeployment: of managedFields who wrote when, and whether spec.replicas is theirs; of annotations ours; of a spec that
 * is too long or too deep that it is. What its owner makes of it, up to 1.5 MiB each, is not to fill the memory of all.
 */
export function trimDeepSeekDeployment(object: LiveDeepSeekDeployment): LiveDeepSeekDeployment {
  const managedFields = (object.metadata.managedFields ?? []).flatMap((entry): ManagedFieldsEntry[] => {
    const { manager = 'unknown', operation, subresource, time, fieldsV1 } = entry;
    if (subresource === 'status') return [];
    const spec = fieldsV1?.['f:spec'] as Readonly<Record<string, unknown>> | undefined;
    const owns = spec?.['f:replicas'] !== undefined && { fieldsV1: { 'f:spec': { 'f:replicas': {} } } };
    return [{ manager, ...dropUndefined({ operation, subresource, time }), ...owns }];
  });
  const { annotations, ...metadata } = object.metadata;
  const ours = Object.entries(annotations ?? {}).filter(([key]) => key.startsWith(`${GROUP}/`));
  return {
    ...object,
    ...cutShort(object.spec),
    metadata: { ...metadata, ...(ours.length > 0 && { annotations: Object.fromEntries(ours) }), managedFields },
  };
}

function cutShort(spec: LiveDeepSeekDeployment['spec']): Partial<Pick<LiveDeepSeekDeployment, 'spec' | 'unwieldy'>> {
  const unwieldy = whyUnwieldy(spec);
  if (unwieldy === undefined) return {};
  const kept = Object.entries(spec).filter(([, block]) => isWieldy(block, KEPT_BLOCK_BYTES));
  return { unwieldy, spec: Object.fromEntries(kept) as LiveDeepSeekDeployment['spec'] };
}

/** An HPA: what we declare, what it says of itself, and what it has done last; the current values of metrics are nobody's. */
export function trimAutoscaler(object: LiveHorizontalPodAutoscaler): LiveHorizontalPodAutoscaler {
  const { conditions, desiredReplicas = 0, lastScaleTime } = object.status ?? {};
  const told = conditions?.map(({ type, status, reason, message }) => ({
    type,
    status,
    ...dropUndefined({ reason, message }),
  }));
  return {
    ...trimChild(object),
    status: { desiredReplicas, ...dropUndefined({ conditions: told, lastScaleTime }) },
  };
}

/** A PodDisruptionBudget without its status, which changes with each pod. */
export function trimBudget<T extends KubeObject & { readonly status?: unknown }>(budget: T): T {
  const { status: _, ...rest } = trimChild(budget);
  return rest as T;
}

/** A DeepSeekDeployment without managedFields. */
export function trimDeployment<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** A ControllerRevision with its data as text: a fifth of the memory of the parsed template. */
export function trimControllerRevision(
  object: KubeObject & { data?: unknown; revision?: number },
): LiveControllerRevision {
  const managedFields = (object.metadata.managedFields ?? []).flatMap(marksEntry);
  const metadata = { ...object.metadata, managedFields };
  const { apiVersion, kind, revision = 0 } = object;
  // An own write and a watch event carry the object; a trimmed one comes back from the store.
  const data = typeof object.data === 'string' ? object.data : JSON.stringify(object.data ?? null);
  return { apiVersion, kind, metadata, revision, data };
}

/** What an entry says of metadata: a mark that we no longer declare has to be found, and who has changed one. */
function marksEntry(entry: ManagedFieldsEntry): ManagedFieldsEntry[] {
  const metadata = entry.fieldsV1?.['f:metadata'];
  return metadata === undefined ? [] : trimEntry({ ...entry, fieldsV1: { 'f:metadata': metadata } });
}

/** A pod: who it is, where it is, how it fares, and what room it takes. */
export function trimPod(pod: LivePod): LivePod {
  const { managedFields: _, annotations, ...rest } = pod.metadata;
  const cost = annotations?.[DELETION_COST];
  const metadata = { ...rest, ...(cost !== undefined && { annotations: { [DELETION_COST]: cost } }) };
  const { phase, conditions, containerStatuses, initContainerStatuses, startTime, reason, message, podIP } =
    pod.status ?? {};
  const status = { phase, conditions, containerStatuses, initContainerStatuses, startTime, reason, message, podIP };
  return {
    apiVersion: pod.apiVersion,
    kind: pod.kind,
    metadata,
    spec: roomOf(pod.spec),
    status: dropUndefined(status),
  };
}

/** Resources of a node that replicas ask for, beside the extended ones. */
const COUNTED_RESOURCES: readonly string[] = ['cpu', 'memory', 'ephemeral-storage', 'pods'];

/** An EndpointSlice: whose it is, and which pods it lists as ready. */
export function trimEndpointSlice({
  apiVersion,
  kind,
  metadata,
  endpoints,
  addressType,
}: LiveEndpointSlice): LiveEndpointSlice {
  const { namespace, name, uid, resourceVersion, labels } = metadata;
  return {
    apiVersion,
    kind,
    addressType,
    metadata: { name, ...dropUndefined({ namespace, uid, resourceVersion, labels }) },
    endpoints: (endpoints ?? []).map(({ conditions, targetRef }) => ({
      addresses: [],
      conditions: { ready: conditions?.ready !== false },
      ...(targetRef?.name !== undefined && { targetRef: { name: targetRef.name } }),
    })),
  };
}

/** A node: which accelerator its labels show, what it offers, and who may have it. */
export function trimNode({ apiVersion, kind, metadata, spec, status }: LiveNode): LiveNode {
  const { name, uid, resourceVersion, labels } = metadata;
  const { taints, unschedulable } = spec ?? {};
  const allocatable = Object.entries(status?.allocatable ?? {}).filter(
    ([resource]) => resource.includes('/') || COUNTED_RESOURCES.includes(resource),
  );
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  return {
    apiVersion,
    kind,
    metadata: { name, ...dropUndefined({ uid, resourceVersion, labels }) },
    ...((taints ?? unschedulable) !== undefined && {
      spec: dropUndefined({ taints: taints?.map(trimTaint), unschedulable }),
    }),
    status: {
      allocatable: Object.fromEntries(allocatable),
      ...(ready !== undefined && { conditions: [{ type: 'Ready', status: ready }] }),
    },
  };
}

/** A taint without the time at which it was set. */
function trimTaint({ key, value, effect }: Taint): Taint {
  return { key, effect, ...(value !== undefined && { value }) };
}

/** A pod as far as it takes room on a node: counted once and let go, and there may be tens of thousands. */
export function trimToCapacity({ metadata, spec, status }: LivePod): CapacityPod {
  const { name, namespace, uid, labels, deletionTimestamp } = metadata;
  const { [LABEL.name]: owner, [LABEL.revision]: revision } = labels ?? {};
  const ours = owner !== undefined && { labels: dropUndefined({ [LABEL.name]: owner, [LABEL.revision]: revision }) };
  const ready = status?.conditions
    ?.filter(({ type }) => type === 'Ready')
    .map(({ type, status: value }) => ({ type, status: value }));
  return {
    metadata: { name, ...dropUndefined({ namespace, uid, deletionTimestamp }), ...ours },
    spec: roomOf(spec),
    status: dropUndefined({
      phase: status?.phase,
      conditions: ready,
      containerStatuses: resized(status?.containerStatuses),
      initContainerStatuses: resized(status?.initContainerStatuses),
    }),
  };
}

/** What a pod takes of its node, and, while it has none, what it asks of one. */
function roomOf(spec: LivePod['spec'] | undefined): NonNullable<LivePod['spec']> {
  const { nodeName, nodeSelector, affinity, tolerations, priority, schedulingGates, overhead, resources } = spec ?? {};
  // What a pod that has its node asked of nodes does not matter any more.
  const wishes = nodeName ? {} : { nodeSelector, affinity, tolerations, priority, schedulingGates };
  return {
    containers: (spec?.containers ?? []).map(trimContainer),
    ...(spec?.initContainers && { initContainers: spec.initContainers.map(trimContainer) }),
    ...dropUndefined({ nodeName, overhead, resources, ...wishes }),
  };
}

function trimContainer({ name, resources, restartPolicy }: Container): Container {
  return { name, ...dropUndefined({ resources, restartPolicy }) };
}

/** Statuses are needed of containers that tell of their resources: those that may have been resized. */
function resized(statuses: readonly ContainerStatus[] | undefined): ContainerStatus[] | undefined {
  const telling = statuses?.filter(({ allocatedResources, resources }) => allocatedResources ?? resources);
  if (telling === undefined || telling.length === 0) return undefined;
  return telling.map(({ name, allocatedResources, resources }) => ({
    name,
    image: '',
    imageID: '',
    ready: false,
    restartCount: 0,
    ...dropUndefined({ allocatedResources, resources }),
  }));
}

/** The members that are there. */
export function dropUndefined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
