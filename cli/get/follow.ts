import type { WatchClient } from '../../operator/kube/client.ts';
import { isForbidden } from '../../operator/kube/errors.ts';
import { ReflectingInformer } from '../../operator/kube/informer.ts';
import type { ReflectorEvent } from '../../operator/kube/reflector.ts';
import { type Node, resources } from '../../operator/kube/resources.ts';
import type { Clock, Informer, KubeObject, ResourceType, Store } from '../../operator/kube/types.ts';
import { CommandError, EXIT } from '../support/exit-status.ts';
import { childSelector, DEEPSEEK_DEPLOYMENTS, type DeepSeekDeploymentObject, type TreeObjects } from './objects.ts';
import { byName, type DeploymentRef } from './read.ts';

/** A part of the cluster that is kept up to date by watches. */
export interface Followed<T> {
  /** As it is known now. */
  readonly current: () => T;
  /** Why what is shown may be old, for people; undefined while all is well. */
  readonly trouble: () => string | undefined;
  readonly onChange: (listener: () => void) => void;
  /** Follows until `signal` aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Resolves once every kind has been listed, or may not be. Never rejects. */
  readonly complete: () => Promise<void>;
}

export interface FollowOptions {
  readonly client: WatchClient;
  readonly clock: Clock;
}

/** The DeepSeekDeployments of a namespace, or of all. */
export function followDeployments(
  options: FollowOptions,
  namespace: string | undefined,
): Followed<DeepSeekDeploymentObject[]> {
  const feed = new Feed(options, namespace);
  const deployments = feed.follow(DEEPSEEK_DEPLOYMENTS);
  return feed.followed(() => deployments.list().toSorted(byName));
}

/** One DeepSeekDeployment alone; undefined when it is gone. */
export function followDeployment(
  options: FollowOptions,
  { namespace, name }: DeploymentRef,
): Followed<DeepSeekDeploymentObject | undefined> {
  const feed = new Feed(options, namespace);
  const deployments = feed.follow(DEEPSEEK_DEPLOYMENTS, { fieldSelector: `metadata.name=${name}` });
  return feed.followed(() => {
    if (feed.denied.length > 0) {
      const message = `you may not watch ${feed.denied.join(', ')} in namespace ${namespace}, so there is nothing to wait for`;
      throw new CommandError('FORBIDDEN', EXIT.unreachable, message);
    }
    return deployments.get({ namespace, name });
  });
}

/** One DeepSeekDeployment and what is below it; undefined when it is gone. */
export function followTree(
  options: FollowOptions,
  { namespace, name }: DeploymentRef,
): Followed<TreeObjects | undefined> {
  const feed = new Feed(options, namespace);
  const children = { labelSelector: childSelector(name) };
  const owner = feed.follow(DEEPSEEK_DEPLOYMENTS, { fieldSelector: `metadata.name=${name}` });
  const controllerRevisions = feed.follow(resources.controllerRevisions, children);
  const deployments = feed.follow(resources.deployments, children);
  const pods = feed.follow(resources.pods, children);
  const nodes = feed.follow(resources.nodes, { transform: trimNode });
  return feed.followed(() => {
    const deployment = owner.get({ namespace, name });
    return (
      deployment && {
        deployment,
        controllerRevisions: controllerRevisions.list(),
        deployments: deployments.list(),
        pods: pods.list(),
        nodes: nodes.list(),
        denied: feed.denied,
      }
    );
  });
}

/** Of a node what is shown of it: a large cluster has thousands, with long lists of images. */
function trimNode({ apiVersion, kind, metadata, spec, status }: Node): Node {
  const { name, uid, resourceVersion, labels } = metadata;
  const known = { ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) };
  const conditions = status?.conditions?.filter(({ type }) => type === 'Ready');
  return {
    apiVersion,
    kind,
    metadata: { name, ...known, ...(labels && { labels }) },
    ...(spec?.unschedulable !== undefined && { spec: { unschedulable: spec.unschedulable } }),
    ...(conditions && { status: { conditions } }),
  };
}

/** Failures in a row before they are told: a single cut connection is resumed at once. */
const TOLD_FROM = 2;
/** A retry comes at least this often (5 s of backoff, 5 s until a connection is given up); without one, all is well again. */
const FAILING_MS = 12_000;

interface Failing {
  readonly count: number;
  readonly at: number;
  readonly error: unknown;
}

/** The informers of one view. */
class Feed {
  readonly #options: FollowOptions;
  readonly #namespace: string | undefined;
  readonly #informers: Pick<Informer<KubeObject>, 'run'>[] = [];
  readonly #listeners: (() => void)[] = [];
  readonly #answered: Promise<void>[] = [];
  readonly #denied = new Set<string>();
  readonly #failing = new Map<string, Failing>();

  constructor(options: FollowOptions, namespace: string | undefined) {
    this.#options = options;
    this.#namespace = namespace;
  }

  /** Plural names of the kinds that may not be listed. */
  get denied(): readonly string[] {
    return [...this.#denied].sort();
  }

  follow<T extends KubeObject>(
    type: ResourceType<T>,
    selection: {
      readonly labelSelector?: string;
      readonly fieldSelector?: string;
      readonly transform?: (object: T) => T;
    } = {},
  ): Store<T> {
    const answered = Promise.withResolvers<undefined>();
    this.#answered.push(answered.promise.then(() => undefined));
    const informer = new ReflectingInformer<T>({
      ...this.#options,
      type,
      ...selection,
      ...(this.#namespace !== undefined && { namespaces: [this.#namespace] }),
      onReflectorEvent: (event) => {
        this.#note(type.plural, event);
        const denied = event.type === 'list-failed' && isForbidden(event.error);
        if (denied || event.type === 'listed') answered.resolve(undefined);
      },
    });
    informer.onEvent(() => {
      this.#failing.delete(type.plural);
      this.#changed();
    });
    this.#informers.push(informer);
    return informer.store;
  }

  followed<T>(current: () => T): Followed<T> {
    return {
      current,
      trouble: () => this.#trouble(),
      onChange: (listener) => void this.#listeners.push(listener),
      run: async (signal) => {
        await Promise.all(this.#informers.map((informer) => informer.run(signal)));
      },
      complete: async () => {
        await Promise.all(this.#answered);
      },
    };
  }

  #note(plural: string, event: ReflectorEvent): void {
    switch (event.type) {
      case 'listed':
        this.#denied.delete(plural);
        this.#failing.delete(plural);
        break;
      case 'watch-ended':
        this.#failing.delete(plural);
        break;
      case 'list-failed':
      case 'watch-failed':
        if (isForbidden(event.error)) {
          this.#denied.add(plural);
          break;
        }
        this.#failing.set(plural, {
          count: (this.#failing.get(plural)?.count ?? 0) + 1,
          at: this.#options.clock.monotonic(),
          error: event.error,
        });
        break;
      case 'watching':
        return;
    }
    this.#changed();
  }

  #trouble(): string | undefined {
    const since = this.#options.clock.monotonic() - FAILING_MS;
    for (const { count, at, error } of this.#failing.values()) {
      if (count < TOLD_FROM || at < since) continue;
      const why = error instanceof Error ? error.message : String(error);
      return `The connection to the cluster is lost, and this may be old: ${why}`;
    }
    return undefined;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
