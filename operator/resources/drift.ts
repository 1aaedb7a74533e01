import { sameQuantity } from './quantity.ts';

type Json = Readonly<Record<string, unknown>>;
type Path = readonly (string | number)[];

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
 * others may add to; lists element by element, at the same length, but for the ports of a Service, beside which others
 * may have theirs; quantities by amount.
 */
export function covers(desired: object, live: object): string[] {
  return compareStruct(desired as Json, live as Json, []);
}

function compare(desired: unknown, live: unknown, path: Path): string[] {
  if (desired === undefined || desired === null) return [];
  const key = path.at(-1);
  if (typeof key === 'string' && !isOwnMetadata(path)) {
    if (FREE_FORM_MAPS.has(key) || SELECTORS.has(key)) return compareExactly(desired, live, path);
    if (QUANTITY_MAPS.has(key)) return compareExactly(desired, live, path, sameAmount);
    if (QUANTITIES.has(key)) return sameAmount(desired, live) ? [] : [format(path)];
    if (INT_OR_STRING.has(key) && isScalar(desired))
      return isScalar(live) && String(desired) === String(live) ? [] : [format(path)];
  }
  if (isOwnMetadata(path) && key === 'ownerReferences') return compareOwners(desired as Json[], live, path);
  if (path.join('.') === 'spec.ports') return comparePorts(desired as Json[], live, path);
  if (Array.isArray(desired)) return compareList(desired, live, path);
  if (isObject(desired))
    return isObject(live) ? compareStruct(desired, live, path) : isOwnMap(path, desired) ? [] : [format(path)];
  if (desired === live) return [];
  return live === undefined && isOmittedZero(desired, key) ? [] : [format(path)];
}

function compareStruct(desired: Json, live: Json, path: Path): string[] {
  return Object.entries(desired).flatMap(([key, value]) => compare(value, live[key], [...path, key]));
}

function compareList(desired: readonly unknown[], live: unknown, path: Path): string[] {
  const elements: readonly unknown[] = Array.isArray(live) ? live : [];
  if (elements.length !== desired.length) return [format(path)];
  return desired.flatMap((element, index) => compare(element, elements[index], [...path, index]));
}

/** Every key and every value on both sides. An empty map and an absent one are the same. */
function compareExactly(
  desired: unknown,
  live: unknown,
  path: Path,
  same: (a: unknown, b: unknown) => boolean = Object.is,
): string[] {
  if (Array.isArray(desired)) {
    const elements: readonly unknown[] = Array.isArray(live) ? live : [];
    if (elements.length !== desired.length) return [format(path)];
    return desired.flatMap((element, index) => compareExactly(element, elements[index], [...path, index], same));
  }
  if (isObject(desired)) {
    if (live !== undefined && !isObject(live)) return [format(path)];
    const present = live ?? {};
    const keys = new Set([...Object.keys(desired), ...Object.keys(present)]);
    return [...keys].flatMap((key) => compareExactly(desired[key], present[key], [...path, key], same));
  }
  return desired === live || same(desired, live) ? [] : [format(path)];
}

/** Other owners may stand beside ours. */
function compareOwners(desired: readonly Json[], live: unknown, path: Path): string[] {
  const owners: readonly unknown[] = Array.isArray(live) ? live : [];
  return desired.flatMap((owner, index) => {
    const same = owners.find((candidate) => isObject(candidate) && candidate['uid'] === owner['uid']);
    return same === undefined ? [format([...path, index])] : compareStruct(owner, same as Json, [...path, index]);
  });
}

/** A map by port and protocol to server-side apply: an apply of ours would leave the ports of others there. */
function comparePorts(desired: readonly Json[], live: unknown, path: Path): string[] {
  const ports: readonly unknown[] = Array.isArray(live) ? live : [];
  const keyOf = ({ port, protocol = 'TCP' }: Json) => `${String(port)}/${String(protocol)}`;
  return desired.flatMap((port, index) => {
    const same = ports.find((candidate) => isObject(candidate) && keyOf(candidate) === keyOf(port));
    return same === undefined ? [format([...path, index])] : compareStruct(port, same as Json, [...path, index]);
  });
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

function isOwnMap(path: Path, value: Json): boolean {
  return isOwnMetadata(path) && Object.keys(value).length === 0;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

/** `spec.template.metadata.labels["app.kubernetes.io/name"]`, `spec.ports[0].port`. */
function format(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      if (!/^[A-Za-z_$][\w$]*$/.test(step)) return `["${step}"]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
}
