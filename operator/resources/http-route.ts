import { type Child, childMetadata, childNames, type Owner } from './names.ts';

/**
 * HTTPRoute, as far as it is written and read here (sigs.k8s.io/gateway-api v1.4.0, apis/v1/httproute_types.go): the
 * standard channel, which every implementation has.
 */
export interface HttpRoute {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec?: {
    readonly parentRefs?: readonly ParentRef[];
    readonly hostnames?: readonly string[];
    readonly rules?: readonly RouteRule[];
  };
  readonly status?: { readonly parents?: readonly RouteParentStatus[] };
}

export interface ParentRef {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

export interface RouteRule {
  readonly matches?: readonly RouteMatch[];
  readonly backendRefs?: readonly BackendRef[];
  readonly timeouts?: { readonly request?: string; readonly backendRequest?: string };
}

export interface RouteMatch {
  readonly path?: { readonly type?: string; readonly value?: string };
  readonly headers?: readonly { readonly type?: string; readonly name: string; readonly value: string }[];
}

export interface BackendRef {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly port?: number;
  /** Default 1. */
  readonly weight?: number;
}

/** What one gateway says of a route. */
export interface RouteParentStatus {
  readonly parentRef: ParentRef;
  readonly controllerName?: string;
  readonly conditions?: readonly RouteCondition[];
}

export interface RouteCondition {
  readonly type: string;
  readonly status: string;
  readonly observedGeneration?: number;
  readonly reason?: string;
  readonly message?: string;
}

/** A share of the traffic. Weights are in proportion to each other; 0 keeps the backend in the route without requests. */
export interface WeightedRevision {
  readonly revision: string;
  readonly weight: number;
}

/** Which requests go to which revision. */
export interface RouteTraffic {
  /** At least one with a weight above 0; each revision once. */
  readonly backends: readonly WeightedRevision[];
  /** Requests that have all of these headers, with exactly these values, go to this revision alone, whatever the weights. */
  readonly match?: { readonly revision: string; readonly headers: Readonly<Record<string, string>> } | undefined;
}

export const HTTP_ROUTE = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' } as const;

/** Port of a revision's Service. */
const REVISION_PORT = 80;

/**
 * No limit on a request, for the answer of a reasoning model streams for minutes: zero means none (GEP-1742). Left out,
 * the limit is the implementation's (15 s in a bare Envoy). Traefik 3.6 reads neither field, and has no such limit.
 */
const NO_TIMEOUTS = { request: '0s', backendRequest: '0s' } as const;

/**
 * The HTTPRoute of `traffic.gateway`: one Service per revision, so that a weight says exactly which version answers.
 *
 * The route names each Service by its revision, never the active one: its selector and the weights would move at
 * different moments. Every Service that it names has to exist first, also at weight 0: Traefik and others answer a route
 * with a missing backend with 500 in its place and `ResolvedRefs=False`.
 *
 * A new backend goes into the route at weight 0 first, and gets its share some seconds later: Traefik takes a route before it has
 * gathered the addresses behind it, and answers 503 in that moment.
 *
 * @throws RangeError when no backend has a weight above 0: that would be an outage.
 */
export function httpRoute(deployment: Owner, traffic: RouteTraffic): Child<HttpRoute> {
  if (!traffic.backends.some(({ weight }) => weight > 0)) {
    throw new RangeError('a route needs a backend with a weight above 0');
  }
  const { name } = deployment.metadata;
  const gateway = deployment.spec.traffic?.gateway;
  const { backends, match } = traffic;
  const everything = { path: { type: 'PathPrefix', value: '/' } };
  return {
    ...HTTP_ROUTE,
    metadata: childMetadata(deployment, name),
    spec: {
      parentRefs: (gateway?.parentRefs ?? []).map((parent) => ({ ...parent })),
      ...(gateway?.hostnames && { hostnames: [...gateway.hostnames] }),
      rules: [
        // A request that fits several rules goes to the one with more headers, so testers are not split.
        ...(match
          ? [
              {
                matches: [{ ...everything, headers: exactly(match.headers) }],
                backendRefs: [backendRef(name, match.revision, 1)],
                timeouts: NO_TIMEOUTS,
              },
            ]
          : []),
        {
          matches: [everything],
          backendRefs: backends.map(({ revision, weight }) => backendRef(name, revision, weight)),
          timeouts: NO_TIMEOUTS,
        },
      ],
    },
  };
}

function exactly(headers: Readonly<Record<string, string>>) {
  // Sorted: the order of the keys in the spec must not make a write.
  return Object.entries(headers)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ type: 'Exact', name, value }));
}

function backendRef(name: string, revision: string, weight: number): BackendRef {
  return { kind: 'Service', name: childNames(name, revision).revisionService, port: REVISION_PORT, weight };
}

/** A step of an RFC 6902 patch. */
export interface JsonPatchStep {
  readonly op: 'test' | 'add';
  readonly path: string;
  readonly value: string | number;
}

/** Who gets how much of the traffic in a route of the user's. */
export interface RouteShares {
  /** Hash of the revision that the active Service `<name>` selects. */
  readonly serving: string;
  /** Hash of the revision that the Service `<name>-preview` selects; absent: it selects none of interest. */
  readonly candidate?: string | undefined;
  /** Revisions that are not listed get 0. */
  readonly backends: readonly WeightedRevision[];
}

/** `steps`: what to patch, nothing when the route says it already. `lacks`: what the user has to write first, a sentence. */
export type RoutePatch = { readonly steps: readonly JsonPatchStep[] } | { readonly lacks: string };

/**
 * The smallest patch that sets the weights in the user's own route (`traffic.routeRef`) and touches nothing else of it.
 *
 * A rule is split by us when its backendRefs name at least two of our Services: `<name>` (what serves), `<name>-preview`
 * (the candidate), or `<name>-<revision>`. A rule that names one of them, or none, is the user's own decision: one for
 * testers that leads to `<name>-preview` alone, say. Other Services in a split rule keep their weights, which count beside ours.
 *
 * Each step is preceded by tests of the route's UID and of the name at that place: the server refuses the whole patch with
 * 422 when somebody has moved the list meanwhile. The weights of a list that is applied from Git have to be ignored there.
 */
export function routeWeights(
  route: HttpRoute & { readonly metadata: { readonly namespace?: string; readonly uid?: string } },
  name: string,
  shares: RouteShares,
): RoutePatch {
  const split = (route.spec?.rules ?? [])
    .map((rule, index) => ({ index, backends: ourBackends(rule, route.metadata.namespace, name, shares) }))
    .filter(({ backends }) => backends.length >= 2);
  if (split.length === 0) return { lacks: howToWrite(name, 'no rule names two of') };
  const missing = shares.backends.filter(
    ({ revision, weight }) =>
      weight > 0 && !split.every(({ backends }) => backends.some((ours) => ours.revision === revision)),
  );
  if (missing.length > 0) return { lacks: howToWrite(name, 'a rule splits the traffic without both of') };

  const steps = split.flatMap(({ index, backends }) => {
    const taken = new Set<string>();
    return backends.flatMap(({ position, backend, revision }) => {
      // Two entries may lead to one revision, `<name>` and `<name>-<revision>`: its share is given once.
      const wanted = revision === undefined || taken.has(revision) ? 0 : weightOf(revision, shares);
      if (revision !== undefined) taken.add(revision);
      if ((backend.weight ?? 1) === wanted) return [];
      const path = `/spec/rules/${index}/backendRefs/${position}`;
      return [
        { op: 'test', path: `${path}/name`, value: backend.name },
        { op: 'add', path: `${path}/weight`, value: wanted },
      ] as const;
    });
  });
  if (steps.length === 0) return { steps: [] };
  const uid = route.metadata.uid;
  return {
    steps: [...(uid === undefined ? [] : [{ op: 'test', path: '/metadata/uid', value: uid } as const]), ...steps],
  };
}

/** The backends of a rule that are Services of ours, and the revision that each leads to; undefined: to none that counts. */
function ourBackends(rule: RouteRule, namespace: string | undefined, name: string, shares: RouteShares) {
  return (rule.backendRefs ?? []).flatMap((backend, position) => {
    const service = (backend.group ?? '') === '' && (backend.kind ?? 'Service') === 'Service';
    if (!service || (backend.namespace ?? namespace) !== namespace) return [];
    const prefix = `${name}-`;
    if (backend.name === name) return [{ position, backend, revision: shares.serving }];
    if (backend.name === `${prefix}preview`) return [{ position, backend, revision: shares.candidate }];
    const known = [shares.serving, shares.candidate, ...shares.backends.map(({ revision }) => revision)];
    const revision = known.find((hash) => hash !== undefined && backend.name === `${prefix}${hash}`);
    if (revision !== undefined) return [{ position, backend, revision }];
    return REVISION_SUFFIX.test(backend.name.slice(prefix.length)) && backend.name.startsWith(prefix)
      ? [{ position, backend, revision: undefined }]
      : [];
  });
}

/** A name of a revision (rollout/canonical.ts). One that is no longer known may be left in a route, and gets nothing. */
const REVISION_SUFFIX = /^[b-df-hj-np-tv-xz24-9]{10}$/;

function weightOf(revision: string, { backends }: RouteShares): number {
  return backends.find((backend) => backend.revision === revision)?.weight ?? 0;
}

function howToWrite(name: string, problem: string): string {
  return (
    `${problem} the Services ${name} and ${name}-preview: write both into the backendRefs of each rule to be split, ` +
    `with weights 100 and 0`
  );
}
