const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * A length of time in at most two units, as kubectl writes ages: `45s`, `3m20s` (below ten minutes), `25m`, `3h40m` (below
 * eight hours), `20h`, `2d3h` (below eight days), `40d`.
 */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  if (total < 2 * MINUTE) return `${total}s`;
  if (total < 10 * MINUTE) return two(total, MINUTE, 'm', 1, 's');
  if (total < 3 * HOUR) return `${Math.floor(total / MINUTE)}m`;
  if (total < 8 * HOUR) return two(total, HOUR, 'h', MINUTE, 'm');
  if (total < 2 * DAY) return `${Math.floor(total / HOUR)}h`;
  if (total < 8 * DAY) return two(total, DAY, 'd', HOUR, 'h');
  return `${Math.floor(total / DAY)}d`;
}

function two(total: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((total % large) / small);
  return `${Math.floor(total / large)}${largeUnit}${rest === 0 ? '' : `${rest}${smallUnit}`}`;
}

/** Seconds from `time` (RFC 3339) until `now` (milliseconds since the epoch); undefined when there is no such time. */
export function secondsSince(time: string | undefined, now: number): number | undefined {
  const at = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(at) ? undefined : Math.max(0, (now - at) / 1000);
}

/** The age of something made at `time`; `unknown` when nobody says when. */
export function formatAge(time: string | undefined, now: number): string {
  const seconds = secondsSince(time, now);
  return seconds === undefined ? 'unknown' : formatDuration(seconds);
}
