import type { WatchClient } from '../kube/client.ts';
import { settledWithin } from '../kube/deadline.ts';
import type { ReflectorEvent } from '../kube/reflector.ts';
import { namespaced } from '../kube/resources.ts';
import type { Clock, KubeObject, ResourceType } from '../kube/types.ts';
import { MONITORING_KINDS, type MonitoringKind } from '../monitoring/index.ts';
import { deploymentKey } from './gather.ts';
import { OptionalInformer } from './optional-informer.ts';
import type { LiveMeta, MonitoringState } from './snapshot.ts';
import { trimChild } from './transforms.ts';

export interface MonitoringKindsOptions {
  readonly client: WatchClient;
  readonly clock: Clock;
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  readonly onReflectorEvent: (kind: string, event: ReflectorEvent) => void;
}

/** How often to look whether prometheus-operator has come: people who install it later may also restart this operator. */
const ASK_AGAIN_MS = 3_600_000;

/** How long the first pass waits for the answers, so that it writes no annotations that it would take back at once. */
const KNOWN_WITHIN_MS = 10_000;

const typeOf = (name: MonitoringKind): ResourceType => {
  const { apiVersion, kind, plural } = MONITORING_KINDS[name];
  const [group = '', version = ''] = apiVersion.split('/');
  return namespaced(group, version, kind, plural);
};

/** Where they live in the API. */
export const MONITORING_TYPES: Readonly<Record<MonitoringKind, ResourceType>> = {
  PodMonitor: typeOf('PodMonitor'),
  ScrapeConfig: typeOf('ScrapeConfig'),
  PrometheusRule: typeOf('PrometheusRule'),
};

const KINDS = Object.keys(MONITORING_KINDS) as MonitoringKind[];

/** Which of prometheus-operator’s kinds the cluster has, and our objects of them. */
export class MonitoringKinds {
  readonly targets: Readonly<Record<MonitoringKind, OptionalInformer<KubeObject>>>;
  readonly #clock: Clock;

  constructor(options: MonitoringKindsOptions) {
    this.#clock = options.clock;
    const informer = (kind: MonitoringKind) =>
      new OptionalInformer({
        ...options,
        type: MONITORING_TYPES[kind],
        transform: trimChild,
        askAgainMs: ASK_AGAIN_MS,
      });
    this.targets = {
      PodMonitor: informer('PodMonitor'),
      ScrapeConfig: informer('ScrapeConfig'),
      PrometheusRule: informer('PrometheusRule'),
    };
  }

  /** Calls `handler` with the key of a DeepSeekDeployment when an object of its changes, and `onKinds` when a kind comes or goes. */
  onChange(handler: (key: string, initial: boolean) => void, onKinds: () => void): void {
    for (const kind of KINDS) {
      const informer = this.targets[kind];
      informer.onEvent(({ object, initial }) => {
        const key = deploymentKey(object);
        if (key !== undefined) handler(key, initial);
      });
      informer.onInstalled(onKinds);
    }
  }

  /** What is there for a DeepSeekDeployment. */
  stateOf({ namespace, name }: Pick<LiveMeta, 'namespace' | 'name'>): MonitoringState {
    const has = Object.fromEntries(KINDS.map((kind) => [kind, this.targets[kind].installed === true]));
    const live = new Map(
      KINDS.flatMap((kind) => {
        const found = this.targets[kind].get({ namespace, name: MONITORING_KINDS[kind].nameOf(name) });
        return found === undefined ? [] : [[kind, found] as const];
      }),
    );
    return { has, live };
  }

  /** Follows them until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(KINDS.map((kind) => this.targets[kind].run(signal)));
  }

  /**
   * Resolves once it is known what the cluster has, and after 10 s all the same: a kind whose list fails counts as missing until it
   * answers. Returns those of which it is not known. Rejects when `signal` aborts first.
   */
  async waitUntilKnown(signal: AbortSignal): Promise<readonly MonitoringKind[]> {
    const known = Promise.all(KINDS.map((kind) => this.targets[kind].waitUntilKnown(signal)));
    await settledWithin(this.#clock, KNOWN_WITHIN_MS, known);
    signal.throwIfAborted();
    return KINDS.filter((kind) => this.targets[kind].installed === undefined);
  }
}
