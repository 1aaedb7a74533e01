import { targetOf, type Intent } from './decide/intents.ts';
import { childKey } from './decide/upkeep.ts';
import type { AsDeclared } from './snapshot.ts';

const NOTHING: AsDeclared = new Map();

/**
 * What passes of this process have found as it is declared (see Upkeep), by the UID of the DeepSeekDeployment. It is for Events
 * alone: nothing is written or left because of it, and a process that has just begun knows of nothing.
 */
export class ChildrenSeen {
  readonly #seen = new Map<string, Map<string, string>>();

  of(uid: string): AsDeclared {
    return this.#seen.get(uid) ?? NOTHING;
  }

  /** A pass has been decided; its writes come next. */
  decided(uid: string, asDeclared: AsDeclared): void {
    this.#seen.set(uid, new Map(asDeclared));
  }

  /** A write was carried out: only the next pass knows what has come of it. */
  written(uid: string, owner: string, intent: Intent): void {
    const { kind, name } = targetOf(owner, intent);
    this.#seen.get(uid)?.delete(childKey(kind, name));
  }

  forget(uid: string): void {
    this.#seen.delete(uid);
  }
}
