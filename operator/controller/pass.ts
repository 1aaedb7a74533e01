import type { ReconcileResult } from '../kube/controller.ts';
import type { Clock, KubeClient } from '../kube/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import { SERVING_PRIORITY_CLASS } from '../resources/priority-class.ts';
import { act, type ActContext, type WriteTarget } from './act.ts';
import type { Admission } from './admission.ts';
import { needsServedMetrics, needsTolerance } from './autoscaling.ts';
import type { Caches } from './caches.ts';
import type { CapacityReader, WantedClaims } from './capacity-reader.ts';
import type { ClaimBook } from './claim-book.ts';
import { claimsFor, entryOf, roomFor } from './counting.ts';
import { decide } from './decide/decide.ts';
import { enginesOf } from './decide/engines.ts';
import { describeIntent, type EventRecord, revisionOf } from './decide/intents.ts';
import type { DecideOptions, Decision } from './decide/judgement.ts';
import { obstructed } from './decide/obstructed.ts';
import { isOptional, type WriteFailure, withWriteFailures } from './decide/optional-writes.ts';
import { servingIntents } from './decide/serving-intents.ts';
import { labelsRestored, MAX_NOTE } from './decide/write-events.ts';
import type { DefaultsReader } from './defaults-reader.ts';
import type { EngineLogs } from './engine-logs.ts';
import { HTTP_ROUTES } from './gateway.ts';
import { checkSpecIsCurrent } from './live-reads.ts';
import { type Answers, look, type Stored } from './look.ts';
import type { MetricsApiReader } from './metrics-api.ts';
import type { Observer } from './observer.ts';
import type { Obstacle } from './obstacle.ts';
import type { PriorityClassReader } from './priority-class.ts';
import type { Remembered } from './remembered.ts';
import { announce, report, type ReportContext } from './report.ts';
import type { ServerVersionReader } from './server-version.ts';
import type { Snapshot } from './snapshot.ts';

/** What a pass works with; all of it is passed in. */
export interface PassContext {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly engineLogs: EngineLogs;
  readonly serverVersion: ServerVersionReader;
  readonly priorityClasses: Pick<PriorityClassReader, 'value'>;
  /** Absent: there are none. */
  readonly defaults?: Pick<DefaultsReader, 'read'>;
  readonly metricsApi: Pick<MetricsApiReader, 'read'>;
  readonly capacity: Pick<CapacityReader, 'read'>;
  readonly admission: Pick<Admission, 'admits' | 'run' | 'passed'>;
  readonly claims: Pick<ClaimBook, 'record' | 'on' | 'candidatesBeside'>;
  readonly observer: Pick<Observer, 'known' | 'want' | 'forget' | 'loads'>;
  readonly clock: Clock;
  readonly options: DecideOptions;
}

/** How long an eviction that was refused is left alone, milliseconds: budgets change without a word to us. */
const EVICT_AGAIN_MS = 10_000;

/** A write met an obstacle that is reported; the pass is repeated with backoff until it is gone. */
export class ObstacleError extends Error {
  readonly code = 'OBSTACLE';
  override readonly name = 'ObstacleError';
}

/** What came of what a pass has to do. */
interface CarriedOut {
  readonly obstacle?: Obstacle;
  /** When time alone makes another pass worth it, milliseconds. */
  readonly againInMs?: number;
}

/** What was seen, and what was decided on it. */
interface Judged {
  readonly snapshot: Snapshot;
  readonly decision: Decision;
}

/** One pass for one DeepSeekDeployment whose spec the schema accepts: look -> decide -> act -> report. */
export class Pass {
  readonly #key: string;
  readonly #live: Stored;
  readonly #context: PassContext;
  readonly #remembered: Remembered;
  readonly #reporting: ReportContext;
  readonly #log: Logger;
  readonly #answers: Answers = {};

  /** `key`: of the work queue. `live`: as the cache has it. */
  constructor(
    key: string,
    live: Stored,
    context: PassContext,
    remembered: Remembered,
    reporting: ReportContext,
    log: Logger,
  ) {
    this.#key = key;
    this.#live = live;
    this.#context = context;
    this.#remembered = remembered;
    this.#reporting = reporting;
    this.#log = log;
  }

  /** Returns when to come back by itself. Throws an `ObstacleError` for what only somebody else can change, and what a retry may cure. */
  async run(signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const { admission, claims } = this.#context;
    const first = await this.#judgeInformed(signal);
    const { capacityWanted } = first.decision;
    const isClaiming = this.#claims(first) !== undefined;
    if (!isClaiming) claims.record(this.#live.metadata.uid);
    if (capacityWanted === undefined && !isClaiming)
      return this.#finish(first, await this.#carryOut(first, signal), signal);
    const judged = await this.#keepServing(first, signal);
    // It is called when it is its turn.
    if (!admission.admits(this.#key)) return undefined;
    // One at a time in the whole cluster: what is taken here is in the status before the next one counts.
    const [counted, carried] = await admission.run(async (until) => {
      const counted = await this.#count(judged, until);
      return [counted, await this.#carryOut(counted, until)] as const;
    }, signal);
    return this.#finish(counted, carried, signal);
  }

  #judge(): Judged {
    const { clock, options } = this.#context;
    const asDeclared = this.#remembered.children.of(this.#live.metadata.uid);
    const snapshot = look(this.#live, this.#context, this.#answers, asDeclared, clock.now());
    return { snapshot, decision: decide(snapshot, options) };
  }

  /** Decides; asks what the decision turns out to depend on, and decides again. */
  async #judgeInformed(signal: AbortSignal): Promise<Judged> {
    const { client, caches, engineLogs, serverVersion, metricsApi, observer } = this.#context;
    const { spec } = this.#live;
    if (spec.model.source?.image !== undefined || needsTolerance(this.#live))
      this.#answers.serverVersion = await serverVersion.read(signal);
    if (needsServedMetrics(this.#live, caches)) this.#answers.served = await metricsApi.read(signal);
    let judged = this.#judge();
    await checkSpecIsCurrent(judged.snapshot, { client, deployments: caches.deepSeekDeployments }, signal);
    const { logsWanted, rendersRevision } = judged.decision;
    const mute = judged.snapshot.pods.filter((pod) => logsWanted.includes(pod.metadata.name));
    const isNews = await engineLogs.read(mute, signal);
    if (rendersRevision) await this.#askForRendering(signal);
    if (isNews || rendersRevision) judged = this.#judge();
    const { shrinks } = judged.decision;
    if (shrinks === undefined) return judged;
    const revision = judged.snapshot.revisions.find(({ hash }) => hash === shrinks);
    this.#answers.loads = await observer.loads(this.#key, enginesOf(judged.snapshot, revision), signal);
    return this.#judge();
  }

  /** What the pods of a revision that is rendered take over from the cluster. */
  async #askForRendering(signal: AbortSignal): Promise<void> {
    const { priorityClasses, defaults } = this.#context;
    if (this.#live.spec.podTemplate?.priorityClassName === undefined)
      this.#answers.servingPriority = (await priorityClasses.value(SERVING_PRIORITY_CLASS, signal)) !== undefined;
    this.#answers.defaults = await defaults?.read();
  }

  #claims({ snapshot, decision: { claimWanted } }: Judged): WantedClaims | undefined {
    const { caches, claims } = this.#context;
    return claimWanted && claimsFor(snapshot, claimWanted, caches, claims);
  }

  /** Looks after what serves before the count, which has to wait for its turn and may fail. Gives what is decided after it. */
  async #keepServing(judged: Judged, signal: AbortSignal): Promise<Judged> {
    const { decision } = judged;
    const { metadata } = this.#live;
    const needed = decision.intents.filter((intent) => !isOptional(intent));
    const intents = servingIntents(metadata.name, needed, decision.rollout);
    if (intents.length === 0) return judged;
    this.#remembered.children.decided(metadata.uid, decision.asDeclared);
    // An obstacle is told of after the count, when the whole decision is carried out; until then nothing is over, either.
    const { failedWrites } = this.#remembered;
    const again = failedWrites.again.bind(failedWrites);
    await act(metadata, intents, { ...this.#acting(decision), failedWrites: { again, over: () => undefined } }, signal);
    return this.#judge();
  }

  /** Counts what is wanted on the nodes, claims what others have to give, and decides on it. In its turn only. */
  async #count(first: Judged, signal: AbortSignal): Promise<Judged> {
    const { caches, capacity, claims } = this.#context;
    const { capacityWanted, claimWanted } = first.decision;
    const room = capacityWanted && roomFor(first.snapshot, capacityWanted, caches);
    const counted = await capacity.read({ room, claims: this.#claims(first) }, signal);
    let judged = first;
    if (counted.room) {
      this.#answers.capacity = counted.room;
      judged = this.#judge();
      // What serves may have come to want room itself.
      const next = judged.decision.capacityWanted;
      if (next !== undefined && next.revision !== capacityWanted?.revision) {
        const serving = await capacity.read({ room: roomFor(judged.snapshot, next, caches) }, signal);
        this.#answers.servingCapacity = serving.room;
        judged = this.#judge();
      }
    }
    // One that goes on with what it has found claims nothing.
    const still = claimWanted !== undefined && judged.decision.claimWanted?.revision === claimWanted.revision;
    const entry = still ? entryOf(this.#key, claimWanted, counted.claims) : undefined;
    claims.record(this.#live.metadata.uid, entry);
    return judged;
  }

  /** Writes what a model needs to serve, and reports. */
  async #carryOut({ snapshot, decision }: Judged, signal: AbortSignal): Promise<CarriedOut> {
    const { status: before, metadata } = this.#live;
    const { settling, optionalWrites, failedWrites, children } = this.#remembered;
    const { uid } = metadata;
    children.decided(uid, decision.asDeclared);
    const intents = [...decision.intents, ...decision.otherwise];
    const needed = intents.filter((intent) => !isOptional(intent));
    const acting = { ...this.#acting(decision), failedWrites };
    const { obstacle = decision.obstacle, blocked } = await act(metadata, needed, acting, signal);
    if (obstacle === undefined) this.#remembered.metNothing(uid);
    if (decision.specFirst && !obstacle) return {};
    const since = obstacle && this.#remembered.met(uid, obstacle, this.#context.clock.now());
    const told = obstacle && since !== undefined ? obstructed(snapshot, decision, obstacle, since) : decision;
    const pending = intents.filter(isOptional);
    const status = withWriteFailures(snapshot, told.status, pending, optionalWrites.failures(uid, pending));
    const events = blocked === undefined ? told.events : [...told.events, restartBlocked(blocked)];
    const { isPassing, requeueAfterMs = Number.POSITIVE_INFINITY } = decision;
    const mayWait = obstacle === undefined && (events.length === 0 || isPassing);
    const settlesInMs = mayWait ? settling.waitMs(uid, before, status, isPassing) : 0;
    if (settlesInMs > 0) {
      this.#observe(decision);
      return { againInMs: Math.min(settlesInMs, requeueAfterMs) };
    }
    const news = { status, events, exported: decision.exported };
    await report(this.#live, news, this.#reporting, this.#log, signal);
    this.#observe(decision);
    const again = Math.min(requeueAfterMs, blocked === undefined ? Number.POSITIVE_INFINITY : EVICT_AGAIN_MS);
    return { ...(obstacle && { obstacle }), ...(Number.isFinite(again) && { againInMs: again }) };
  }

  #observe({ assignments }: Decision): void {
    this.#context.observer.want(this.#live.metadata.uid, this.#key, assignments);
  }

  /** Writes what a model serves without: after the report, and while nobody waits for a turn to count GPUs. */
  async #finish(
    { decision }: Judged,
    { obstacle, againInMs = Number.POSITIVE_INFINITY }: CarriedOut,
    signal: AbortSignal,
  ): Promise<ReconcileResult | undefined> {
    const { intents, otherwise, specFirst } = decision;
    const optional = (specFirst && obstacle ? otherwise : intents).filter(isOptional);
    const onFailure = ({ message }: WriteFailure) => this.#log.warn(message);
    const writing = { ...this.#acting(decision), onFailure };
    const retryInMs = await this.#remembered.optionalWrites.carryOut(this.#live.metadata, optional, writing, signal);
    // An obstacle is somebody else's object or rule, which no cache of ours follows: look again, with backoff.
    if (obstacle) throw new ObstacleError(obstacle.message);
    const again = Math.min(againInMs, retryInMs ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(again) ? { requeueAfterMs: again } : undefined;
  }

  #acting(decision: Decision): ActContext {
    const { client, caches } = this.#context;
    const { uid, name } = this.#live.metadata;
    return {
      client,
      children: {
        ...caches.children,
        HTTPRoute: routeTarget(caches),
        ScaledObject: caches.scaledObjects.target,
        ...caches.monitoring.targets,
      },
      onWrite: (intent) => {
        this.#remembered.children.written(uid, name, intent);
        this.#log.info(describeIntent(intent), { revision: revisionOf(name, intent) });
        this.#tell(decision.eventsOfWrite(intent));
      },
      onLabelsRestored: (kind, child) => this.#tell([labelsRestored(kind, child)]),
    };
  }

  #tell(events: readonly EventRecord[]): void {
    announce(this.#live, events, this.#reporting.events);
  }
}

function restartBlocked(why: string): EventRecord {
  return { type: 'Warning', reason: 'RestartBlocked', action: 'Evict', note: why.slice(0, MAX_NOTE) };
}

/** The cache of routes, as it learns of own writes. */
function routeTarget({ gateway }: Caches): WriteTarget {
  return {
    type: HTTP_ROUTES,
    observeWrite: (object) => gateway.observeWrite(object),
    observeDelete: (ref) => gateway.observeDelete(ref),
  };
}
