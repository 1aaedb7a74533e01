/**
 * Compares two resource versions: negative when `a` is older. They are decimal numbers of any length (Kubernetes 1.35
 * made the order part of the API), so a longer one is newer, and equal lengths compare as text; no number type rounds them.
 */
export function compareResourceVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** True when `a` is strictly newer than `b`; anything is newer than nothing. */
export function isNewer(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined) return false;
  return b === undefined || compareResourceVersions(a, b) > 0;
}
