import { ApiError } from '../../operator/kube/errors.ts';

/** A write that is on its way for as long as something takes, and then arrives, whatever has become of its sender. */
export interface LateWrite {
  readonly until: Promise<unknown>;
  /** Told once the API server has answered it: 200, or the status of its refusal. */
  readonly onArrival: (status: number) => void;
}

/** How long the API server may take for what arrives late, milliseconds. */
export const ARRIVAL_LIMIT_MS = 30_000;

export interface Signalled {
  readonly signal: AbortSignal;
}

/** Calls once it is time, also where the call was called off meanwhile: what is on its way cannot be called back. */
export async function arriveLate<T, O extends Signalled>(
  { until, onArrival }: LateWrite,
  options: O,
  call: (options: O) => Promise<T>,
): Promise<T> {
  await until;
  try {
    const answer = await call({ ...options, signal: AbortSignal.timeout(ARRIVAL_LIMIT_MS) });
    onArrival(200);
    return answer;
  } catch (error) {
    if (error instanceof ApiError) onArrival(error.status);
    throw error;
  }
}
