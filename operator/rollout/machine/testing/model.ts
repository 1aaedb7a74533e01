import { type RolloutSettings, rolloutSettings } from '../../settings.ts';
import type { CapacityReading } from '../../capacity/types.ts';
import type { Order, OrderVerb } from '../../orders.ts';
import type { Revision, RevisionData } from '../../revision.ts';
import type { Traffic } from '../../traffic.ts';
import type { GateVerdict, Stage, StageVerdict, VerdictKind } from '../../verdicts/types.ts';
import type { RolloutSpec } from '../../../api/index.ts';
import { nextStep } from '../../next.ts';
import type { Memory, Mark, ReplicaSetState, RolloutInput, RolloutStep, SetHealth } from '../types.ts';

/** What a version is like once it runs. */
export type Quality = 'Good' | 'FailsProof' | 'FailsGates' | 'Crashes' | 'NeverReady' | 'Slow' | 'DiesServing';

interface Pod {
  readonly revision: string;
  placed: boolean;
  /** The scheduler has found no room. */
  refused: boolean;
  ready: boolean;
  leaving: boolean;
  /** When it got its node, or began to leave. */
  since: number;
}

type Marks = Pick<Revision, 'proven' | 'accepted' | 'failed' | 'held'>;

/** How a model begins: version a serves, proven, at full size. */
export interface ModelOptions {
  readonly replicas?: number;
  /** GPUs of the cluster; every replica takes one. */
  readonly gpus?: number;
  readonly rollout?: Partial<RolloutSpec>;
  readonly qualities?: Readonly<Record<string, Quality>>;
  readonly gateway?: boolean;
}

/** How long a pod loads, and takes to leave; how long a proof takes. */
export const LOAD_MS = 40_000;
export const LEAVE_MS = 15_000;
export const PROOF_MS = 20_000;
const START = Date.parse('2026-03-01T00:00:00Z');
export const HASHES = ['a', 'b', 'c'] as const;

/**
 * A small cluster around the machine: Deployments whose pods follow their sizes, a scheduler with so many GPUs,
 * EndpointSlices that follow one tick late, engines of known quality, a status that holds what the real one holds.
 */
export class Model {
  now = START;
  desired: string | undefined = 'a';
  replicas: number;
  rollout: Partial<RolloutSpec>;
  gpus: number;
  /** GPUs that somebody else holds. */
  taken = 0;
  windowOpen = true;
  load: { running: number; waiting: number } = { running: 1, waiting: 0 };
  quality: Map<string, Quality>;
  /** What real traffic is like: enough of it to judge, or none. */
  trafficLevel: 'Enough' | 'None' = 'Enough';
  route: RolloutInput['route'];
  order: Order | undefined;
  claims: { holder: string; keep: number }[] = [];
  capacityUnknown = false;

  marks = new Map<string, Marks>([['a', { proven: '2026-01-01T00:00:00Z' }]]);
  lost = new Set<string>();
  deployments = new Map<string, number>();
  pods: Pod[] = [];
  traffic: Traffic = { serving: 'a', attempt: 1, source: 'Service', foreignSelector: false };
  memory: Memory | undefined;
  weight = 0;
  endpoints = new Map<string, number>();
  answered: { order: Order; accepted: boolean }[] = [];
  /** What the engines did, per revision. */
  trouble = new Map<string, string>();
  last: RolloutStep | undefined;
  /** The machine; a test of a checker plants a bug here. */
  machine: (input: RolloutInput) => RolloutStep = nextStep;
  /** What the operator's process knows: when proofs began, whom it warms up, whose traffic it measures. */
  readonly proofs = new Map<string, number>();
  readonly warm = new Set<string>();
  readonly watched = new Set<string>();
  #nonce = 0;
  #parsed: { readonly of: Partial<RolloutSpec>; readonly settings: RolloutSettings } | undefined;

  constructor({ replicas = 2, gpus = 8, rollout = {}, qualities = {}, gateway = false }: ModelOptions = {}) {
    this.replicas = replicas;
    this.gpus = gpus;
    this.rollout = rollout;
    this.quality = new Map(Object.entries(qualities));
    if (gateway) this.route = { taken: true, refused: false, message: 'The gateway has taken the route.' };
    this.deployments.set('a', replicas);
    for (let i = 0; i < replicas; i++) {
      this.pods.push({ revision: 'a', placed: true, refused: false, ready: true, leaving: false, since: START });
    }
    this.#follow();
  }

  /** Orders something, as kubectl-deepseek would. */
  give(verb: OrderVerb, revision: string): void {
    this.order = { verb, revision, uid: 'u', nonce: `n${this.#nonce++}` };
  }

  podsOf(revision: string | undefined): Pod[] {
    return this.pods.filter((pod) => pod.revision === revision);
  }

  ready(revision: string | undefined): number {
    return this.podsOf(revision).filter(({ ready, leaving }) => ready && !leaving).length;
  }

  /** What the controller would gather. */
  input(capacity?: CapacityReading, servingCapacity?: CapacityReading): RolloutInput {
    const { now, traffic, memory, replicas, desired } = this;
    const settings = this.#settings();
    const candidate = memory?.candidate;
    return {
      ...{ now, settings, traffic, replicas, memory, desired },
      revisions: HASHES.filter((hash) => !this.lost.has(hash) || hash === desired).map((hash, index) => ({
        hash,
        number: index + 1,
        data: DATA,
        ...(this.lost.has(hash) ? {} : this.marks.get(hash)),
      })),
      sets: new Map(
        HASHES.filter((hash) => this.deployments.has(hash) || this.podsOf(hash).length > 0).map((hash) => [
          hash,
          this.#set(hash),
        ]),
      ),
      health: new Map(HASHES.map((hash) => [hash, this.#health(hash)])),
      concurrencyPerReplica: 10,
      ...(capacity && { capacity }),
      ...(servingCapacity && { servingCapacity }),
      observed: {
        ...this.#proof(candidate, memory?.attempt),
        warmedUp: this.warm.has(candidate ?? '') && this.ready(candidate) > 0,
        ...this.#trafficVerdict(settings.gates.length > 0),
        load: this.load,
        idleSince: new Map(
          [...this.watched]
            .filter((hash) => hash !== traffic.serving)
            .map((hash) => [hash, traffic.switchedAt ?? START] as const),
        ),
      },
      activeEndpoints: this.endpoints,
      candidateEndpoints: this.ready(candidate),
      ...(this.order && { order: this.order }),
      window: { open: this.windowOpen },
      jitter: 0.5,
      claims: this.claims,
      ...(this.route && { route: this.route }),
    };
  }

  /**
   * One pass of the controller: decides, counts GPUs if that is asked, and carries out its writes in their order; all of
   * them, or so many before it is killed. `look` sees each decision before it is carried out.
   */
  pass(look: (input: RolloutInput, step: RolloutStep) => void = () => undefined, writes = Infinity): RolloutStep {
    let input = this.input();
    let step = this.machine(input);
    const wanted = () =>
      step.questions.flatMap((question) => (question.kind === 'Capacity' ? question.revision : []))[0];
    const first = wanted();
    if (first !== undefined) {
      const reading = this.reading(first, step);
      input = this.input(reading);
      step = this.machine(input);
      const second = wanted();
      if (second !== undefined && second !== first) {
        input = this.input(reading, this.reading(second, step));
        step = this.machine(input);
      }
    }
    look(input, step);
    const todo = this.#writes(step);
    for (const write of todo.slice(0, writes)) write();
    if (writes < todo.length) this.forget();
    else this.#observe(step);
    this.last = step;
    return step;
  }

  /** A restart of the operator: what it was observing is lost. */
  forget(): void {
    this.proofs.clear();
    this.warm.clear();
    this.watched.clear();
  }

  /** Time passes, and the cluster follows. */
  tick(ms: number): void {
    this.now += ms;
    for (const [revision, replicas] of this.deployments) {
      const staying = this.podsOf(revision).filter(({ leaving }) => !leaving);
      for (let i = staying.length; i < replicas; i++) {
        this.pods.push({ revision, placed: false, refused: false, ready: false, leaving: false, since: this.now });
      }
      // A ReplicaSet takes pods without a node first, then those that are not ready.
      const order = staying.sort((a, b) => Number(a.placed) - Number(b.placed) || Number(a.ready) - Number(b.ready));
      for (const pod of order.slice(0, Math.max(0, staying.length - replicas))) this.#leave(pod);
    }
    for (const pod of this.pods) if (!this.deployments.has(pod.revision) && !pod.leaving) this.#leave(pod);
    this.pods = this.pods.filter((pod) => !(pod.leaving && (!pod.placed || this.now >= pod.since + LEAVE_MS)));
    for (const pod of this.pods.filter(({ placed, leaving }) => !placed && !leaving)) {
      pod.placed = this.free() > 0;
      pod.refused = !pod.placed;
      pod.since = this.now;
    }
    for (const pod of this.pods) if (this.#isReady(pod)) pod.ready = true;
    this.#follow();
  }

  free(): number {
    return Math.max(0, this.gpus - this.taken - this.pods.filter(({ placed }) => placed).length);
  }

  /** A node with so many of the pods is gone, and its GPUs with it. */
  loseNode(revision: string | undefined, pods: number): void {
    const hit = this.podsOf(revision)
      .filter(({ placed }) => placed)
      .slice(0, pods);
    this.pods = this.pods.filter((pod) => !hit.includes(pod));
    this.taken += hit.length;
    this.#follow();
  }

  /** The pods of a revision keep their nodes and load again. */
  reboot(revision: string | undefined): void {
    for (const pod of this.podsOf(revision))
      if (pod.placed && !pod.leaving) Object.assign(pod, { ready: false, since: this.now });
    this.#follow();
  }

  reading(revision: string, { serving, previous }: Pick<RolloutStep, 'serving' | 'previous'>): CapacityReading {
    if (this.capacityUnknown) return { ...NOTHING, unknown: 'nodes may not be listed' };
    const own = this.podsOf(revision).filter(({ leaving }) => !leaving);
    const placed = own.filter(({ placed: has }) => has).length;
    // Pods of others that wait come first.
    const waiting = this.pods.filter((pod) => !pod.placed && !pod.leaving && pod.revision !== revision).length;
    const slots = (gone: number) => Math.max(0, this.free() + gone - waiting);
    const leaving = (hash: string | undefined) =>
      this.podsOf(hash).filter((pod) => pod.leaving && pod.placed && hash !== revision).length;
    const staying = (hash: string | undefined) =>
      hash === revision ? 0 : this.podsOf(hash).filter((pod) => !pod.leaving && pod.placed).length;
    const warm = previous === serving ? undefined : previous;
    const allWarm = staying(warm) + leaving(warm);
    const range = (count: number) => Array.from({ length: count + 1 }, (_, n) => n);
    return {
      placed,
      slots: slots(0),
      slotsWithoutServing: range(staying(serving)).map((n) => slots(n + leaving(serving) + allWarm)),
      slotsWithoutWarm: range(staying(warm)).map((n) => slots(n + leaving(warm))),
      gpusPerReplica: 1,
      freeGpus: this.free(),
      reservedBy: [],
      ...(this.autoscaler && { autoscaler: 'Karpenter' as const }),
    };
  }
  autoscaler = false;

  /** The writes of a step in the order of the controller, those alone that change something, each on its own. */
  #writes(step: RolloutStep): (() => void)[] {
    const writes: (() => void)[] = [];
    const when = (changes: boolean, write: () => void): void => {
      if (changes) writes.push(write);
    };
    const service = () => {
      const { serving, previous, switchedAt, attempt } = step;
      const at = switchedAt === undefined ? undefined : seconds(switchedAt);
      const next: Traffic = {
        ...{ attempt, source: 'Service', foreignSelector: false },
        ...(serving !== undefined && { serving }),
        ...(previous !== undefined && { previous }),
        ...(at !== undefined && { switchedAt: at }),
      };
      when(JSON.stringify(sorted(next)) !== JSON.stringify(sorted(this.traffic)), () => void (this.traffic = next));
    };
    const mark = (hash: string) => {
      const next = marked(this.marks.get(hash) ?? {}, hash, step);
      const before = JSON.stringify(this.marks.get(hash) ?? {});
      when(before !== JSON.stringify(next) || this.lost.has(hash), () => {
        this.marks.set(hash, next);
        this.lost.delete(hash);
      });
    };
    const against = step.marks.filter(({ kind }) => kind === 'failed' || kind === 'held');
    for (const { revision } of against) mark(revision);
    if (!step.switched) service();
    when(step.weight !== this.weight, () => void (this.weight = step.weight));
    for (const [hash, replicas] of step.replicas) {
      if (!against.some(({ revision }) => revision === hash)) mark(hash);
      when(this.deployments.get(hash) !== replicas, () => void this.deployments.set(hash, replicas));
      if (step.switched && hash === step.serving) service();
    }
    for (const hash of HASHES) {
      const done = step.replicas.has(hash) || against.some(({ revision }) => revision === hash);
      if (!done && this.marks.has(hash)) mark(hash);
    }
    for (const hash of this.deployments.keys()) {
      when(!step.replicas.has(hash), () => void this.deployments.delete(hash));
    }
    writes.push(() => {
      this.memory = stored(step.memory, step);
      if (step.ordered === undefined || this.order === undefined) return;
      this.answered.push({ order: this.order, accepted: step.ordered.accepted });
      this.order = undefined;
    });
    return writes;
  }

  /** Parsed once for each spec. */
  #settings(): RolloutSettings {
    if (this.#parsed?.of !== this.rollout) {
      const settings = rolloutSettings({ rollout: this.rollout } as Parameters<typeof rolloutSettings>[0]);
      this.#parsed = { of: this.rollout, settings };
    }
    return this.#parsed.settings;
  }

  #observe(step: RolloutStep): void {
    const asked = new Set(step.questions.map((question) => question.kind));
    if (!asked.has('Proof')) this.proofs.clear();
    this.warm.clear();
    this.watched.clear();
    for (const question of step.questions) {
      const key = `${step.memory.candidate ?? ''}/${step.memory.attempt}`;
      if (question.kind === 'Proof' && !this.proofs.has(key)) this.proofs.set(key, this.now);
      if (question.kind === 'WarmUp') this.warm.add(question.candidate);
      if (question.kind === 'Traffic') this.watched.add(question.revision);
    }
  }

  #proof(candidate: string | undefined, attempt: number | undefined): { proof?: StageVerdict } {
    const began = this.proofs.get(`${candidate ?? ''}/${attempt ?? 0}`);
    if (began === undefined || this.now < began + PROOF_MS || this.ready(candidate) === 0) return {};
    return { proof: stage('Proof', this.qualityOf(candidate) === 'FailsProof' ? 'Fail' : 'NotRefuted') };
  }

  #trafficVerdict(gated: boolean): { traffic?: StageVerdict } {
    const { memory, traffic } = this;
    const canary = memory?.step !== undefined && memory.candidate !== undefined && memory.candidate !== traffic.serving;
    const judged = canary ? memory.candidate : traffic.serving;
    const watching = canary || memory?.phase === 'Watching' || memory?.phase === 'Switching';
    if (!watching || !this.watched.has(judged ?? '')) return {};
    if (this.trafficLevel === 'None') return { traffic: stage('Watch', 'NoData') };
    const fails = gated && this.qualityOf(judged) === 'FailsGates';
    return { traffic: stage(canary ? 'Canary' : 'Watch', fails ? 'Fail' : 'Pass') };
  }

  qualityOf(hash: string | undefined): Quality {
    return this.quality.get(hash ?? '') ?? 'Good';
  }

  #set(hash: string): ReplicaSetState {
    const own = this.podsOf(hash);
    const staying = own.filter(({ leaving }) => !leaving);
    const ready = this.ready(hash);
    return {
      replicas: this.deployments.get(hash) ?? 0,
      readyReplicas: ready,
      availableReplicas: ready,
      pods: own.length,
      terminating: own.length - staying.length,
      placed: staying.filter(({ placed }) => placed).length,
      unschedulable: staying.filter(({ refused }) => refused).length,
    };
  }

  #health(hash: string): SetHealth {
    const placed = this.podsOf(hash).filter((pod) => pod.placed && !pod.leaving);
    const quality = this.qualityOf(hash);
    const old = placed.length > 0 && placed.every(({ since }) => this.now >= since + LOAD_MS);
    const trouble = this.trouble.get(hash);
    const dies = quality === 'DiesServing' && this.traffic.serving === hash && placed.length > 0;
    return {
      ...(quality === 'Crashes' && old && { failure: 'CrashLoop: exit code 1' }),
      down: quality === 'Crashes' && old,
      overdue: quality === 'NeverReady' && old,
      ...((trouble ?? (dies ? 'OutOfMemory: exit code 137' : undefined)) !== undefined && {
        trouble: trouble ?? 'OutOfMemory: exit code 137',
      }),
    };
  }

  #isReady(pod: Pod): boolean {
    const quality = this.qualityOf(pod.revision);
    if (quality === 'Crashes' || quality === 'NeverReady' || quality === 'Slow') return false;
    return pod.placed && !pod.leaving && this.now >= pod.since + LOAD_MS;
  }

  #leave(pod: Pod): void {
    pod.leaving = true;
    pod.ready = false;
    pod.since = this.now;
  }

  /** The EndpointSlices of the active Service. */
  #follow(): void {
    const { serving } = this.traffic;
    const ready = this.ready(serving);
    this.endpoints = new Map(serving === undefined || ready === 0 ? [] : [[serving, ready]]);
  }
}

const DATA = {
  template: { spec: { containers: [] } },
  version: 'v',
  plan: { gpusPerReplica: 1, startupBudgetSeconds: 120 },
} as unknown as RevisionData;

const NOTHING: CapacityReading = {
  placed: 0,
  slots: 0,
  slotsWithoutServing: [],
  slotsWithoutWarm: [],
  gpusPerReplica: 0,
  freeGpus: 0,
  reservedBy: [],
};

/** A verdict of one gate. */
export function stage(at: Stage, verdict: VerdictKind): StageVerdict {
  const gate: GateVerdict = { gate: 'Engine', stage: at, verdict, samples: 40, message: `said ${verdict}` };
  return { verdict, gates: [gate] };
}

function marked(before: Marks, hash: string, { marks, forgive }: RolloutStep): Marks {
  const { failed: _, held: __, ...settled } = before;
  return marks
    .filter(({ revision }) => revision === hash)
    .reduce<Marks>((own, mark) => ({ ...own, ...given(mark) }), forgive.includes(hash) ? settled : before);
}

function given(mark: Mark): Marks {
  const time = '2026-03-01T00:00:00Z';
  switch (mark.kind) {
    case 'proven':
      return { proven: time };
    case 'accepted':
      return { accepted: time };
    case 'failed':
      return { failed: mark.cause };
    case 'held':
      return { held: mark.cause };
  }
}

/** What of the memory comes back from the status: whole seconds, and a candidate only where the status has one. */
function stored(memory: Memory, step: RolloutStep): Memory {
  const { candidate: _, message: __, since, retryAt, pausedAt, ...rest } = memory;
  const after = step.phase === 'Switching' || step.phase === 'Watching';
  const candidate = step.phase === 'Idle' ? undefined : after ? step.serving : step.candidate;
  return {
    ...rest,
    phase: step.phase,
    since: seconds(since),
    ...(retryAt !== undefined && { retryAt: seconds(retryAt) }),
    ...(pausedAt !== undefined && { pausedAt: seconds(pausedAt) }),
    ...(candidate !== undefined && { candidate }),
  };
}

const seconds = (time: number) => Math.floor(time / 1000) * 1000;

const sorted = (object: object) => Object.entries(object).sort(([a], [b]) => a.localeCompare(b));
