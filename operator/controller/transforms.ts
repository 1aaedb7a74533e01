import { MANAGER } from '../api/names.ts';
import type { KubeObject, ManagedFieldsEntry } from '../kube/types.ts';
import type { LiveControllerRevision, LiveNode, LivePod } from './snapshot.ts';

/**
 * What the caches keep of each object: what some pass reads, and nothing else. At a thousand deployments the rest would
 * be most of the memory.
 */

/** Children: of managedFields our own entry without the template, and of others only what they own of the template. */
export function trimChild<T extends KubeObject>(object: T): T {
  const managedFields = (object.metadata.managedFields ?? []).flatMap(trimEntry);
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

function trimEntry(entry: ManagedFieldsEntry): ManagedFieldsEntry[] {
  const { manager, operation, subresource } = entry;
  if (subresource !== undefined || entry.fieldsV1 === undefined) return [];
  const spec = entry.fieldsV1['f:spec'] as Readonly<Record<string, unknown>> | undefined;
  const template = spec?.['f:template'];
  if (manager === MANAGER && operation === 'Apply') {
    const { 'f:template': _, ...rest } = spec ?? {};
    const fieldsV1 = spec === undefined ? entry.fieldsV1 : { ...entry.fieldsV1, 'f:spec': rest };
    return [{ manager, operation, fieldsV1 }];
  }
  const name = manager === undefined ? {} : { manager };
  return template === undefined ? [] : [{ ...name, fieldsV1: { 'f:spec': { 'f:template': template } } }];
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

/** Of our entry what it says of metadata: a mark that we no longer declare has to be found. */
function marksEntry(entry: ManagedFieldsEntry): ManagedFieldsEntry[] {
  const metadata = entry.fieldsV1?.['f:metadata'];
  const { manager, operation } = entry;
  if (manager !== MANAGER || operation !== 'Apply' || metadata === undefined) return [];
  return [{ manager, operation, fieldsV1: { 'f:metadata': metadata } }];
}

/** A pod: who it is, where it is, and how it fares. */
export function trimPod(pod: LivePod): LivePod {
  const { managedFields: _, annotations: __, ...metadata } = pod.metadata;
  const { nodeName } = pod.spec ?? {};
  const { phase, conditions, containerStatuses, initContainerStatuses, startTime, reason, message, podIP } =
    pod.status ?? {};
  const status = { phase, conditions, containerStatuses, initContainerStatuses, startTime, reason, message, podIP };
  return {
    apiVersion: pod.apiVersion,
    kind: pod.kind,
    metadata,
    spec: { containers: [], ...(nodeName === undefined ? {} : { nodeName }) },
    status: dropUndefined(status),
  };
}

/** A node: which accelerator its labels show, and which extended resources it offers. */
export function trimNode({ apiVersion, kind, metadata, status }: LiveNode): LiveNode {
  const { name, uid, resourceVersion, labels } = metadata;
  const allocatable = Object.entries(status?.allocatable ?? {}).filter(([resource]) => resource.includes('/'));
  return {
    apiVersion,
    kind,
    metadata: { name, ...dropUndefined({ uid, resourceVersion, labels }) },
    status: { allocatable: Object.fromEntries(allocatable) },
  };
}

function dropUndefined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
