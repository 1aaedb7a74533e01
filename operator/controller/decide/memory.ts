import type { RolloutStatus } from '../../api/index.ts';
import { ROLLOUT_PHASES } from '../../api/status.ts';
import { isBeforeSwitch } from '../../rollout/machine/table.ts';
import type { Memory, RolloutStep } from '../../rollout/machine/types.ts';
import type { Snapshot } from '../snapshot.ts';
import { dropUndefined } from '../transforms.ts';
import { seconds } from './times.ts';

const HAS_TRAFFIC: readonly Memory['phase'][] = ['Switching', 'Watching', 'RollingBack'];

/** What the status remembers of the rollout; undefined: it says nothing that this operator understands. */
export function memoryOf({ status }: Snapshot['deployment']): Memory | undefined {
  const rollout = status?.rollout;
  // A later operator, before a downgrade, may have known more phases.
  if (rollout === undefined || !ROLLOUT_PHASES.includes(rollout.phase)) return undefined;
  const { phase, attempt = 0, startedAt, pausedAt, retryAt, verdicts, baseline, target, warmLimit, ...rest } = rollout;
  const { way, step, promoted, missed, frozenReplicas, switchedReplicas } = rest;
  const { candidate, serving } = status ?? {};
  // While it has the traffic, the version that is switched, watched or taken back is told of as what serves.
  const revision = candidate?.revision ?? (HAS_TRAFFIC.includes(phase) ? serving?.revision : undefined);
  return {
    phase,
    attempt,
    since: instant(startedAt) ?? 0,
    ...(revision !== undefined && phase !== 'Idle' && { candidate: revision }),
    ...dropUndefined({ way, step, promoted, missed, frozenReplicas, switchedReplicas, target, warmLimit, verdicts }),
    ...dropUndefined({ pausedAt: instant(pausedAt), retryAt: instant(retryAt) }),
    ...(baseline !== undefined && {
      baseline: {
        requestsPerSecond: Number(baseline.requestsPerSecond),
        values: Object.fromEntries(Object.entries(baseline.values).map(([gate, value]) => [gate, Number(value)])),
      },
    }),
  };
}

/** status.rollout of a step. `wantedReplicas`: of what serves, whatever size it is kept at meanwhile. */
export function rolloutStatus(step: RolloutStep, attempt: number, wantedReplicas: number): RolloutStatus {
  const { memory, phase, message, deadline, capacity, weight } = step;
  const {
    way,
    step: canaryStep,
    promoted,
    missed,
    frozenReplicas,
    switchedReplicas,
    target,
    warmLimit,
    baseline,
    pausedAt,
    retryAt,
  } = memory;
  const under = phase !== 'Idle';
  return {
    attempt,
    phase,
    ...(way !== undefined && { way }),
    ...(canaryStep !== undefined && isBeforeSwitch(phase) && { step: canaryStep, weight }),
    startedAt: seconds(memory.since),
    ...(deadline !== undefined && under && { deadline: seconds(deadline) }),
    message,
    ...dropUndefined({ target, promoted, missed, frozenReplicas, switchedReplicas, warmLimit }),
    ...(under && { wantedReplicas }),
    ...(retryAt !== undefined && { retryAt: seconds(retryAt) }),
    ...(pausedAt !== undefined && { pausedAt: seconds(pausedAt) }),
    ...(memory.verdicts !== undefined && {
      verdicts: memory.verdicts.slice(-MAX_VERDICTS).map(({ gate, stage, verdict, samples, message: says }) => ({
        ...{ gate, stage, verdict, samples, message: says.slice(0, 1024) },
      })),
    }),
    ...(baseline !== undefined && {
      baseline: {
        requestsPerSecond: baseline.requestsPerSecond.toPrecision(6),
        values: Object.fromEntries(
          Object.entries(baseline.values).map(([gate, value]) => [gate, value.toPrecision(6)]),
        ),
      },
    }),
    ...(capacity !== undefined && { capacity }),
  };
}

/** Verdicts that the schema of the status takes; the last say most. */
const MAX_VERDICTS = 32;

function instant(time: string | undefined): number | undefined {
  const parsed = Date.parse(time ?? '');
  return Number.isNaN(parsed) ? undefined : parsed;
}
