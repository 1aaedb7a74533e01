import { betaQuantile, bisect, incompleteBeta, logBeta } from './distributions.ts';

/**
 * What a count says of the true share behind it: `count` of `total` requests failed, or were slower than a limit.
 *
 * The first two functions hold for one look (C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits
 * illustrated in the case of the binomial", Biometrika 26, 1934). The last two hold for all looks at a growing count
 * together, however many and whenever: see {@link logEvidence}.
 */

/** The share is at least this, with the given one-sided `confidence`, seen once. */
export function lowerBound(count: number, total: number, confidence: number): number {
  return count === 0 ? 0 : betaQuantile(1 - confidence, count, total - count + 1);
}

/** The share is at most this, with the given one-sided `confidence`, seen once. */
export function upperBound(count: number, total: number, confidence: number): number {
  return count >= total ? 1 : betaQuantile(confidence, count + 1, total - count);
}

/** Jeffreys’ prior: how the true share is weighed where it is above the limit. */
const PRIOR = 0.5;

/**
 * How strongly the count speaks for a share above `limit`, as the logarithm of a likelihood ratio: all shares above it,
 * weighed by a Beta(1/2, 1/2) that is cut off at the limit, against the limit itself. Under every share up to the limit
 * this is a supermartingale that begins at 1, so the chance that it ever reaches 1/alpha is at most alpha (J. Ville 1939;
 * H. Robbins, "Statistical methods related to the law of the iterated logarithm", Ann. Math. Stat. 41, 1970; S. R. Howard,
 * A. Ramdas, J. McAuliffe, J. Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Ann. Stat. 49, 2021).
 */
export function logEvidence(count: number, total: number, limit: number): number {
  const [a, b] = [PRIOR + count, PRIOR + total - count];
  const above = (first: number, second: number): number =>
    logBeta(first, second) + Math.log(incompleteBeta(1 - limit, second, first));
  const likelihood = count * Math.log(limit) + (total - count) * Math.log1p(-limit);
  return above(a, b) - above(PRIOR, PRIOR) - likelihood;
}

/** Whether the share is above `limit`: wrong with a chance of at most `alpha` over all looks at the same growing count. */
export function isProvenAbove(count: number, total: number, limit: number, alpha: number): boolean {
  if (limit >= 1 || total === 0 || count / total <= limit) return false;
  return limit <= 0 || logEvidence(count, total, limit) >= -Math.log(alpha);
}

/** The share is at least this: wrong with a chance of at most `alpha` over all looks at the same growing count. */
export function lowerBoundAnytime(count: number, total: number, alpha: number): number {
  if (count === 0) return 0;
  return bisect((share) => isProvenAbove(count, total, share, alpha), 0, count / total);
}
