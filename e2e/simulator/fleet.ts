import type { SimulatedCluster, Node } from './cluster.ts';
import type { PodRecord } from './control/types.ts';
import { ANNOTATION, LABEL, POD_STATES, SIMULATED_NODE } from './names.ts';
import type { PodState } from './names.ts';
import { nodeHardware } from './pods/gpu.ts';
import { PodLife } from './pods/life.ts';
import type { LifeOptions, PodReport } from './pods/life.ts';
import { engineContainer } from './pods/types.ts';
import type { Pod } from './pods/types.ts';
import { Reporter } from './reporter.ts';
import type { PodIdentity, RuleBook } from './rules.ts';

interface Member {
  pod: Pod;
  readonly life: PodLife;
  readonly gone: AbortController;
}

/** All engine pods on the simulated nodes: gives each a life, and tells it what happens to its pod and its node. */
export class Fleet {
  readonly #cluster: SimulatedCluster;
  readonly #rules: RuleBook;
  readonly #options: LifeOptions;
  /** By UID of the pod. */
  readonly #members = new Map<string, Member>();
  readonly #lostNodes = new Set<string>();
  /** Pods seen per deployment and revision: the n-th pod of a history draws the n-th load time. */
  readonly #ordinals = new Map<string, number>();

  constructor(cluster: SimulatedCluster, rules: RuleBook, options: LifeOptions) {
    this.#cluster = cluster;
    this.#rules = rules;
    this.#options = options;
    rules.onChange(() => {
      for (const { life } of this.#members.values()) life.changed();
    });
  }

  /** Follows the cluster until `signal` aborts; resolves once everything that exists has been taken up. */
  async start(signal: AbortSignal): Promise<void> {
    const { nodes, pods } = this.#cluster;
    nodes.onEvent(({ type, object }) => this.#onNode(object, type === 'deleted'));
    void nodes.run(signal);
    await nodes.waitForSync(signal);
    pods.onEvent(({ type, object }) => (type === 'deleted' ? void this.#onPodGone(object) : this.#onPod(object)));
    void pods.run(signal);
    await pods.waitForSync(signal);
  }

  async stop(): Promise<void> {
    const members = [...this.#members.values()];
    this.#members.clear();
    for (const { gone } of members) gone.abort();
    await Promise.all(members.map(({ life }) => life.kill()));
  }

  lostNodes(): string[] {
    return [...this.#lostNodes];
  }

  records(): PodRecord[] {
    return [...this.#members.values()].map(({ pod, life }) => {
      const { metadata, spec, status } = pod;
      const { state, restarts, message } = life.report;
      const address = status?.podIP === undefined ? undefined : this.#options.addressOf(status.podIP);
      return {
        namespace: metadata.namespace ?? 'default',
        name: metadata.name,
        uid: metadata.uid ?? '',
        node: spec.nodeName ?? '',
        labels: metadata.labels ?? {},
        ...(status?.podIP !== undefined && { podIP: status.podIP }),
        ...(address !== undefined && { address: `${address.host}:${address.port}` }),
        state,
        restarts,
        ...(message !== undefined && { message }),
        requests: life.requests,
      };
    });
  }

  #onNode(node: Node, deleted: boolean): void {
    const { name } = node.metadata;
    const lost = !deleted && node.metadata.annotations?.[ANNOTATION.state] === 'lost';
    if (lost !== this.#lostNodes.has(name)) this.#nodeTurned(name, lost);
    // Pods may have been seen before their node.
    for (const pod of this.#cluster.pods.store.list()) if (pod.spec.nodeName === name) this.#onPod(pod);
  }

  #nodeTurned(name: string, lost: boolean): void {
    if (lost) this.#lostNodes.add(name);
    else this.#lostNodes.delete(name);
    for (const { pod, life } of this.#members.values()) {
      if (pod.spec.nodeName !== name) continue;
      if (lost) void life.kill();
      else life.revive();
    }
  }

  #onPod(pod: Pod): void {
    const member = this.#members.get(pod.metadata.uid ?? '');
    if (member !== undefined) {
      member.pod = pod;
      if (this.#lostNodes.has(pod.spec.nodeName ?? '')) return;
      member.life.update(pod);
      return;
    }
    const node = this.#cluster.nodes.store.get({ name: pod.spec.nodeName ?? '' });
    const [annotation, value] = SIMULATED_NODE;
    if (node?.metadata.annotations?.[annotation] !== value || engineContainer(pod) === undefined) return;
    if (this.#lostNodes.has(node.metadata.name)) return;
    this.#adopt(pod, node);
  }

  #adopt(pod: Pod, node: Node): void {
    const gone = new AbortController();
    const write = new Reporter(
      (annotations, signal) => this.#cluster.annotatePod(pod, annotations, signal),
      this.#options.clock,
      gone.signal,
    );
    const identity = identityOf(pod);
    const life = new PodLife(pod, this.#historyKey(identity), reportedState(pod), this.#options, {
      behaviour: () => this.#rules.behaviourOf(identity),
      hardware: () => nodeHardware(node),
      report: (report) => write.say(annotationsOf(report)),
      drained: () => write.say({ [ANNOTATION.drain]: 'done' }),
    });
    const freed = this.#free(pod.status?.podIP);
    this.#members.set(pod.metadata.uid ?? '', { pod, life, gone });
    if (freed === undefined) life.start();
    else void freed.then(() => gone.signal.aborted || life.start());
  }

  /** A pod that had this address is no more, though nobody has said so yet: etcd was restored from a backup. Undefined: it is free. */
  #free(podIP: string | undefined): Promise<unknown> | undefined {
    const others = [...this.#members.values()].filter(({ pod }) => podIP !== undefined && pod.status?.podIP === podIP);
    return others.length === 0 ? undefined : Promise.all(others.map(({ pod }) => this.#onPodGone(pod)));
  }

  async #onPodGone(pod: Pod): Promise<void> {
    const uid = pod.metadata.uid ?? '';
    const member = this.#members.get(uid);
    if (member === undefined) return;
    this.#members.delete(uid);
    member.gone.abort();
    await member.life.kill();
  }

  #historyKey({ namespace, name, labels }: PodIdentity): string {
    const deployment = labels[LABEL.name] ?? name;
    const history = `${namespace}/${deployment}/${labels[LABEL.revision] ?? ''}`;
    const ordinal = this.#ordinals.get(history) ?? 0;
    this.#ordinals.set(history, ordinal + 1);
    // Tests have namespaces of random names, and the same history is to draw the same in each.
    return `${deployment}/${labels[LABEL.revision] ?? ''}/${ordinal}`;
  }
}

function identityOf({ metadata }: Pod): PodIdentity {
  return { namespace: metadata.namespace ?? 'default', name: metadata.name, labels: metadata.labels ?? {} };
}

/** See hack/cluster/kwok/README.md. A deleted pod waits for its engine to drain from its first state on. */
function annotationsOf(report: PodReport): Record<string, string | null> {
  return {
    [ANNOTATION.state]: report.state,
    [ANNOTATION.restarts]: String(report.restarts),
    [ANNOTATION.exitCode]: report.exitCode === undefined ? null : String(report.exitCode),
    [ANNOTATION.message]: report.message ?? null,
    [ANNOTATION.drain]: 'wait',
  };
}

/** What an earlier simulator has said about the pod. */
function reportedState({ metadata }: Pod): PodReport | undefined {
  const annotations = metadata.annotations ?? {};
  const state = annotations[ANNOTATION.state];
  if (!isPodState(state)) return undefined;
  const exitCode = annotations[ANNOTATION.exitCode];
  const message = annotations[ANNOTATION.message];
  return {
    state,
    restarts: Number(annotations[ANNOTATION.restarts] ?? 0),
    ...(exitCode !== undefined && { exitCode: Number(exitCode) }),
    ...(message !== undefined && { message }),
  };
}

function isPodState(state: string | undefined): state is PodState {
  return (POD_STATES as readonly (string | undefined)[]).includes(state);
}
