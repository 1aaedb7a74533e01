/** Input series of promtool's rule tests, said as what happens over time. */

/** Minutes, and the value of a gauge in them or the increase of a counter a minute. */
export type Segment = readonly [minutes: number, value: number];

/** A series and its samples, as promtool reads them. */
export interface InputSeries {
  readonly series: string;
  readonly values: string;
}

/** Samples are this far apart. */
export const STEP_SECONDS = 30;
const STEPS_A_MINUTE = 60 / STEP_SECONDS;

export const POD =
  'namespace="ai",pod="chat-a-0",deepseekdeployment="chat",revision="a",model="m",quantization="FP8",gpu="H100"';

/** A value that is `NaN` is no sample: the series has ended, as when it is scraped no more. */
export function gauge(series: string, ...segments: readonly Segment[]): InputSeries {
  const values = segments.flatMap(([minutes, value]) =>
    Array.from({ length: minutes * STEPS_A_MINUTE }, () => (Number.isNaN(value) ? 'stale' : String(value))),
  );
  return { series, values: values.join(' ') };
}

/** A negative increase is a restart: the counter begins at 0 again. */
export function counter(series: string, ...segments: readonly Segment[]): InputSeries {
  let total = 0;
  const values = segments.flatMap(([minutes, increase]) =>
    Array.from({ length: minutes * STEPS_A_MINUTE }, () => {
      total = increase < 0 ? 0 : total + increase / STEPS_A_MINUTE;
      return String(total);
    }),
  );
  return { series, values: values.join(' ') };
}

/** A histogram of requests of which so many a minute are within each bound: segments by bound. */
export function histogram(
  name: string,
  labels: string,
  buckets: Readonly<Record<string, readonly Segment[]>>,
): InputSeries[] {
  return Object.entries(buckets).map(([le, segments]) => counter(`${name}_bucket{${labels},le="${le}"}`, ...segments));
}
