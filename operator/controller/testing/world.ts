import { API_VERSION, type DeepSeekDeployment, KIND, LABEL, MANAGER } from '../../api/index.ts';
import type { KubeObject } from '../../kube/types.ts';
import { decide } from '../decide/decide.ts';
import type { DecideOptions, Decision } from '../decide/judgement.ts';
import { describeIntent, type EventRecord, type Intent, targetOf, type WrittenKind } from '../decide/intents.ts';
import { obstructed } from '../decide/obstructed.ts';
import { isOptional, withWriteFailures, type WriteFailure, writeFailure } from '../decide/optional-writes.ts';
import type { Observations } from '../observations.ts';
import { MONITORING_KINDS, type MonitoringKind } from '../../monitoring/index.ts';
import type { CapacityReading } from '../../rollout/capacity/index.ts';
import { ENGINE_CONTAINER } from '../../resources/pod-template.ts';
import { isReady } from '../../rollout/failures/pod.ts';
import { gather, isOwnedBy, type ChildStores } from '../gather.ts';
import { ChildrenSeen } from '../children-seen.ts';
import type {
  AsDeclared,
  AutoscalingState,
  ChildKind,
  ClusterFacts,
  LiveDeployment,
  LiveEndpointSlice,
  LiveMeta,
  LiveNode,
  LivePod,
  LiveService,
  MonitoringState,
  Snapshot,
} from '../snapshot.ts';
import { trimControllerRevision } from '../transforms.ts';

/**
 * A model of the API server and of the Deployment controller, for tests of `decide`: it keeps objects, carries out
 * intents as the API server would, and reports on pods as it is told. It has no clock and no events.
 */
export class World {
  now = Date.parse('2026-01-01T00:00:00Z');
  deployment: DeepSeekDeployment & { readonly metadata: LiveMeta };
  readonly objects = new Map<string, KubeObject>();
  readonly pods: LivePod[] = [];
  /** The nodes of the cluster; undefined: they may not be listed. */
  nodes: readonly LiveNode[] | undefined = [gpuNode('a100-0', 'NVIDIA-A100-SXM4-80GB'), gpuNode('t4-0', 'Tesla-T4')];
  autoscaling: AutoscalingState | undefined;
  loads: ReadonlyMap<string, number> | undefined;
  /** The operator's defaults as they are now. */
  defaults: ClusterFacts['defaults'];
  version: ClusterFacts['version'] = { major: '1', minor: '36', gitVersion: 'v1.36.1' };
  /** Revisions whose engine ends as soon as it starts. */
  failing: ReadonlySet<string> = new Set();
  /** Whether pods that are not ready have a node. */
  placed = true;
  /** Since when the pods of a revision are as they are; without an entry: since now. */
  readonly since = new Map<string, number>();
  /** Logs that the operator has read, by pod name. */
  readonly logs = new Map<string, string>();
  /** What has been learned of engines. */
  observations: Observations = ALL_IS_WELL;
  /** Which of prometheus-operator’s kinds there are. */
  monitoringKinds: MonitoringState['has'] = {};
  /** Why the API server takes no object of an optional kind, in its words. */
  readonly refusals = new Map<string, string>();
  /** Free GPUs, as they would be read in each pass. */
  capacity: CapacityReading | undefined = ROOM;
  /** What the last pass has found as it is declared, but for what it wrote; cleared: the operator has been started again. */
  asDeclared: AsDeclared = new Map();
  /** Since when passes keep something back. */
  obstructedSince: number | undefined;
  /** What the operator was started with. */
  options: DecideOptions = { observeOnly: false };
  /** What the operator takes a snapshot for; a test of a checker plants a bug here. */
  misread: (snapshot: Snapshot) => Snapshot = (snapshot) => snapshot;
  /** Every intent carried out, as words. */
  readonly written: string[] = [];
  #version = 100;

  constructor(spec: object, metadata: Partial<LiveMeta> = {}) {
    this.deployment = {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: 'chat', namespace: 'ai', uid: 'uid-chat', generation: 1, resourceVersion: '1', ...metadata },
      spec: spec as DeepSeekDeployment['spec'],
    };
  }

  /** A version of the operator has left a model here that serves: what it stored, without managedFields. */
  restore(deployment: World['deployment'], objects: readonly KubeObject[]): this {
    this.deployment = deployment;
    this.now = Math.max(...(deployment.status?.conditions ?? []).map((at) => Date.parse(at.lastTransitionTime)));
    for (const object of objects) this.#put(object.kind as WrittenKind, declared(object, object.metadata.uid ?? ''));
    this.ready();
    return this;
  }

  /** The same world, on its own. */
  copy(): this {
    const { objects, pods, logs, refusals, since, written: _, ...plain } = this;
    const Kind = this.constructor as new (spec: object) => this;
    const copy = Object.assign(new Kind(this.deployment.spec), plain);
    for (const [key, object] of objects) copy.objects.set(key, object);
    for (const [pod, log] of logs) copy.logs.set(pod, log);
    for (const [kind, words] of refusals) copy.refusals.set(kind, words);
    for (const [revision, at] of since) copy.since.set(revision, at);
    copy.pods.push(...pods);
    copy.#version = this.#version;
    return copy;
  }

  /** One pass: gather, decide, carry out, write the status. */
  pass(): Decision {
    const snapshot = this.snapshot();
    const { uid, name } = this.deployment.metadata;
    const decision = decide(this.misread(snapshot), this.options);
    const pending = decision.intents.filter(isOptional);
    const refused = pending.flatMap((intent) => this.#refusalOf(intent) ?? []);
    const seen = new ChildrenSeen();
    seen.decided(uid, decision.asDeclared);
    for (const intent of decision.intents) {
      if (this.#refusalOf(intent) !== undefined) continue;
      this.#carryOut(intent);
      seen.written(uid, name, intent);
    }
    this.asDeclared = seen.of(uid);
    const { obstacle } = decision;
    this.obstructedSince = obstacle && (this.obstructedSince ?? this.now);
    const told = obstacle ? obstructed(snapshot, decision, obstacle, this.obstructedSince ?? this.now) : decision;
    const status = withWriteFailures(snapshot, told.status, pending, refused);
    this.deployment = { ...this.deployment, status };
    this.now += 1000;
    return { ...decision, status: told.status, events: told.events };
  }

  /** Passes until one writes nothing and leaves the status alone; throws when that takes more than `limit`. */
  settle(limit = 10): Decision {
    for (let i = 0; i < limit; i++) {
      const before = JSON.stringify(this.deployment.status);
      const decision = this.pass();
      const isDone = decision.intents.every((intent) => this.#refusalOf(intent) !== undefined);
      if (isDone && JSON.stringify(this.deployment.status) === before) return decision;
    }
    throw new Error(`not at rest after ${limit} passes: ${this.written.join('; ')}`);
  }

  /** Time passes, and what follows from it is done. */
  later(ms: number): Decision {
    this.now += ms;
    return this.settle();
  }

  /**
   * All pods come up, and time passes until the rollout is over: proof, switch and watch. The version before is still
   * warm then; see `rollbackWindowEnds`.
   */
  conclude(): void {
    for (let i = 0; i < MAX_WAITS; i++) {
      this.ready();
      const { requeueAfterMs } = this.settle();
      if (this.deployment.status?.rollout?.phase === 'Idle') return;
      this.now += requeueAfterMs ?? 0;
    }
    throw new Error(`the rollout is not over after ${MAX_WAITS} waits: ${this.deployment.status?.rollout?.message}`);
  }

  /** Nothing is kept for a rollback any more. */
  rollbackWindowEnds(): void {
    this.later(ROLLBACK_WINDOW_MS);
  }

  snapshot(): Snapshot {
    return gather(
      this.deployment,
      this.stores(),
      { known: () => this.logs },
      {
        cluster: {
          nodes: this.nodes,
          version: this.version,
          ...(this.defaults && { defaults: this.defaults }),
        },
        observations: this.observations,
        capacity: this.capacity,
        claims: [],
        monitoring: this.#monitoring(),
        autoscaling: this.autoscaling,
        loads: this.loads,
        asDeclared: this.asDeclared,
      },
      this.now,
    );
  }

  /** The user edits the spec. */
  edit(change: (spec: Record<string, unknown>) => object): void {
    const spec = change(structuredClone(this.deployment.spec)) as DeepSeekDeployment['spec'];
    const generation = (this.deployment.metadata.generation ?? 0) + 1;
    this.deployment = { ...this.deployment, spec, metadata: { ...this.deployment.metadata, generation } };
  }

  /** The Deployment controller brings the pods of every Deployment up, or of one revision only. */
  ready(revision?: string): void {
    for (const object of this.#ofKind('Deployment')) {
      if (revision !== undefined && object.metadata.labels?.[LABEL.revision] !== revision) continue;
      this.report(object.metadata.labels?.[LABEL.revision] ?? '', (object as LiveDeployment).spec?.replicas ?? 0);
    }
  }

  /** The Deployment controller counts `ready` ready pods of a revision. */
  report(revision: string, ready: number, conditions: object[] = []): void {
    const found = this.#ofKind('Deployment').find(
      ({ metadata }) => metadata.labels?.[LABEL.revision] === revision,
    ) as LiveDeployment;
    const replicas = found.spec?.replicas ?? 0;
    const counts = { replicas, updatedReplicas: replicas, readyReplicas: ready, availableReplicas: ready };
    this.#put('Deployment', {
      ...found,
      status: { observedGeneration: found.metadata.generation, ...counts, conditions },
    } as KubeObject);
  }

  service(name: string): LiveService | undefined {
    return this.objects.get(`Service/${name}`) as LiveService | undefined;
  }

  names(kind: ChildKind): string[] {
    return this.#ofKind(kind).map(({ metadata }) => metadata.name);
  }

  /** Somebody else changes an object. */
  tamper(kind: ChildKind, name: string, change: (object: Record<string, never>) => void): void {
    const object = structuredClone(this.objects.get(`${kind}/${name}`)) as unknown as Record<string, never>;
    change(object);
    this.#put(kind, object as unknown as KubeObject);
  }

  condition(type: string) {
    return this.deployment.status?.conditions?.find((condition) => condition.type === type);
  }

  #refusalOf(intent: Intent): WriteFailure | undefined {
    const words = this.refusals.get(targetOf(this.deployment.metadata.name, intent).kind);
    return words === undefined || !isOptional(intent) ? undefined : writeFailure(intent, words);
  }

  #monitoring(): MonitoringState {
    const live = (Object.keys(MONITORING_KINDS) as MonitoringKind[]).flatMap((kind) => {
      const found = this.objects.get(`${kind}/${MONITORING_KINDS[kind].nameOf(this.deployment.metadata.name)}`);
      return found === undefined ? [] : [[kind, found] as const];
    });
    return { has: this.monitoringKinds, live: new Map(live) };
  }

  #carryOut(intent: Intent): void {
    this.written.push(describeIntent(intent));
    switch (intent.type) {
      case 'Create': {
        const name = intent.object.metadata?.name ?? '';
        if (this.objects.has(`${intent.kind}/${name}`)) throw new Error(`${intent.kind} ${name} exists`);
        this.#put(intent.kind, declared(intent.object, `uid-${intent.kind}-${name}-${this.#version}`));
        return;
      }
      case 'Apply': {
        const found = this.objects.get(`${intent.kind}/${intent.object.metadata?.name ?? ''}`);
        if (found?.metadata.uid !== intent.object.metadata?.uid) throw new Error('the precondition uid fails');
        const status = (found as { status?: object } | undefined)?.status;
        this.#put(intent.kind, {
          ...declared(intent.object, found?.metadata.uid ?? ''),
          ...(status && { status }),
        });
        return;
      }
      case 'ReplaceTemplate': {
        const found = this.objects.get(`Deployment/${intent.name}`) as LiveDeployment;
        const spec = { ...found.spec, template: intent.template };
        this.#put('Deployment', {
          ...found,
          spec,
          metadata: { ...found.metadata, managedFields: [] },
        } as unknown as KubeObject);
        return;
      }
      case 'Delete': {
        const key = `${intent.kind}/${intent.name}`;
        if (intent.kind === 'Deployment') this.#removePods(this.objects.get(key));
        this.objects.delete(key);
        return;
      }
      case 'CutShort':
      case 'Evict':
      case 'SetDeletionCost':
      case 'SetRouteWeights':
        return;
      case 'SetReplicas':
        this.edit((spec) => ({ ...spec, replicas: intent.replicas }));
    }
  }

  #put(kind: WrittenKind, object: KubeObject): void {
    const before = this.objects.get(`${kind}/${object.metadata.name}`);
    const specOf = (value: unknown) => JSON.stringify((value as { spec?: unknown } | undefined)?.spec);
    const generation = (before?.metadata.generation ?? 0) + (specOf(before) === specOf(object) ? 0 : 1);
    const metadata = { ...object.metadata, generation, resourceVersion: String(this.#version++) };
    this.objects.set(`${kind}/${object.metadata.name}`, { ...object, metadata });
    if (kind === 'Deployment' && (object as LiveDeployment).spec?.replicas === 0) this.#removePods(object);
  }

  /** What the Deployment controller does to pods that a test has put there, once none is wanted. */
  #removePods(deployment: KubeObject | undefined): void {
    const revision = deployment?.metadata.labels?.[LABEL.revision];
    const left = this.pods.filter(({ metadata }) => metadata.labels?.[LABEL.revision] !== revision);
    this.pods.splice(0, this.pods.length, ...left);
  }

  #ofKind(kind: ChildKind): KubeObject[] {
    return [...this.objects.entries()].filter(([key]) => key.startsWith(`${kind}/`)).map(([, object]) => object);
  }

  /**
   * Pods that a test has put there, and for revisions without such ones those that their Deployment has reported: more than are
   * wanted take their grace to end, until it reports again.
   */
  #allPods(): LivePod[] {
    const given = new Set(this.pods.map(({ metadata }) => metadata.labels?.[LABEL.revision]));
    const made = this.#ofKind('Deployment').flatMap((object): LivePod[] => {
      const { metadata, spec, status } = object as LiveDeployment;
      const revision = metadata.labels?.[LABEL.revision];
      if (given.has(revision)) return [];
      const wanted = spec?.replicas ?? 0;
      const count = Math.max(wanted, status?.readyReplicas ?? 0);
      const since = this.since.get(revision ?? '') ?? this.now;
      return Array.from({ length: count }, (_, index) => {
        const ready = index < (status?.readyReplicas ?? 0);
        const state = { ready, placed: ready || this.placed };
        const up = simplePod(`${metadata.name}-${index}`, metadata.labels ?? {}, state, since);
        const pod = index < wanted ? up : ending(up);
        return this.failing.has(revision ?? '') ? crashed(pod, since) : pod;
      });
    });
    return [...this.pods, ...made];
  }

  /** What the EndpointSlice controller makes of Services and pods. */
  #endpointSlices(): LiveEndpointSlice[] {
    return this.#ofKind('Service').map((object) => {
      const { metadata, spec } = object as LiveService;
      const selected = this.#allPods().filter((pod) =>
        Object.entries(spec?.selector ?? {}).every(([key, value]) => pod.metadata.labels?.[key] === value),
      );
      return {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        addressType: 'IPv4',
        metadata: { name: `${metadata.name}-1`, labels: { 'kubernetes.io/service-name': metadata.name } },
        endpoints: selected.map((pod) => ({
          addresses: ['10.0.0.1'],
          conditions: { ready: isReady(pod) },
          targetRef: { name: pod.metadata.name },
        })),
      };
    });
  }

  /** What the caches would hold. */
  stores(): ChildStores {
    const store = (objects: readonly KubeObject[]) =>
      ({
        get: () => undefined,
        list: () => objects,
        byIndex: () => objects,
        size: objects.length,
      }) as never;
    const ours = (kind: ChildKind) =>
      store(this.#ofKind(kind).filter((object) => isOwnedBy(object, this.deployment.metadata.uid)));
    return {
      controllerRevisions: store(this.#ofKind('ControllerRevision').map(trimControllerRevision)),
      deployments: ours('Deployment'),
      services: ours('Service'),
      serviceAccounts: ours('ServiceAccount'),
      podDisruptionBudgets: ours('PodDisruptionBudget'),
      networkPolicies: ours('NetworkPolicy'),
      horizontalPodAutoscalers: ours('HorizontalPodAutoscaler'),
      pods: store(this.#allPods()),
      endpointSlices: store(this.#endpointSlices()),
    };
  }
}

/** Waits of one rollout: for nodes, for the end of the watch, and some more. */
const MAX_WAITS = 20;

/** The default of rollout.rollbackWindow. */
const ROLLBACK_WINDOW_MS = 2 * 3_600_000;

/** Room for everything. */
/** All that a pass tells whose intents are carried out, but for those of optional kinds. */
export function told({ intents, eventsOfWrite, events }: Decision): readonly EventRecord[] {
  return [...intents.filter((intent) => !isOptional(intent)).flatMap(eventsOfWrite), ...events];
}

export const ROOM: CapacityReading = {
  placed: 0,
  slots: 100,
  slotsWithoutServing: [100],
  slotsWithoutWarm: [100],
  gpusPerReplica: 1,
  freeGpus: 100,
  reservedBy: [],
};

/** Every candidate generates its tokens, and nothing else is known. */
const ALL_IS_WELL: Observations = {
  proofs: { get: () => ({ pods: [{ pod: 'pod', ok: true }], smokeTests: [], pairs: [] }) } as never,
  warmPods: { has: () => true } as never,
  coldPods: new Map(),
  traffic: new Map(),
  queries: new Map(),
};

/** What the scheduler says of a pod that it finds no node for. */
const REFUSED = { reason: 'Unschedulable', message: '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.' };

function simplePod(
  name: string,
  labels: Readonly<Record<string, string>>,
  { ready, placed }: { readonly ready: boolean; readonly placed: boolean },
  now: number,
): LivePod {
  const time = new Date(now).toISOString();
  const condition = (type: string, holds: boolean) => ({
    ...{ type, status: holds ? 'True' : 'False', lastTransitionTime: time },
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ai', uid: `uid-${name}`, labels, creationTimestamp: time },
    spec: { containers: [], ...(placed && { nodeName: 'a100-0' }) },
    status: {
      phase: placed ? 'Running' : 'Pending',
      conditions: [{ ...condition('PodScheduled', placed), ...(!placed && REFUSED) }, condition('Ready', ready)],
      podIP: '10.0.0.1',
    },
  };
}

/** It is on its way out, and answers what it has begun. */
function ending(pod: LivePod): LivePod {
  return { ...pod, metadata: { ...pod.metadata, deletionTimestamp: pod.metadata.creationTimestamp ?? '' } };
}

/** The engine has ended three times, and is not started again before long. */
function crashed(pod: LivePod, now: number): LivePod {
  const time = new Date(now).toISOString();
  const ended = { terminated: { exitCode: 1, startedAt: time, finishedAt: time } };
  const engine = {
    ...{ name: ENGINE_CONTAINER, image: 'i', imageID: 'i', ready: false, started: false, restartCount: 3 },
    ...{ state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: ended },
  };
  return { ...pod, status: { ...pod.status, containerStatuses: [engine] } };
}

/** A node with eight GPUs, as GPU Feature Discovery labels it. */
export function gpuNode(name: string, product: string, labels: Readonly<Record<string, string>> = {}): LiveNode {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'nvidia.com/gpu.product': product, ...labels } },
    status: { allocatable: { 'nvidia.com/gpu': '8' } },
  };
}

/** An object as the server stores it after an apply of ours. */
function declared(object: object, uid: string): KubeObject {
  const copy = structuredClone(object) as { metadata: Record<string, unknown> };
  const annotations = Object.keys(copy.metadata['annotations'] ?? {});
  const fields = Object.fromEntries(annotations.map((name) => [`f:${name}`, {}]));
  const fieldsV1 = annotations.length === 0 ? {} : { 'f:metadata': { 'f:annotations': fields } };
  const managedFields = [{ manager: MANAGER, operation: 'Apply', fieldsV1 }];
  return { ...copy, metadata: { ...copy.metadata, uid, managedFields } } as unknown as KubeObject;
}
