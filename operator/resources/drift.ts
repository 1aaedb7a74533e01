import { sameQuantity } from './quantity.ts';

type Json = Readonly<Record<string, unknown>>;
/** Where in an object something is: keys of maps, indices of lists. */
export type Path = readonly (string | number)[];

/** Maps whose keys are the user's: a foreign key in one changes what the object says, so they are compared exactly. */
const FREE_FORM_MAPS = new Set([
  'labels',
  'annotations',
  'nodeSelector',
  'matchLabels',
  'data',
  'stringData',
  'binaryData',
]);

/** Selectors, as maps or as `{matchLabels, matchExpressions}`. A foreign requirement narrows them, and the server adds none. */
const SELECTORS = new Set(['selector', 'labelSelector', 'podSelector', 'namespaceSelector']);

/** Free-form maps of quantities. */
const QUANTITY_MAPS = new Set(['requests', 'limits']);

const QUANTITIES = new Set(['sizeLimit', 'divisor', 'storage', 'averageValue', 'tolerance']);

const INT_OR_STRING = new Set(['targetPort', 'port', 'maxSurge', 'maxUnavailable', 'minAvailable']);

/** Lists of a spec that are maps to server-side apply: ports of a Service, groups of a PrometheusRule. */
const KEYED_LISTS: Readonly<Record<string, (element: Json) => string>> = {
  ports: ({ port, protocol = 'TCP' }) => `${String(port)}/${String(protocol)}`,
  groups: ({ name }) => String(name),
};

/**
 * Pointer fields of the API (k8s.io/api v0.36): the server keeps a declared `false` or 0 in them, and an absent one
 * means something else. Any other zero value is omitted when the server writes the object.
 */
const KEPT_ZERO_VALUES = new Set([
  ...['allowPrivilegeEscalation', 'automountServiceAccountToken', 'enableServiceLinks', 'hostUsers', 'privileged'],
  ...[
    'readOnlyRootFilesystem',
    'runAsNonRoot',
    'setHostnameAsFQDN',
    'shareProcessNamespace',
    'allocateLoadBalancerNodePorts',
  ],
  ...[
    'fsGroup',
    'runAsGroup',
    'runAsUser',
    'tolerationSeconds',
    'defaultMode',
    'mode',
    'terminationGracePeriodSeconds',
  ],
  ...['replicas', 'revisionHistoryLimit', 'progressDeadlineSeconds', 'minReplicas', 'stabilizationWindowSeconds'],
]);

/**
 * The JSON paths at which `live` does not say what `desired` declares; empty means that no write is needed.
 *
 * What the server adds (defaults, status, fields of others) is not drift: structs are compared by the fields that we
 * declare. Maps with free keys are compared exactly, but for the labels and annotations of the object itself, which
 * others may add to; lists element by element, at the same length, but for the ports of a Service and the groups of a
 * PrometheusRule, beside which others may have theirs; quantities by amount.
 */
export function covers(desired: object, live: object): string[] {
  return driftPaths(desired, live).map(formatPath);
}

/** The same paths step by step; an index of a list counts the elements that `desired` declares. */
export function driftPaths(desired: object, live: object): Path[] {
  const comparison = new Comparison();
  comparison.struct(desired as Json, live as Json);
  return comparison.drift;
}

/** One walk over both objects. Every pass makes some ten of them: nothing is copied on the way. */
class Comparison {
  readonly drift: Path[] = [];
  readonly #path: (string | number)[] = [];

  struct(desired: Json, live: Json): void {
    for (const key in desired) this.#at(key, () => this.#compare(desired[key], live[key]));
  }

  #at(step: string | number, look: () => void): void {
    this.#path.push(step);
    look();
    this.#path.pop();
  }

  #differs(): void {
    this.drift.push([...this.#path]);
  }

  #compare(desired: unknown, live: unknown): void {
    if (desired === undefined || desired === null) return;
    const path = this.#path;
    const key = path.at(-1);
    const isOwn = isOwnMetadata(path);
    if (typeof key === 'string' && !isOwn && this.#byName(key, desired, live)) return;
    if (isOwn && key === 'ownerReferences') this.#owners(desired as Json[], live);
    else if (path.length === 2 && path[0] === 'spec' && typeof key === 'string' && KEYED_LISTS[key] !== undefined)
      this.#keyed(desired as Json[], live, KEYED_LISTS[key]);
    else if (Array.isArray(desired)) this.#list(desired, live);
    else if (isObject(desired)) {
      if (isObject(live)) this.struct(desired, live);
      else if (!isOwn || Object.keys(desired).length > 0) this.#differs();
    } else if (desired !== live && !(live === undefined && isOmittedZero(desired, key))) this.#differs();
  }

  /** Compares a field whose name says how; false: it does not. */
  #byName(key: string, desired: unknown, live: unknown): boolean {
    if (FREE_FORM_MAPS.has(key) || SELECTORS.has(key)) this.#exactly(desired, live);
    else if (QUANTITY_MAPS.has(key)) this.#exactly(desired, live, sameAmount);
    else if (QUANTITIES.has(key)) {
      if (!sameAmount(desired, live)) this.#differs();
    } else if (INT_OR_STRING.has(key) && isScalar(desired)) {
      if (!isScalar(live) || String(desired) !== String(live)) this.#differs();
    } else return false;
    return true;
  }

  #list(desired: readonly unknown[], live: unknown): void {
    const elements: readonly unknown[] = Array.isArray(live) ? live : [];
    if (elements.length !== desired.length) this.#differs();
    else desired.forEach((element, index) => this.#at(index, () => this.#compare(element, elements[index])));
  }

  /** Every key and every value on both sides. An empty map and an absent one are the same. */
  #exactly(desired: unknown, live: unknown, same: (a: unknown, b: unknown) => boolean = Object.is): void {
    if (Array.isArray(desired)) {
      const elements: readonly unknown[] = Array.isArray(live) ? live : [];
      if (elements.length !== desired.length) this.#differs();
      else desired.forEach((element, index) => this.#at(index, () => this.#exactly(element, elements[index], same)));
    } else if (!isObject(desired)) {
      if (desired !== live && !same(desired, live)) this.#differs();
    } else if (live === undefined || isObject(live)) {
      for (const key of new Set([...Object.keys(desired), ...Object.keys(live ?? {})]))
        this.#at(key, () => this.#exactly(desired[key], live?.[key], same));
    } else this.#differs();
  }

  /** Other owners may stand beside ours. */
  #owners(desired: readonly Json[], live: unknown): void {
    this.#each(desired, live, (one, other) => one['uid'] === other['uid']);
  }

  /** An apply of ours would leave the elements of others there. */
  #keyed(desired: readonly Json[], live: unknown, keyOf: (element: Json) => string): void {
    this.#each(desired, live, (one, other) => keyOf(one) === keyOf(other));
  }

  #each(desired: readonly Json[], live: unknown, isSame: (one: Json, other: Json) => boolean): void {
    const elements: readonly unknown[] = Array.isArray(live) ? live : [];
    desired.forEach((one, index) => {
      const other = elements.find((candidate): candidate is Json => isObject(candidate) && isSame(candidate, one));
      this.#at(index, () => {
        if (other === undefined) this.#differs();
        else this.struct(one, other);
      });
    });
  }
}

function sameAmount(a: unknown, b: unknown): boolean {
  return isScalar(a) && isScalar(b) && sameQuantity(a, b);
}

function isOmittedZero(value: unknown, key: string | number | undefined): boolean {
  return (value === false || value === 0 || value === '') && !KEPT_ZERO_VALUES.has(String(key));
}

function isOwnMetadata(path: Path): boolean {
  return path.length === 2 && path[0] === 'metadata';
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

/** `spec.template.metadata.labels["app.kubernetes.io/name"]`, `spec.ports[0].port`. */
export function formatPath(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      if (!/^[A-Za-z_$][\w$]*$/.test(step)) return `["${step}"]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
}
