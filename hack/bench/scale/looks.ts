import { atMost, type Figure } from '../figure.ts';

/** An operator at rest, over a minute. */
export interface Look {
  /** Megabytes at its end. */
  readonly rss: number;
  readonly anonymous: number;
  /** Processor time in it. */
  readonly cpuSeconds: number;
}

/** What two looks at the same process differ by at least, without a reason: megabytes and seconds of processor time in a minute. */
const LEAST_NOISE = { rss: 6, cpuSeconds: 0.5 };

/** By how much the last look may be above the one before, at which nothing had changed yet: what those two before differ by. */
export function noise(key: keyof typeof LEAST_NOISE, first: Look, second: Look): number {
  return Math.max(LEAST_NOISE[key], Math.abs(second[key] - first[key]));
}

/** What has changed between the second look and the third; the two before it say what is noise. */
export function comparison(
  key: keyof typeof LEAST_NOISE,
  [first, second, third]: readonly [Look, Look, Look],
  {
    note,
    ...named
  }: Pick<Figure, 'name' | 'title'> & { readonly note: string; readonly details?: NonNullable<Figure['details']> },
): Figure {
  const unit = key === 'rss' ? ' MB' : ' s';
  const decimals = key === 'rss' ? 1 : 2;
  const values = [first, second, third].map((look) => look[key].toFixed(decimals));
  return atMost({
    ...named,
    value: third[key] - second[key],
    limit: Number(noise(key, first, second).toFixed(decimals)),
    ...{ unit, decimals },
    note: `${values[0]} and ${values[1]} before, ${values[2]} after; ${note}`,
  });
}
