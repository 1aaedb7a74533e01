import { durationMs } from '../../api/durations.ts';
import { proofLimitMs } from '../proof-limits.ts';
import { type Course, proofIsOff, revisionOf, rollbackTarget, wantedOf, windowEnd } from './course.ts';
import { handoverMinimum } from './mixed.ts';
import { isBeforeSwitch } from './table.ts';
import { leavingLimitMs } from './leaving.ts';
import { FORGET_MISSED_MS } from './ways.ts';
import type { RolloutInput } from './types.ts';

/** How often room is looked for again while a candidate waits. */
const LOOK_FOR_ROOM_MS = 10_000;

/** How long the Deployment controller and the operator wait beyond the startup budget for pods that have a node. */
const LOADING_MARGIN_MS = 900_000;

/** How much longer than its own limits a proof may take: it is begun again when an operator ends, or a Secret cannot be read. */
const PROOF_MARGIN_MS = 600_000;

/** What a gateway gets to take a route; some are made anew and need their time. */
export const ROUTE_LIMIT_MS = 60_000;

/**
 * Until when a gateway has to have taken the route of a canary step, milliseconds since the epoch: a minute since the step began, or since
 * it is known that none has, whichever is later. Undefined: one has taken it, or it is not known that none has.
 */
export function routeLimit(step: number, route: RolloutInput['route']): number | undefined {
  const since = route?.taken === false ? route.since : undefined;
  return since === undefined ? undefined : Math.max(step, since) + ROUTE_LIMIT_MS;
}

/** What a gateway needs from taking a route to sending requests to all of its backends (Traefik 3.6: up to 2 s). */
export const GATEWAY_SETTLE_MS = 3_000;

/** Replicas that load one after the other before the phase can end: in a handover each waits for the GPUs of the next old one. */
function loadsInTurn(memory: Course['memory'], input: RolloutInput): number {
  const { way, verdicts = [] } = memory;
  const growing = way === 'Handover' && (verdicts.some(({ stage }) => stage === 'Proof') || proofIsOff(input));
  return growing ? handoverMinimum(input, wantedOf({ memory }, input)) : 1;
}

/** When the phase has to be over, or is over by itself; undefined: it waits for something else. Milliseconds since the epoch. */
export function deadlineOf({ memory, switchedAt }: Course, input: RolloutInput): number | undefined {
  const { settings } = input;
  const { phase, since, way, candidate } = memory;
  switch (phase) {
    case 'Scheduling': {
      if (way === 'Provision') return since + settings.provisionTimeoutMs;
      // The old pods finish what runs before their GPUs are free.
      const draining = way === 'Handover' || way === 'Recreate' ? settings.drainDeadlineMs : 0;
      return since + settings.schedulingDeadlineMs + draining;
    }
    case 'Loading': {
      const loads = loadsInTurn(memory, input);
      if (settings.progressDeadlineMs !== undefined) return since + loads * settings.progressDeadlineMs;
      const budget = (revisionOf(input, candidate)?.data.plan.startupBudgetSeconds ?? 0) * 1000;
      const draining = way === 'Handover' || way === 'Recreate' ? settings.drainDeadlineMs : 0;
      return since + loads * (budget + draining) + LOADING_MARGIN_MS;
    }
    case 'Proving': {
      // A proof has limits of its own; one that was never finished could not be taken at all.
      if (memory.step === undefined)
        return since + proofLimitMs(settings.proof, wantedOf({ memory }, input)) + PROOF_MARGIN_MS;
      const pause = settings.canary?.steps[memory.step]?.pause;
      return pause === undefined ? undefined : since + durationMs(pause);
    }
    case 'Watching':
      return (switchedAt ?? since) + settings.watch.durationMs;
    default:
      return undefined;
  }
}

/** When time alone changes something; undefined: never. Milliseconds since the epoch. */
export function wakeAt(course: Course, input: RolloutInput): number | undefined {
  const { memory, switchedAt } = course;
  const { now, settings, window } = input;
  const times = [
    deadlineOf(course, input),
    memory.phase === 'Watching' ? (switchedAt ?? memory.since) + 2 * settings.watch.durationMs : undefined,
    memory.retryAt,
    memory.step !== undefined ? routeLimit(memory.since, input.route) : undefined,
    // Who frees GPUs is followed for our own pods alone.
    memory.phase === 'Waiting' && input.replicas > 0 && !settings.paused
      ? now + LOOK_FOR_ROOM_MS * (1 + input.jitter)
      : undefined,
    memory.phase === 'AwaitingPromotion' && input.route !== undefined ? memory.since + GATEWAY_SETTLE_MS : undefined,
    memory.missed === undefined ? undefined : memory.since + FORGET_MISSED_MS,
    isBeforeSwitch(memory.phase) && !window.open ? window.changesAt : undefined,
    memory.phase === 'Switching' && switchedAt !== undefined ? switchedAt + PROGRAMMING_LIMIT_MS : undefined,
    rollbackTarget(course, input) === undefined ? undefined : windowEnd(course, input),
    rollbackTarget(course, input) === undefined || switchedAt === undefined
      ? undefined
      : switchedAt + settings.drainDeadlineMs,
    memory.phase === 'RollingBack' && switchedAt !== undefined ? switchedAt + settings.rollbackDrainMs : undefined,
    memory.phase === 'RollingBack' && switchedAt !== undefined
      ? switchedAt + settings.rollbackDrainMs + leavingLimitMs(settings)
      : undefined,
    memory.phase === 'Aborting' ? memory.since + leavingLimitMs(settings) : undefined,
  ].filter((time) => time !== undefined && time > now);
  return times.length === 0 ? undefined : Math.min(...(times as number[]));
}

/** What nodes need until they send connections to the new pods: kube-proxy programs at its own pace. */
export const PROGRAMMING_LIMIT_MS = 15_000;
