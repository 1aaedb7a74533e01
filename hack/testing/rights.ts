import { type AuditEntry, RIGHTFUL } from '../cluster/index.ts';
import { type Right, RIGHTS } from '../../operator/api/rights.ts';
import type { TierResult } from './report.ts';

const SERVICE_ACCOUNT = /^system:serviceaccount:[^:]+:deepseek-operator$/;

/** Granted verbs that no run uses, each with the reason why it is granted. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {
  'update deepseekdeployments/finalizers.deepseek-operator.io':
    'no request: an admission plugin of the API server, which all test clusters have, asks for it when children are written',
};

/** `verb resource.group/subresource`, with the name where the right is for one object: what a right is counted by. */
const keyOf = (group: string, resource: string, verb: string, name?: string): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : ` ${name}`}`;

function keysOf({ group, resources, verbs, names }: Right): string[] {
  return resources.flatMap((resource) =>
    verbs.flatMap((verb) => (names ?? [undefined]).map((name) => keyOf(group, resource, verb, name))),
  );
}

/** Every verb that is granted, as `verb resource.group`. */
export const GRANTED: ReadonlySet<string> = new Set(RIGHTS.flatMap(keysOf));

/** Its resource and subresource, as rights name them. */
const resourceOf = ({ resource = '', subresource }: Pick<AuditEntry, 'resource' | 'subresource'>): string =>
  subresource === undefined ? resource : `${resource}/${subresource}`;

/**
 * The granted verbs that requests of the operator used and got. Where two scopes grant the same (pods are listed in the namespaces
 * with models, and in all to count GPUs), one use counts for both.
 */
export function usedRights(entries: readonly AuditEntry[]): Set<string> {
  const used = new Set<string>();
  for (const entry of entries) {
    const { user, groups, denied, code, verb, resource, group, name } = entry;
    if (denied || resource === undefined || !(groups.includes(RIGHTFUL) || SERVICE_ACCOUNT.test(user))) continue;
    const full = resourceOf(entry);
    // A server-side apply of what is not there yet is a patch in the log, and needs `create` beside `patch`.
    const verbs = verb === 'patch' && code === 201 ? ['patch', 'create'] : [verb];
    for (const each of verbs) {
      // A right for one object is what its requests need; one for all of a kind is for the others.
      const key = [keyOf(group, full, each, name), keyOf(group, full, each)].find((candidate) =>
        GRANTED.has(candidate),
      );
      if (key !== undefined) used.add(key);
    }
  }
  return used;
}

/** What a run lacked: requests of the operator that were denied, as `verb resource.group in namespace, asked by user at time`. */
export function deniedRights(
  entries: readonly AuditEntry[],
  { mayBeNarrow }: { readonly mayBeNarrow: boolean },
): Set<string> {
  const hasRight = grantedElsewhere(entries);
  const denied = entries.filter((entry) => {
    const { user, groups, denied: isDenied, namespace } = entry;
    if (!isDenied || hasRight(entry)) return false;
    if (groups.includes(RIGHTFUL)) return true;
    // An operator that was installed for some namespaces alone asks for what is of the whole cluster, and goes without.
    const isWide = namespace === undefined || namespace === 'kube-system';
    return SERVICE_ACCOUNT.test(user) && !(mayBeNarrow && isWide);
  });
  const lacked = new Map<string, string>();
  for (const { user, verb, resource, group, namespace, uri, received, ...rest } of denied) {
    const key = resource === undefined ? uri : keyOf(group, resourceOf({ resource, ...rest }), verb);
    const place = `${key}${namespace === undefined ? '' : ` in ${namespace}`}`;
    // The first time is enough to find it in the log.
    if (!lacked.has(place)) lacked.set(place, `${place}, asked by ${user} at ${received.toISOString()}`);
  }
  return new Set(lacked.values());
}

/**
 * Tells whether the same request of the same user was granted at another time of the run: an API server that has just been started
 * knows no roles for a moment, an installation makes roles and operator at about the same time, and one that is taken away loses its
 * rights first.
 */
function grantedElsewhere(entries: readonly AuditEntry[]): (entry: AuditEntry) => boolean {
  const idOf = (entry: AuditEntry): string =>
    [entry.user, entry.verb, entry.group, resourceOf(entry), entry.namespace, entry.name].join(' ');
  const granted = new Set(
    entries.filter(({ denied, resource }) => !denied && resource !== undefined).map((entry) => idOf(entry)),
  );
  return (entry) => granted.has(idOf(entry));
}

/** What the tiers of a run found. */
export interface FoundRights {
  /** Granted verbs that requests used. */
  readonly used: ReadonlySet<string>;
  /** Requests that were denied. */
  readonly denied: ReadonlySet<string>;
  /** Tiers that could not be run here: what only they use is not known. */
  readonly missing: readonly string[];
}

/**
 * Judges whether all tiers together used every verb that is granted: a right that no run needs is one too many; and one that a run
 * lacked, one too few. Where a tier was not run, the first is not judged, and counts as skipped.
 */
export function judgeRights({ used, denied, missing }: FoundRights): TierResult {
  const unused = [...GRANTED].filter((key) => !used.has(key) && !(key in EXCEPTIONS)).sort();
  const needless = Object.keys(EXCEPTIONS).filter((key) => !GRANTED.has(key) || used.has(key));
  const problems = [
    ...[...denied].map((request) => `a run was denied ${request}: grant it in operator/api/rights.ts, or do not ask`),
    ...(missing.length > 0 ? [] : unused).map(
      (key) => `no run uses "${key}": take it out of operator/api/rights.ts, or test what needs it`,
    ),
    ...needless.map((key) => `"${key}" needs no exception in hack/testing/rights.ts`),
  ];
  const isJudged = problems.length > 0 || missing.length === 0;
  const counts = {
    passed: problems.length === 0 && isJudged ? 1 : 0,
    failed: problems.length,
    skipped: isJudged ? 0 : 1,
  };
  if (!isJudged) return { counts, problem: `skipped: not every right is used without ${missing.join(' and ')}` };
  return problems.length === 0 ? { counts } : { counts, problem: problems.join('; ') };
}
