import type { Judgement, Status } from './judgement.ts';
import { revisionSamples } from './monitoring.ts';
import { warmGpus } from './rollback.ts';

/** What metrics tell of a DeepSeekDeployment that its status does not. */
export interface Exported {
  /** Replicas wanted of the version that serves. */
  readonly wantedReplicas: number;
  /** Replicas that it is given at present: fewer in a handover. */
  readonly assignedReplicas: number;
  /** GPUs that the version before holds for a rollback. */
  readonly warmGpus: number;
  /** When a version was taken back by the operator itself last, milliseconds since the epoch. */
  readonly rolledBackAt?: number;
  readonly revisions: ReturnType<typeof revisionSamples>;
}

/** Of an object of which nothing is acted on. */
export const NOTHING_EXPORTED: Exported = { wantedReplicas: 0, assignedReplicas: 0, warmGpus: 0, revisions: [] };

export function exportedOf(judgement: Judgement, status: Status): Exported {
  const { step, replicas } = judgement;
  const rolledBackAt = rollbackTime(status, judgement);
  return {
    wantedReplicas: replicas,
    assignedReplicas: step.serving === undefined ? 0 : (step.replicas.get(step.serving) ?? 0),
    warmGpus: warmGpus(judgement),
    ...(rolledBackAt !== undefined && { rolledBackAt }),
    revisions: revisionSamples(judgement),
  };
}

/** Of what an order has taken back the mark is another one. */
function rollbackTime(status: Status, { revisions }: Judgement): number | undefined {
  const hasFailed = (hash: string): boolean =>
    revisions.some((known) => known.hash === hash && known.failed !== undefined);
  const entry = status.history?.find(({ outcome, revision }) => outcome === 'RolledBack' && hasFailed(revision));
  const time = Date.parse(entry?.finishedAt ?? '');
  return Number.isNaN(time) ? undefined : time;
}
