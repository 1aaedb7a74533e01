import { isHeld, isSettled } from './course.ts';
import { isBeforeSwitch } from './table.ts';
import type { Memory, RolloutInput } from './types.ts';

/**
 * What is remembered of the rollout, made to agree with the traffic, which is the truth: the write that moved it may
 * have been the last thing that an operator did, and a status can be lost.
 */
export function recall(input: RolloutInput, serving: string): Memory {
  return heldAgain(input, serving, withPause(input, agreeing(input, serving)));
}

function agreeing(input: RolloutInput, serving: string): Memory {
  const { memory, traffic, now } = input;
  const since = traffic.switchedAt ?? now;
  if (memory === undefined) return fromTraffic(input, serving);
  const { candidate, phase, attempt, frozenReplicas, way, verdicts, baseline } = memory;
  const moved = {
    attempt: Math.max(attempt, traffic.attempt),
    since,
    candidate: serving,
    ...(way !== undefined && { way }),
    ...(frozenReplicas !== undefined && { frozenReplicas }),
    ...(verdicts !== undefined && { verdicts }),
    ...(baseline !== undefined && { baseline }),
  };
  const first = traffic.previous === undefined;
  if (isBeforeSwitch(phase) && (candidate === undefined || (candidate === serving && first))) {
    return { ...memory, phase: 'Idle' };
  }
  if (isBeforeSwitch(phase) && candidate === serving) return { phase: 'Switching', ...moved };
  const after = phase === 'Switching' || phase === 'Watching';
  // The traffic went back, and the status does not know yet; or another version has it, by a hand that was faster.
  if (after && candidate !== undefined && candidate !== serving) {
    return { phase: 'RollingBack', attempt, since, candidate, target: serving };
  }
  // The same, when the status says by now what serves, since something stands in the way of other writes, and nothing else.
  const { desired } = input;
  const back = after && first && desired !== undefined && desired !== serving;
  if (back && isHeld({ marks: [], forgive: [] }, input, desired)) {
    return { phase: 'RollingBack', attempt, since, candidate: desired, target: serving };
  }
  return memory;
}

/** Without a status: the active Service says since when what serves has the traffic, and the revision whether it was accepted. */
function fromTraffic(input: RolloutInput, serving: string): Memory {
  const { traffic, now, settings } = input;
  const { attempt, switchedAt, previous } = traffic;
  const watched = switchedAt !== undefined && previous !== undefined && now < switchedAt + settings.watch.durationMs;
  if (watched && !isSettled({ marks: [] }, input, serving)) {
    return { phase: 'Watching', attempt, since: switchedAt, candidate: serving };
  }
  return { phase: 'Idle', attempt, since: switchedAt ?? now };
}

/** A version that was taken back is held, whatever else is lost: its revision says so. */
function heldAgain(input: RolloutInput, serving: string, memory: Memory): Memory {
  const { desired } = input;
  if (memory.phase !== 'Idle' || desired === undefined || desired === serving) return memory;
  return isHeld({ marks: [], forgive: [] }, input, desired) ? { ...memory, phase: 'Held', candidate: desired } : memory;
}

/** A pause stops the clocks of what has not been switched yet: the time that it took is given back at its end. */
function withPause(input: RolloutInput, memory: Memory): Memory {
  const { now, settings } = input;
  const { pausedAt, ...rest } = memory;
  const stops = settings.paused && isBeforeSwitch(memory.phase);
  if (stops) return { ...memory, pausedAt: pausedAt ?? now };
  if (pausedAt === undefined) return memory;
  const late = now - pausedAt;
  return { ...rest, since: rest.since + late, ...(rest.retryAt !== undefined && { retryAt: rest.retryAt + late }) };
}
