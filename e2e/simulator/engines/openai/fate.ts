import type { Random } from '../../random.ts';
import type { Behaviour, Latency } from '../types.ts';
import type { Pace } from '../core.ts';

/** What is drawn for one request when it arrives, so that the same history of requests has the same fates. */
export interface Fate {
  /** Uniform in [0, 1): which requests fail, stall or are cut. */
  readonly error: number;
  readonly half: number;
  /** Standard normal: the noise of the first token, and of the pace. */
  readonly first: number;
  readonly pace: number;
}

export function drawFate(random: Random): Fate {
  const error = random();
  const half = random();
  // Box and Muller: two independent normal numbers of two uniform ones.
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  const angle = 2 * Math.PI * random();
  return { error, half, first: radius * Math.cos(angle), pace: radius * Math.sin(angle) };
}

/** What happens to a request that has made half of its tokens. */
export function halfWay({ half }: Fate, { stallRate = 0, cutRate = 0 }: Behaviour): 'stall' | 'cut' | undefined {
  if (half < cutRate) return 'cut';
  return half < cutRate + stallRate ? 'stall' : undefined;
}

/** The engine's pace for one request: its own, slowed down, with the request's noise. */
export function paceOf(latency: Latency, promptTokens: number, behaviour: Behaviour, fate: Fate): Pace {
  const { slowFactor, firstTokenFactor = 1, latencySigma = 0 } = behaviour;
  const prefill = latency.timeToFirstToken + latency.perPromptToken * promptTokens;
  return {
    timeToFirstToken: prefill * slowFactor * firstTokenFactor * Math.exp(latencySigma * fate.first),
    interTokenLatency: latency.interTokenLatency * slowFactor * Math.exp(latencySigma * fate.pace),
  };
}
