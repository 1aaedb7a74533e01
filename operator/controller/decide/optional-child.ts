import type { KubeObject } from '../../kube/types.ts';
import { isOwnedBy } from '../gather.ts';
import { differences } from './differences.ts';
import type { ChildObject, Intent, WrittenKind } from './intents.ts';

/** A child of a kind that the cluster may lack: what is there, and what there is to be. */
export interface OptionalChild {
  readonly kind: WrittenKind;
  readonly name: string;
  readonly live: KubeObject | undefined;
  /** Undefined: there is to be none. */
  readonly wanted: ChildObject | undefined;
  /** Why it goes, when it does. */
  readonly because: string;
}

/** The write, if any, that brings such a child to what is wanted, or takes ours away. `owner`: UID of the DeepSeekDeployment. */
export function optionalChild(owner: string, { kind, name, live, wanted, because: goes }: OptionalChild): Intent[] {
  const isOurs = live !== undefined && isOwnedBy(live, owner);
  if (wanted === undefined) {
    if (!isOurs || live.metadata.deletionTimestamp !== undefined) return [];
    return [{ type: 'Delete', kind, name, uid: live.metadata.uid ?? '', because: goes }];
  }
  if (!isOurs) return [{ type: 'Create', kind, object: wanted }];
  const because = differences(wanted, live);
  if (because.length === 0) return [];
  const metadata = { ...wanted.metadata, uid: live.metadata.uid } as NonNullable<ChildObject['metadata']>;
  return [{ type: 'Apply', kind, object: { ...wanted, metadata }, because }];
}
