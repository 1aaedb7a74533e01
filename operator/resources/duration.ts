const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Seconds of a duration as the API writes it: `90s`, `1h30m`. @throws RangeError when it is none. */
export function durationSeconds(text: string): number {
  if (!/^([0-9.]+(ms|s|m|h))+$/.test(text)) throw new RangeError(`${text} is no duration such as 90s, 10m or 1h30m`);
  const parts = [...text.matchAll(/([0-9.]+)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, amount = '', unit = '']) => sum + Number(amount) * (SECONDS[unit] ?? Number.NaN), 0);
}
