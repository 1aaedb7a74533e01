import { compareResourceVersions } from '../../../operator/kube/resource-version.ts';
import type { ConfigMap } from '../../../operator/kube/resources.ts';
import type { StoreEvent } from '../../../operator/kube/types.ts';

/**
 * Judges the events that an informer delivers, one by one. For each name: added only when absent; updated and deleted only
 * when present, with the same UID; and versions only ever rise. So a final state can be neither delivered twice nor be
 * followed by an older one. What the events add up to is kept, to be compared with the store.
 */
export class History {
  readonly problems: string[] = [];
  readonly #present = new Map<string, ConfigMap>();
  readonly #newest = new Map<string, string>();
  #events = 0;

  get events(): number {
    return this.#events;
  }

  /** What a handler that only listens would believe. */
  get believed(): ReadonlyMap<string, ConfigMap> {
    return this.#present;
  }

  take({ type, object, previous }: StoreEvent<ConfigMap>): void {
    this.#events += 1;
    const { name, uid, resourceVersion = '' } = object.metadata;
    const present = this.#present.get(name);
    const newest = this.#newest.get(name) ?? '0';
    const order = compareResourceVersions(resourceVersion, newest);
    const what = `${type} ${name}@${resourceVersion}`;
    if ((type === 'added') !== (present === undefined))
      this.#problem(`${what}, though it is ${present ? 'present' : 'absent'}`);
    if (present !== previous) this.#problem(`${what} does not follow what was delivered before`);
    if (present !== undefined && present.metadata.uid !== uid) this.#problem(`${what} is of another UID`);
    if (type === 'deleted' ? order < 0 : order <= 0) this.#problem(`${what} after version ${newest}`);
    if (order > 0) this.#newest.set(name, resourceVersion);
    if (type === 'deleted') this.#present.delete(name);
    else this.#present.set(name, object);
  }

  #problem(text: string): void {
    this.problems.push(text);
  }
}
