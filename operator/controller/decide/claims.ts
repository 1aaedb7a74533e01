import type { Judgement } from './judgement.ts';

/** For which revision room may be claimed of versions that others keep warm. */
export interface ClaimWish {
  readonly revision: string;
  /** Replicas that it is to have. */
  readonly replicas: number;
  /** Fewer are of use, too: each of its pods answers as soon as it has its node. */
  readonly partly: boolean;
}

/**
 * Whose pods lack room in this pass, the most urgent alone: what is to serve, as the scheduler says of its pods, then a
 * candidate that waits for all of its replicas. Undefined: nobody’s, or it cannot be helped by GPUs.
 */
export function claimWish({
  step,
  states,
  replicas,
  settings,
  observeOnly,
}: Pick<Judgement, 'step' | 'states' | 'replicas' | 'settings' | 'observeOnly'>): ClaimWish | undefined {
  // A pass that moves traffic waits for nobody: the next one claims.
  if (observeOnly || replicas === 0 || step.switched) return undefined;
  const { phase, serving, memory, questions } = step;
  const target = phase === 'RollingBack' ? memory.target : undefined;
  const recreated = memory.way === 'Recreate' && phase !== 'Waiting' ? step.candidate : undefined;
  for (const revision of [target, serving, recreated]) {
    const found = states.get(revision ?? '');
    if (revision === undefined || found === undefined || found.unschedulable === 0) continue;
    const wanted = Math.min(found.replicas, step.replicas.get(revision) ?? 0);
    if (wanted > 0) return { revision, replicas: wanted, partly: true };
  }
  if (phase !== 'Waiting' || settings.strategy === 'Recreate') return undefined;
  // Only while it is looked for: not in a pause, and not before a retry.
  const isLooking = questions.some((question) => question.kind === 'Capacity' && question.revision === step.candidate);
  return isLooking && step.candidate !== undefined ? { revision: step.candidate, replicas, partly: false } : undefined;
}
