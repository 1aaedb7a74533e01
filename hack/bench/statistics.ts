/** The value at `q` (0 to 1) of a sorted sample, between its neighbours where it falls between two. Throws on none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError('there is no quantile of an empty sample');
  return below + (above - below) * (position - Math.floor(position));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** `lowest to highest`, for people. */
export function spread(values: readonly number[], decimals: number): string {
  return `${Math.min(...values).toFixed(decimals)} to ${Math.max(...values).toFixed(decimals)}`;
}

export interface Trend {
  /** Of the values, by unit of the times. */
  readonly slope: number;
  /** Its standard error. */
  readonly error: number;
}

/**
 * A straight line through values over time, by least squares. The error is that of values which depend on the one before
 * (an autoregression of the first order): memory that has grown a little stays so for a while, and that is no trend.
 */
export function trend(times: readonly number[], values: readonly number[]): Trend {
  const n = times.length;
  if (n < 3 || values.length !== n) throw new RangeError('a trend needs three values, and a time for each');
  const mean = (of: readonly number[]): number => of.reduce((sum, value) => sum + value, 0) / of.length;
  const [time, value] = [mean(times), mean(values)];
  const spreadOfTimes = times.reduce((sum, t) => sum + (t - time) ** 2, 0);
  const slope = times.reduce((sum, t, i) => sum + (t - time) * ((values[i] ?? 0) - value), 0) / spreadOfTimes;
  const residuals = times.map((t, i) => (values[i] ?? 0) - value - slope * (t - time));
  const squares = residuals.reduce((sum, r) => sum + r ** 2, 0);
  const lagged = residuals.slice(1).reduce((sum, r, i) => sum + r * (residuals[i] ?? 0), 0);
  const correlation = squares === 0 ? 0 : Math.min(0.95, Math.max(0, lagged / squares));
  const independent = Math.sqrt(squares / (n - 2) / spreadOfTimes);
  return { slope, error: independent * Math.sqrt((1 + correlation) / (1 - correlation)) };
}
