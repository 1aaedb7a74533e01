import type { RolloutPhase } from '../../operator/api/index.ts';
import { eventually } from '../support/index.ts';
import { type OperatorBench, PATIENCE } from './harness.ts';

/**
 * Parts of a spec for tests of something else than proof and watch: one prompt is the proof, and there is little to wait
 * for after the switch. What a test jumps over is short: pods are as old as the machine's clock says, and one that looks
 * older than its startup budget is given up.
 */
export const BRIEF = {
  rollout: {
    proof: { warmUpRequests: 1, pairedRequests: 0 },
    watch: { duration: '1s' },
    rollbackWindow: '1s',
  },
  termination: { preStopDelay: '1s', drainDeadline: '5s', rollbackDrain: '5s' },
} as const;

/** What nodes get to follow a flip. */
export const PROGRAMMING_MS = 15_000;

/** Waits until the rollout is in one of the phases, and returns what it says. */
export function untilPhase(bench: OperatorBench, name: string, ...wanted: readonly RolloutPhase[]): Promise<string> {
  return eventually(async () => {
    const { rollout, conditions } = await bench.status(name);
    if (rollout !== undefined && wanted.includes(rollout.phase)) return rollout.message ?? '';
    const ready = conditions?.find(({ type }) => type === 'Ready');
    throw new Error(`${name} is ${rollout?.phase ?? 'new'} (${rollout?.message ?? ''}; ${ready?.message ?? ''})`);
  }, PATIENCE);
}

/** Lets a rollout with BRIEF settings end: the flip, the watch, and the rollback window. Returns what serves. */
export async function endRollout(bench: OperatorBench, name: string): Promise<string> {
  await untilPhase(bench, name, 'Switching', 'Watching');
  bench.advance(PROGRAMMING_MS + 1_000);
  await bench.condition(name, 'Ready', 'True');
  return (await bench.status(name)).serving?.revision ?? '';
}
