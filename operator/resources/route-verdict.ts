import type { HttpRoute, ParentRef, RouteCondition, RouteParentStatus } from './http-route.ts';

/** What the gateways say of a route: all took it; some have not answered for this generation; one refused it, and why. */
export type RouteVerdict = 'Taken' | 'Pending' | { readonly refused: string };

/** What a route has to be for requests to follow it. `Programmed` is not in the standard; who sets it means it. */
const NEEDED = ['Accepted', 'ResolvedRefs', 'Programmed'] as const;

/**
 * Reads back whether every gateway in `parentRefs` took the route as it is at `generation`. What a gateway has said of an
 * earlier generation counts for nothing.
 *
 * `Taken` says that the gateway has understood the route, not that requests follow it already: Traefik 3.6 writes its status up to
 * `providersThrottleDuration` (2 s) before. A refusal may heal by itself (a Service or gateway that comes later), so the
 * caller gives it time.
 */
export function routeVerdict(route: HttpRoute, generation: number): RouteVerdict {
  const parents = route.status?.parents ?? [];
  const verdicts = (route.spec?.parentRefs ?? []).map((parent) => verdictOf(parent, parents, generation));
  const refused = verdicts.filter((verdict) => typeof verdict === 'object');
  if (refused.length > 0) return { refused: refused.map(({ refused: why }) => why).join('; ') };
  return verdicts.length > 0 && verdicts.every((verdict) => verdict === 'Taken') ? 'Taken' : 'Pending';
}

function verdictOf(parent: ParentRef, statuses: readonly RouteParentStatus[], generation: number): RouteVerdict {
  // A controller that is gone leaves what it last said; it must not stand against one that is there.
  const current = statuses
    .filter(({ parentRef }) => sameParent(parentRef, parent))
    .map(({ conditions = [] }) => conditions.filter(({ observedGeneration = 0 }) => observedGeneration >= generation))
    .filter((conditions) => conditions.length > 0);
  const bad = current
    .flat()
    .find((condition) => isNeeded(condition) && condition.status === 'False' && !isPending(condition));
  if (bad) return { refused: `gateway ${parent.name}: ${describe(bad)}` };
  const taken = current.some((conditions) => {
    const needed = conditions.filter(isNeeded);
    return needed.some(({ type }) => type === 'Accepted') && needed.every(({ status }) => status === 'True');
  });
  return taken ? 'Taken' : 'Pending';
}

function isNeeded({ type }: RouteCondition): boolean {
  return (NEEDED as readonly string[]).includes(type);
}

/** Reason `Pending`: the gateway has seen the route and not judged it. */
function isPending({ reason }: RouteCondition): boolean {
  return reason === 'Pending';
}

function describe({ type, status, reason = '', message = '' }: RouteCondition): string {
  return `${type}=${status}${reason && ` (${reason})`}${message && `: ${message}`}`;
}

/** The server fills in group and kind. A namespace may stand in one of the two alone: it is then that of the route. */
function sameParent(a: ParentRef, b: ParentRef): boolean {
  const keys = ['name', 'sectionName', 'port'] as const;
  return (
    keys.every((key) => a[key] === b[key]) &&
    (a.group ?? 'gateway.networking.k8s.io') === (b.group ?? 'gateway.networking.k8s.io') &&
    (a.kind ?? 'Gateway') === (b.kind ?? 'Gateway') &&
    (a.namespace === undefined || b.namespace === undefined || a.namespace === b.namespace)
  );
}
