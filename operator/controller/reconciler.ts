import { parseDeepSeekDeployment, type DeepSeekDeployment } from '../api/index.ts';
import type { Reconcile } from '../kube/controller.ts';
import { keyOf } from '../kube/store.ts';
import type { Clock, KubeClient } from '../kube/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { act, type WriteTarget } from './act.ts';
import type { Admission } from './admission.ts';
import type { CapacityReader, WantedCapacity, WantedClaims } from './capacity-reader.ts';
import type { ClaimBook, ClaimEntry } from './claim-book.ts';
import { giversBeside, mayGive } from './claims.ts';
import { autoscalingOf, needsServedMetrics, needsTolerance } from './autoscaling.ts';
import { HTTP_ROUTES } from './gateway.ts';
import type { MetricsApiReader } from './metrics-api.ts';
import type { Observer } from './observer.ts';
import type { DefaultsReader } from './defaults-reader.ts';
import type { PriorityClassReader } from './priority-class.ts';
import { SERVING_PRIORITY_CLASS } from '../resources/priority-class.ts';
import type { CapacityReading, Claim as Asked } from '../rollout/capacity/index.ts';
import { decide } from './decide/decide.ts';
import { enginesOf } from './decide/engines.ts';
import type { DecideOptions, Decision } from './decide/judgement.ts';
import { describeIntent, type EventRecord, type Intent, revisionOf } from './decide/intents.ts';
import { invalidSpec, obstructed } from './decide/obstructed.ts';
import { isOptional, withWriteFailures, type WriteFailure } from './decide/optional-writes.ts';
import { labelsRestored } from './decide/write-events.ts';
import type { EngineLogs } from './engine-logs.ts';
import type { ServerVersionReader } from './server-version.ts';
import { gather } from './gather.ts';
import { OptionalWrites } from './optional-writes.ts';
import type { Caches } from './caches.ts';
import { ChildrenSeen } from './children-seen.ts';
import type { Obstacle } from './obstacle.ts';
import { announce, report, type EventSink } from './report.ts';
import { reservationsBeside } from './reservations.ts';
import { Settling } from './settling.ts';
import type { Claim, DefaultsReading, LiveDeepSeekDeployment, LiveMeta, RouteState, Snapshot } from './snapshot.ts';

/** What a reconciler works with; all of it is passed in. */
export interface ReconcilerContext {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly engineLogs: EngineLogs;
  readonly serverVersion: ServerVersionReader;
  readonly priorityClasses: Pick<PriorityClassReader, 'value'>;
  /** Absent: there are none. */
  readonly defaults?: Pick<DefaultsReader, 'read'>;
  readonly metricsApi: Pick<MetricsApiReader, 'read'>;
  readonly capacity: Pick<CapacityReader, 'read'>;
  readonly admission: Pick<Admission, 'run' | 'size'>;
  readonly claims: Pick<ClaimBook, 'record' | 'on' | 'candidatesBeside'>;
  readonly observer: Pick<Observer, 'known' | 'want' | 'forget' | 'loads'>;
  readonly events: EventSink;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly options: DecideOptions;
}

/** Passes that may wait for their turn to count GPUs; the other workers stay free for what moves traffic. */
const MAX_ADMITTING = 2;
/** When a pass that would wait behind them comes back, milliseconds. */
const ADMISSION_RETRY_MS = 500;

/** One pass of the loop for one DeepSeekDeployment: gather -> decide -> act -> report. */
export function createReconciler(context: ReconcilerContext): Reconcile {
  const { caches, client, clock, metrics } = context;
  /** By key, the UID and generation whose spec the schema accepts: a pass that was caused by a child need not ask again. */
  const accepted = new Map<string, string>();

  const settling = new Settling(clock);
  const optionalWrites = new OptionalWrites({ clock });
  const seen = new ChildrenSeen();

  /** By UID, the reason of the obstacle that passes meet, and since when. */
  const met = new Map<string, { readonly reason: string; readonly since: number }>();

  /** Nothing is observed or claimed for an object that nobody moves on. */
  const leave = (uid: string): void => {
    context.observer.forget(uid);
    optionalWrites.forget(uid);
    seen.forget(uid);
    met.delete(uid);
    context.claims.record(uid);
  };

  return async (key, signal, pass) => {
    const [namespace = '', name = ''] = key.split('/');
    const live = caches.deepSeekDeployments.store.get({ namespace, name });
    if (!live) {
      const [uid = ''] = (accepted.get(key) ?? '').split('/');
      settling.forget(uid);
      leave(uid);
      accepted.delete(key);
      metrics.deployments.delete({ namespace, name });
      return undefined;
    }
    if (!isComplete(live)) return undefined;
    if (live.metadata.deletionTimestamp !== undefined) {
      leave(live.metadata.uid);
      return undefined;
    }
    const log = context.log.child({ namespace, name, generation: live.metadata.generation, reconcileId: pass.id });
    const reporting = {
      client,
      deployments: caches.deepSeekDeployments,
      events: context.events,
      metrics: metrics.deployments,
    };

    const { uid } = live.metadata;
    // An object of the same name that was made anew: nobody asks for the one before.
    const [before = uid] = (accepted.get(key) ?? uid).split('/');
    if (before !== uid) leave(before);

    const generation = `${live.metadata.uid}/${live.metadata.generation ?? 0}`;
    if (accepted.get(key) !== generation) {
      // The status is ours: what a later operator said in it, before a downgrade, is no fault of the user's.
      const { status: _, ...wish } = live;
      const parsed = parseDeepSeekDeployment(wish);
      if (!parsed.ok) {
        leave(uid);
        await report(live, invalidSpec(live, parsed.message, clock.now()), reporting, log, signal);
        return undefined;
      }
      accepted.set(key, generation);
    }
    // The object as it is on the wire, without defaults that this operator's schema fills in: those are not what the
    // user asked for, and would make another revision of it.
    const deployment = live as unknown as DeepSeekDeployment & { readonly metadata: LiveMeta };
    const onImage = deployment.spec.model.source?.image !== undefined;
    const serverVersion = onImage || needsTolerance(live) ? await context.serverVersion.read(signal) : undefined;
    let servingPriority: boolean | undefined;
    let defaults: DefaultsReading | undefined;
    const served = needsServedMetrics(live, caches) ? await context.metricsApi.read(signal) : undefined;
    let loads: ReadonlyMap<string, number> | undefined;
    const look = (capacity?: CapacityReading, servingCapacity?: CapacityReading) => {
      const cluster = {
        ...{ nodes: caches.nodes.nodes, version: serverVersion },
        ...(servingPriority !== undefined && { servingPriority }),
        ...(defaults && { defaults }),
      };
      const observations = context.observer.known(uid);
      const surroundings = {
        cluster,
        observations,
        capacity,
        servingCapacity,
        claims: claimsOn(live, context.claims),
        route: routeOf(live, caches),
        monitoring: caches.monitoring.stateOf(live.metadata),
        autoscaling: autoscalingOf(live, caches, served),
        loads,
        asDeclared: seen.of(uid),
      };
      return gather(deployment, caches.childStores, context.engineLogs, surroundings, clock.now());
    };
    let snapshot = look();
    let decision = decide(snapshot, context.options);
    const mute = snapshot.pods.filter((pod) => decision.logsWanted.includes(pod.metadata.name));
    const news = await context.engineLogs.read(mute, signal);
    if (decision.rendersRevision) {
      const isNamed = deployment.spec.podTemplate?.priorityClassName !== undefined;
      if (!isNamed)
        servingPriority = (await context.priorityClasses.value(SERVING_PRIORITY_CLASS, signal)) !== undefined;
      defaults = await context.defaults?.read();
    }
    if (news || decision.rendersRevision) {
      snapshot = look();
      decision = decide(snapshot, context.options);
    }
    if (decision.shrinks !== undefined) {
      const revision = snapshot.revisions.find(({ hash }) => hash === decision.shrinks);
      loads = await context.observer.loads(key, enginesOf(snapshot, revision), signal);
      snapshot = look();
      decision = decide(snapshot, context.options);
    }
    const tell = (events: readonly EventRecord[]) => announce(live, events, context.events);
    const acting = {
      client,
      children: {
        ...caches.children,
        HTTPRoute: routeTarget(caches),
        ScaledObject: caches.scaledObjects.target,
        ...caches.monitoring.targets,
      },
      onWrite: (intent: Intent) => {
        seen.written(uid, name, intent);
        log.info(describeIntent(intent), { revision: revisionOf(name, intent) });
      },
      onLabelsRestored: (kind: string, child: string) => tell([labelsRestored(kind, child)]),
      onFailure: ({ message }: WriteFailure) => log.warn(message),
    };
    const metSince = ({ reason }: Obstacle): number => {
      const before = met.get(uid);
      const { since } = before?.reason === reason ? before : { since: clock.now() };
      met.set(uid, { reason, since });
      return since;
    };
    const carryOut = async (until: AbortSignal): Promise<CarriedOut> => {
      seen.decided(uid, decision.asDeclared);
      const needed = decision.intents.filter((intent) => !isOptional(intent));
      const { done, obstacle, blocked } = await act(live.metadata, needed, acting, until);
      if (obstacle === undefined) met.delete(uid);
      if (decision.specFirst && !obstacle) return {};
      const told = obstacle ? obstructed(snapshot, decision, obstacle, done, metSince(obstacle)) : decision;
      const pending = decision.intents.filter(isOptional);
      const status = withWriteFailures(snapshot, told.status, pending, optionalWrites.failures(uid, pending));
      const events = blocked === undefined ? told.events : [...told.events, restartBlocked(blocked)];
      const { isPassing } = decision;
      const mayWait = obstacle === undefined && (events.length === 0 || isPassing);
      const settlesInMs = mayWait ? settling.waitMs(uid, live.status, status, isPassing) : 0;
      if (settlesInMs > 0) {
        context.observer.want(uid, key, decision.assignments);
        return { againInMs: Math.min(settlesInMs, decision.requeueAfterMs ?? settlesInMs) };
      }
      await report(live, { status, events, exported: decision.exported }, reporting, log, until);
      context.observer.want(uid, key, decision.assignments);
      const { requeueAfterMs = Number.POSITIVE_INFINITY } = decision;
      const again = Math.min(requeueAfterMs, blocked === undefined ? Number.POSITIVE_INFINITY : EVICT_AGAIN_MS);
      return { ...(obstacle && { obstacle }), ...(Number.isFinite(again) && { againInMs: again }) };
    };
    /** What a model serves without: after the report, and while nobody waits for a turn to count GPUs. */
    const finish = async ({ obstacle, againInMs }: CarriedOut) => {
      const optional = decision.specFirst ? [] : decision.intents.filter(isOptional);
      const onWrite = (intent: Intent) => {
        acting.onWrite(intent);
        tell(decision.eventsOfWrites([intent]));
      };
      const retryInMs = await optionalWrites.carryOut(live.metadata, optional, { ...acting, onWrite }, signal);
      // An obstacle is somebody else's object or rule, which no cache of ours follows: look again, with backoff.
      if (obstacle) throw new ObstacleError(obstacle.message);
      const again = Math.min(againInMs ?? Number.POSITIVE_INFINITY, retryInMs ?? Number.POSITIVE_INFINITY);
      return Number.isFinite(again) ? { requeueAfterMs: again } : undefined;
    };
    const { capacityWanted, claimWanted } = decision;
    const isClaiming = claimWanted !== undefined && claimsFor(snapshot, claimWanted, context) !== undefined;
    if (!isClaiming) context.claims.record(uid);
    if (capacityWanted === undefined && !isClaiming) return finish(await carryOut(signal));
    if (context.admission.size >= MAX_ADMITTING) return { requeueAfterMs: ADMISSION_RETRY_MS };
    // One at a time in the whole cluster: what is taken here is in the status before the next one counts.
    const carried = await context.admission.run(async (until) => {
      const room = capacityWanted && roomFor(snapshot, capacityWanted, caches);
      const claims = claimWanted && claimsFor(snapshot, claimWanted, context);
      const counted = await context.capacity.read({ room, claims }, until);
      if (counted.room) {
        snapshot = look(counted.room);
        decision = decide(snapshot, context.options);
        const next = decision.capacityWanted;
        if (next !== undefined && next.revision !== capacityWanted?.revision) {
          const room = roomFor(snapshot, next, caches);
          snapshot = look(counted.room, (await context.capacity.read({ room }, until)).room);
          decision = decide(snapshot, context.options);
        }
      }
      // One that goes on with what it has found claims nothing.
      const still = claimWanted !== undefined && decision.claimWanted?.revision === claimWanted.revision;
      context.claims.record(uid, still ? entryOf(key, claimWanted, counted.claims) : undefined);
      return carryOut(until);
    }, signal);
    return finish(carried);
  };
}

/** What came of what a pass has to do. */
interface CarriedOut {
  readonly obstacle?: Obstacle;
  /** When time alone makes another pass worth it. */
  readonly againInMs?: number;
}

/** How long an eviction that was refused is left alone: budgets change without a word to us. */
const EVICT_AGAIN_MS = 10_000;

function restartBlocked(why: string): EventRecord {
  return { type: 'Warning', reason: 'RestartBlocked', action: 'Evict', note: why.slice(0, MAX_NOTE) };
}

/** Longest note of an Event. */
const MAX_NOTE = 1024;

/** What is to be counted for a revision of this deployment. */
function roomFor(
  { deployment }: Snapshot,
  { revision, template, serving, warm }: NonNullable<Decision['capacityWanted']>,
  caches: Caches,
): WantedCapacity {
  const { namespace, name } = deployment.metadata;
  const others = caches.deepSeekDeployments.store.list();
  const own = deployment as unknown as LiveDeepSeekDeployment;
  return {
    template,
    own: { namespace, name, revision },
    ...(serving !== undefined && serving !== revision && { servingRevision: serving }),
    ...(warm !== undefined && warm !== revision && { warmRevision: warm }),
    reservations: reservationsBeside(own, others, caches.childStores),
  };
}

/** What is to be claimed of others for a revision of this deployment; undefined: nobody could give. */
function claimsFor(
  snapshot: Snapshot,
  wanted: NonNullable<Decision['claimWanted']>,
  { caches, claims }: Pick<ReconcilerContext, 'caches' | 'claims'>,
): WantedClaims | undefined {
  const own = snapshot.deployment as unknown as LiveDeepSeekDeployment;
  const others = caches.deepSeekDeployments.store.list();
  const givers = giversBeside(own, others, caches.childStores.deployments);
  if (givers.every(({ replicas }) => replicas === 0)) return undefined;
  const room = roomFor(snapshot, wanted, caches);
  const { replicas, partly } = wanted;
  // What serves comes before candidates, whoever asked first.
  const first = partly ? [] : claims.candidatesBeside(snapshot.deployment.metadata.uid);
  return { ...room, replicas, partly, givers, reservations: [...room.reservations, ...first] };
}

function entryOf(
  holder: string,
  { partly, replicas, template }: NonNullable<Decision['claimWanted']>,
  claims: readonly Asked[] = [],
): ClaimEntry {
  return { holder, claims, ...(!partly && { candidate: { replicas, template } }) };
}

/** What others claim of the version that this deployment keeps warm. */
function claimsOn(live: LiveDeepSeekDeployment, claims: Pick<ClaimBook, 'on'>): readonly Claim[] {
  const { rollback } = live.status ?? {};
  return rollback === undefined || !mayGive(live) ? [] : claims.on(keyOf(live.metadata), rollback.revision);
}

/** The route of a deployment that asks for a gateway, or has asked. */
function routeOf({ metadata, spec, status }: LiveDeepSeekDeployment, { gateway }: Caches): RouteState | undefined {
  const { routeRef, gateway: ours } = spec.traffic ?? {};
  const { namespace = '', name } = metadata;
  const own = gateway.route(namespace, name);
  const wanted = ours === undefined ? routeRef?.name : name;
  if (wanted === undefined && status?.route === undefined && own === undefined) return undefined;
  return {
    readable: gateway.state?.readable,
    missing: gateway.state?.installed === false,
    ...(wanted !== undefined && {
      live: gateway.route(namespace, wanted),
      notTakenSince: gateway.notTakenSince(namespace, wanted),
    }),
    ...(wanted !== name && { leftover: own }),
  };
}

/** The cache of routes, as it learns of own writes. */
function routeTarget({ gateway }: Caches): WriteTarget {
  return {
    type: HTTP_ROUTES,
    observeWrite: (object) => gateway.observeWrite(object),
    observeDelete: (ref) => gateway.observeDelete(ref),
  };
}

/** A write met an obstacle that is reported; the pass is repeated with backoff until it is gone. */
export class ObstacleError extends Error {
  readonly code = 'OBSTACLE';
  override readonly name = 'ObstacleError';
}

function isComplete(
  object: LiveDeepSeekDeployment,
): object is LiveDeepSeekDeployment & { readonly metadata: LiveMeta } {
  return object.metadata.uid !== undefined && object.metadata.namespace !== undefined;
}
