import type { Informer } from '../kube/types.ts';
import { LruMap } from '../kube/lru-map.ts';
import type { CapacityPod } from '../rollout/capacity/index.ts';
import type { LivePod } from './snapshot.ts';
import { trimToCapacity } from './transforms.ts';

/** Pods that ask for the same on the same terms, replicas of a revision above all, share what says so; so many kinds of them do. */
const SHAPES = 2_000;

/**
 * Our own pods as far as they take room, ready to be counted: a list of a thousand from the server takes it and us some hundred
 * milliseconds, each time that a rollout asks whether there is room.
 */
export class OwnPods {
  readonly #pods = new Map<string, CapacityPod>();
  readonly #shapes = new LruMap<string, object>(SHAPES);

  /** `pods`: of all namespaces; handlers have to be there before it runs. */
  constructor(pods: Pick<Informer<LivePod>, 'onEvent'>) {
    pods.onEvent(({ type, object }) => {
      const { namespace = '', name, uid = `${namespace}/${name}` } = object.metadata;
      const { phase } = object.status ?? {};
      if (type === 'deleted' || phase === 'Succeeded' || phase === 'Failed') this.#pods.delete(uid);
      else this.#pods.set(uid, this.#shared(trimToCapacity(object)));
    });
  }

  /** Those that have not ended. */
  get all(): readonly CapacityPod[] {
    return [...this.#pods.values()];
  }

  #shared({ metadata, spec, status }: CapacityPod): CapacityPod {
    const { containers = [], nodeName, ...wishes } = spec ?? {};
    const same = this.#one({ containers });
    return {
      metadata,
      spec: { ...same, ...(nodeName !== undefined && { nodeName }), ...wishes },
      ...(status && { status: this.#one(status) }),
    };
  }

  #one<T extends object>(value: T): T {
    const key = JSON.stringify(value);
    const known = this.#shapes.get(key) as T | undefined;
    if (known === undefined) this.#shapes.set(key, value);
    return known ?? value;
  }
}
