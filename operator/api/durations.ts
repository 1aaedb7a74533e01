const UNIT_SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600 } as const;

/** Whole milliseconds of a duration that the schema accepts. Throws RangeError on anything else. */
export function durationMs(text: string): number {
  return Math.round(durationSeconds(text) * 1000);
}

/** Seconds of a Go-style duration that the schema accepts (`1h30m` is 5400). Throws RangeError on anything else. */
export function durationSeconds(text: string): number {
  const parts = [...text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new RangeError(`"${text}" is not a duration such as 90s, 10m or 1h30m`);
  }
  return parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS],
    0,
  );
}
