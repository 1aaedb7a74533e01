import type { DeepSeekDeployment } from '../api/index.ts';
import type { CapacityReading } from '../rollout/capacity/index.ts';
import type { ServedMetrics } from '../autoscaling/index.ts';
import { autoscalingOf } from './autoscaling.ts';
import type { Caches } from './caches.ts';
import type { ClaimBook } from './claim-book.ts';
import { claimsOn } from './counting.ts';
import type { EngineLogs } from './engine-logs.ts';
import { gather } from './gather.ts';
import type { Observer } from './observer.ts';
import type { AsDeclared, ClusterFacts, DefaultsReading, LiveDeepSeekDeployment, LiveMeta } from './snapshot.ts';
import type { RouteState, Snapshot } from './snapshot.ts';

/** A DeepSeekDeployment that the API server has stored. */
export type Stored = LiveDeepSeekDeployment & { readonly metadata: LiveMeta };

/** What a pass has asked of somebody, beside the caches; absent: it has not asked, or there is no answer. */
export interface Answers {
  serverVersion?: ClusterFacts['version'];
  servingPriority?: boolean;
  defaults?: DefaultsReading | undefined;
  served?: ServedMetrics | undefined;
  loads?: ReadonlyMap<string, number>;
  capacity?: CapacityReading;
  servingCapacity?: CapacityReading | undefined;
}

/** Where a pass looks without asking anybody. */
export interface InSight {
  readonly caches: Caches;
  readonly engineLogs: Pick<EngineLogs, 'known'>;
  readonly observer: Pick<Observer, 'known'>;
  readonly claims: Pick<ClaimBook, 'on'>;
}

/** One snapshot of all that is known of a deployment at `now`, milliseconds since the epoch. No I/O. */
export function look(
  live: Stored,
  { caches, engineLogs, observer, claims }: InSight,
  { serverVersion, servingPriority, defaults, served, loads, capacity, servingCapacity }: Answers,
  asDeclared: AsDeclared,
  now: number,
): Snapshot {
  const cluster = {
    ...{ nodes: caches.nodes.nodes, version: serverVersion },
    ...(servingPriority !== undefined && { servingPriority }),
    ...(defaults && { defaults }),
  };
  const surroundings = {
    ...{ cluster, capacity, servingCapacity, loads, asDeclared },
    observations: observer.known(live.metadata.uid),
    claims: claimsOn(live, claims),
    route: routeOf(live, caches),
    monitoring: caches.monitoring.stateOf(live.metadata),
    autoscaling: autoscalingOf(live, caches, served),
  };
  return gather(asOnTheWire(live), caches.childStores, engineLogs, surroundings, now);
}

/** The object without defaults that this operator's schema fills in: those are not what the user asked for, and would make another revision of it. */
const asOnTheWire = (live: Stored) => live as unknown as DeepSeekDeployment & { readonly metadata: LiveMeta };

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
