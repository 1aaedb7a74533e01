import type { Behaviour } from '../engines/types.ts';
import type { PodBehaviour } from '../rules.ts';

/** How long and how much a container has served since it became ready. */
export interface Served {
  /** Before the time scale. */
  readonly seconds: number;
  /** Generation requests. */
  readonly requests: number;
}

/** How far a leak has come: 1 is the end. */
function leaked({ leak }: PodBehaviour, { seconds, requests }: Served): number {
  if (leak === undefined) return 0;
  return Math.max(seconds / (leak.afterSeconds ?? Infinity), requests / (leak.afterRequests ?? Infinity));
}

/** Whether a failure that comes while serving has come. */
export function failsNow(
  { failAfterSeconds, failAfterRequests }: PodBehaviour,
  { seconds, requests }: Served,
): boolean {
  if (failAfterSeconds === undefined && failAfterRequests === undefined) return true;
  return seconds >= (failAfterSeconds ?? Infinity) || requests >= (failAfterRequests ?? Infinity);
}

/** Whether the kernel kills it now for the memory that has leaked. */
export function isLeakOver(behaviour: PodBehaviour, served: Served): boolean {
  return behaviour.leak?.oom !== false && leaked(behaviour, served) >= 1;
}

export function isUnready({ unreadyAfterSeconds = Infinity, hang }: PodBehaviour, { seconds }: Served): boolean {
  return hang === 'everything' || seconds >= unreadyAfterSeconds;
}

/** Seconds of serving, before the time scale, until time alone changes something; Infinity: never. */
export function untilNextTurn(behaviour: PodBehaviour, { seconds }: Served): number {
  const { failAfterSeconds, unreadyAfterSeconds, leak } = behaviour;
  const turns = [failAfterSeconds, unreadyAfterSeconds, leak?.oom === false ? undefined : leak?.afterSeconds];
  return Math.min(Infinity, ...turns.filter((at) => at !== undefined && at > seconds).map((at = 0) => at - seconds));
}

/** Whether requests can bring a change, not time alone. */
export function countsRequests({ failAfterRequests, leak }: PodBehaviour): boolean {
  return failAfterRequests !== undefined || leak?.afterRequests !== undefined;
}

/** What the engine is to do with its requests now. */
export function requestBehaviour(behaviour: PodBehaviour, served: Served): Behaviour {
  const { slowFactor = 1, leak } = behaviour;
  return {
    errorRate: behaviour.errorRate ?? 0,
    stallRate: behaviour.stallRate ?? 0,
    cutRate: behaviour.cutRate ?? 0,
    slowFactor: slowFactor * (1 + ((leak?.slowFactor ?? 1) - 1) * leaked(behaviour, served)),
    firstTokenFactor: behaviour.firstTokenFactor ?? 1,
    latencySigma: behaviour.latencySigma ?? 0,
    wrongAnswers: behaviour.wrongAnswers ?? false,
    ...(behaviour.hang !== undefined && { hang: behaviour.hang }),
    unhealthy: isUnready(behaviour, served),
  };
}
