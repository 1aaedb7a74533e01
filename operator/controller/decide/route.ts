import { type HttpRoute, httpRoute, routeVerdict, routeWeights, type RouteTraffic } from '../../resources/index.ts';
import type { RolloutInput, RolloutStep } from '../../rollout/machine/types.ts';
import { isOwnedBy } from '../gather.ts';
import type { LiveHttpRoute } from '../gateway.ts';
import type { RouteState, Snapshot } from '../snapshot.ts';
import type { Intent } from './intents.ts';
import type { Upkeep } from './upkeep.ts';

/** Whether the spec asks for a gateway. */
export function hasGateway({ spec }: Pick<Snapshot['deployment'], 'spec'>): boolean {
  return spec.traffic?.gateway !== undefined || spec.traffic?.routeRef !== undefined;
}

/** What the gateway says of the route, as the rollout needs it; undefined: no gateway is asked for. */
export function routeStateOf(
  snapshot: Snapshot,
  revisions: { readonly serving?: string | undefined; readonly candidate?: string | undefined },
): RolloutInput['route'] {
  const { deployment, route } = snapshot;
  if (!hasGateway(deployment)) return undefined;
  const not = (refused: boolean, message: string, since = route?.notTakenSince) => ({
    ...{ taken: false, refused, message },
    ...(since !== undefined && { since }),
  });
  const wait = (message: string) => not(false, message);
  if (route?.readable === undefined) return wait('The routes of the cluster are not known yet.');
  if (!route.readable) return wait('Gateway API is not installed, or its HTTPRoutes may not be read.');
  const name = deployment.spec.traffic?.routeRef?.name ?? deployment.metadata.name;
  if (route.live === undefined) return wait(`There is no HTTPRoute ${name} yet.`);
  const lacks = routeLacks(snapshot, revisions);
  // A gateway may well have taken it as it is: since when it lacks something nobody has seen.
  if (lacks !== undefined) return not(true, `HTTPRoute ${name}: ${lacks}.`, route.notTakenSince ?? 0);
  const verdict = routeVerdict(route.live, route.live.metadata.generation ?? 0);
  if (verdict === 'Taken') return { taken: true, refused: false, message: 'The gateway has taken the route.' };
  if (verdict === 'Pending') return wait(`No gateway has taken the HTTPRoute ${name} yet.`);
  return not(true, `HTTPRoute ${name}: ${verdict.refused}`);
}

/** Whether the route names the candidate yet: its Service is there, and its pods are ready. */
function isNamed({ phase, weight }: RolloutStep): boolean {
  return weight > 0 || phase === 'Proving' || phase === 'AwaitingPromotion';
}

/** Who gets how much through the gateway after a step. */
function sharesOf({ deployment }: Snapshot, step: RolloutStep): RouteTraffic | undefined {
  const { serving, candidate, weight } = step;
  if (serving === undefined) return undefined;
  const others = [...step.replicas.keys()].filter((hash) => hash !== serving && (hash !== candidate || isNamed(step)));
  // A gateway needs a moment for a backend that is new to it: whatever may get traffic is named before it does.
  const waiting = (revision: string) => ({ revision, weight: 0 });
  if (candidate === undefined || weight === 0 || !others.includes(candidate)) {
    return { backends: [{ revision: serving, weight: 100 }, ...others.map(waiting)] };
  }
  const headers = deployment.spec.rollout?.canary?.match?.headers;
  return {
    backends: [
      { revision: serving, weight: 100 - weight },
      { revision: candidate, weight },
      ...others.filter((hash) => hash !== candidate).map(waiting),
    ],
    ...(headers && { match: { revision: candidate, headers } }),
  };
}

/** The write, if any, that brings the route to what the step wants. */
export function routeIntents(snapshot: Snapshot, step: RolloutStep, upkeep: Upkeep): Intent[] {
  const { deployment, route } = snapshot;
  const shares = sharesOf(snapshot, step);
  const { gateway, routeRef } = deployment.spec.traffic ?? {};
  if (route?.readable !== true || shares === undefined) return [];
  const { live } = route;
  if (gateway !== undefined) {
    const isOurs = live !== undefined && isOwnedBy(live, deployment.metadata.uid);
    return [upkeep.bring('HTTPRoute', httpRoute(deployment, shares), isOurs ? live : undefined) ?? []].flat();
  }
  if (routeRef === undefined || live === undefined) return [];
  const patch = routeWeights(withMetadata(live), deployment.metadata.name, {
    serving: step.serving ?? '',
    candidate: step.candidate,
    backends: shares.backends,
  });
  return 'steps' in patch && patch.steps.length > 0
    ? [{ type: 'SetRouteWeights', name: routeRef.name, steps: patch.steps }]
    : [];
}

/** The same object: the builders know the field types of another library. */
function withMetadata(
  live: LiveHttpRoute,
): HttpRoute & { readonly metadata: { name: string; namespace?: string; uid?: string } } {
  const { name, namespace, uid } = live.metadata;
  return {
    ...live,
    metadata: { name, ...(namespace !== undefined && { namespace }), ...(uid !== undefined && { uid }) },
  };
}

/** What the user has to write into the route of his own before a canary can have a share in it; undefined: nothing. */
function routeLacks(
  { deployment, route }: Snapshot,
  { serving, candidate }: { readonly serving?: string | undefined; readonly candidate?: string | undefined },
): string | undefined {
  const { rollout, traffic } = deployment.spec;
  if (traffic?.routeRef === undefined || rollout?.strategy !== 'Canary' || route?.live === undefined) return undefined;
  if (serving === undefined || candidate === undefined || candidate === serving) return undefined;
  const backends = [serving, candidate].map((revision) => ({ revision, weight: 50 }));
  const patch = routeWeights(withMetadata(route.live), deployment.metadata.name, { serving, candidate, backends });
  return 'lacks' in patch ? patch.lacks : undefined;
}

/** A route of ours that the spec does not ask for any more. */
export function isLeftover({ leftover }: RouteState, uid: string): boolean {
  return leftover !== undefined && isOwnedBy(leftover, uid);
}

/** Takes away a route of ours that nobody asks for any more; if the user's own follows it, once a gateway has taken that. */
export function routeDeletions(snapshot: Snapshot): Intent[] {
  const { deployment, route } = snapshot;
  const { uid } = deployment.metadata;
  if (route?.leftover === undefined || !isLeftover(route, uid)) return [];
  if (route.leftover.metadata.deletionTimestamp !== undefined) return [];
  if (deployment.spec.traffic?.routeRef !== undefined && routeStateOf(snapshot, {})?.taken !== true) return [];
  const { name, uid: routeUid = '' } = route.leftover.metadata;
  return [{ type: 'Delete', kind: 'HTTPRoute', name, uid: routeUid, because: 'traffic.gateway is not set any more' }];
}
