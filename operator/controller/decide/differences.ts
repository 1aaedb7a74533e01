import { MANAGER } from '../../api/index.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../kube/types.ts';
import { covers } from '../../resources/drift.ts';
import { staleFields } from '../../resources/stale-fields.ts';

/** The fields that our last apply declared; undefined: there was none. */
export function ownFields({ managedFields }: KubeObject['metadata']): ManagedFieldsEntry['fieldsV1'] {
  return managedFields?.find(({ manager, operation }) => manager === MANAGER && operation === 'Apply')?.fieldsV1;
}

/** Paths of what an apply of `wanted` would change: what is otherwise, and what an earlier apply of ours has left. */
export function differences(wanted: object, live: KubeObject): string[] {
  return [...covers(wanted, live), ...staleFields(wanted, ownFields(live.metadata))];
}
