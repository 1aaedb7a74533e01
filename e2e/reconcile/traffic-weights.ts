import type { HttpRoute } from '../../operator/resources/index.ts';
import type { Moment, Violation } from './traffic.ts';

/** Shares of a route, and who can answer for them. */
export interface Shares {
  /** Weight of each revision in the rule for everybody. */
  readonly weights: Readonly<Record<string, number>>;
  /** Ready endpoints behind the Service of each of them. */
  readonly behind: Readonly<Record<string, number>>;
}

/** Longest that what one watch says may be ahead of another, milliseconds. */
const APART_MS = 500;

/** The weights of the rule that takes every request, by revision of the model `name`. */
export function weightsOf(route: HttpRoute, name: string): Record<string, number> {
  const rule = route.spec?.rules?.find(({ matches = [] }) => matches.every(({ headers }) => headers === undefined));
  return Object.fromEntries(
    (rule?.backendRefs ?? []).map((backend) => [backend.name.slice(name.length + 1), backend.weight ?? 1]),
  );
}

/** Every time that requests were sent to a revision that nobody answered for. */
export function unansweredShares(moments: readonly Moment[]): Violation[] {
  const violations: Violation[] = [];
  const open = new Map<string, number>();
  const end = (revision: string, until: number | undefined): void => {
    const at = open.get(revision);
    open.delete(revision);
    if (at === undefined || (until !== undefined && until - at < APART_MS)) return;
    const forMs = until === undefined ? {} : { forMs: until - at };
    violations.push({
      promise: 'answered-share',
      at,
      ...forMs,
      detail: `nothing of ${revision} is ready for its share`,
    });
  };
  for (const { at, shares = { weights: {}, behind: {} } } of moments) {
    const unanswered = Object.entries(shares.weights)
      .filter(([revision, weight]) => weight > 0 && (shares.behind[revision] ?? 0) === 0)
      .map(([revision]) => revision);
    for (const revision of [...open.keys()]) if (!unanswered.includes(revision)) end(revision, at);
    for (const revision of unanswered) if (!open.has(revision)) open.set(revision, at);
  }
  for (const revision of [...open.keys()]) end(revision, undefined);
  return violations;
}

/** Every time that a revision that was yet to be selected lost some of its share. */
export function lostShares(moments: readonly Moment[]): Violation[] {
  const selected = new Set<string>();
  const last = new Map<string, number>();
  const violations: Violation[] = [];
  for (const { at, selected: now, shares } of moments) {
    if (now !== undefined) selected.add(now);
    for (const [revision, before] of last) {
      const weight = shares?.weights[revision] ?? 0;
      if (weight >= before || selected.has(revision)) continue;
      const detail = `the share of ${revision} fell from ${before} to ${weight} before it was selected`;
      violations.push({ promise: 'kept-share', at, detail });
    }
    last.clear();
    for (const [revision, weight] of Object.entries(shares?.weights ?? {})) last.set(revision, weight);
  }
  return violations;
}
