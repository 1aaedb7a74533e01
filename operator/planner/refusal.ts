import type { PlannerReason } from '../api/index.ts';
import type { MemoryDemand } from './types.ts';

/** Why something cannot be planned. A step of the planner returns one instead of its result; nothing throws. */
export interface Refusal {
  readonly refused: true;
  readonly reason: PlannerReason;
  /** The arithmetic in one line and what to do. */
  readonly message: string;
  /** With InsufficientGPUMemory, where it is the memory of a replica that serves. */
  readonly memory?: MemoryDemand;
}

export function refuse(reason: PlannerReason, message: string, memory?: MemoryDemand): Refusal {
  return { refused: true, reason, message, ...(memory !== undefined && { memory }) };
}

export function isRefusal(result: unknown): result is Refusal {
  return typeof result === 'object' && result !== null && 'refused' in result;
}
