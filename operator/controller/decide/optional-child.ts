import type { KubeObject } from '../../kube/types.ts';
import { isOwnedBy } from '../gather.ts';
import type { ChildObject, Intent, WrittenKind } from './intents.ts';
import type { Upkeep } from './upkeep.ts';

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
export function optionalChild(
  owner: string,
  { kind, name, live, wanted, because }: OptionalChild,
  upkeep: Upkeep,
): Intent[] {
  const isOurs = live !== undefined && isOwnedBy(live, owner);
  if (wanted !== undefined) return [upkeep.bring(kind, wanted, isOurs ? live : undefined) ?? []].flat();
  if (!isOurs || live.metadata.deletionTimestamp !== undefined) return [];
  return [{ type: 'Delete', kind, name, uid: live.metadata.uid ?? '', because }];
}
