import { REASONS } from '../../api/index.ts';
import { deadlineExceeded, podsRefused } from './admission.ts';
import { containerConfig, secretMissing } from './container-config.ts';
import { crashLoop, engineSaid, livenessProbeFailed, oomKilled, startupProbeFailed } from './engine-end.ts';
import { imagePull } from './image.ts';
import { evicted, nodeLost, preempted } from './node.ts';
import { isGone, isReady } from './pod.ts';
import { gpusMissing, noNode, schedulingGated, volumeClaim } from './scheduling.ts';
import { notResponding, startupOverdue, volumesNotReady } from './startup.ts';
import type { Diagnosis, Failure, FailureEvidence, Finding, PodEvidence } from './types.ts';

/** What can be wrong with a pod, most specific and most final first. The first that a pod shows is its failure. */
const DIAGNOSES: readonly Diagnosis[] = [
  nodeLost,
  preempted,
  imagePull,
  secretMissing,
  containerConfig,
  oomKilled,
  engineSaid,
  startupProbeFailed,
  livenessProbeFailed,
  crashLoop,
  startupOverdue,
  notResponding,
  volumesNotReady,
  volumeClaim,
  schedulingGated,
  gpusMissing,
  noNode,
  evicted,
];

/** What can be said of a pod that is ending or has ended: its containers stopped because they were told to. */
const DIAGNOSES_OF_ENDED: readonly Diagnosis[] = [nodeLost, preempted, evicted];

interface Ranked extends Finding {
  readonly rank: number;
  readonly pod?: string;
}

/**
 * Why the pods of a revision do not run or do not answer; undefined when nothing is wrong, or nothing that shows yet.
 * Of several pods the most telling is told: a failure that waiting cannot cure before one that it can, then in the order
 * of the diagnoses. A failure that has gone from the evidence is gone from the answer.
 */
export function classifyFailure(evidence: FailureEvidence): Failure | undefined {
  if (evidence.wantedReplicas === 0) return undefined;
  const ready = evidence.pods.filter((pod) => isReady(pod) && !isGone(pod)).length;
  if (ready >= evidence.wantedReplicas) return undefined;

  const ofPods = evidence.pods.filter((pod) => !isReady(pod)).flatMap((pod) => diagnose(pod, evidence) ?? []);
  const refused = podsRefused(evidence);
  const findings: Ranked[] = [...ofPods, ...(refused ? [{ ...refused, rank: DIAGNOSES.length }] : [])];
  const [worst] = findings.sort(moreTelling);
  if (!worst) {
    const late = deadlineExceeded(evidence);
    return late && toFailure({ ...late, rank: 0 }, 0, evidence.wantedReplicas);
  }
  const affected = findings.filter(({ reason, pod }) => reason === worst.reason && pod !== undefined).length;
  return toFailure(worst, affected, evidence.wantedReplicas);
}

/** What is wrong with one pod by itself, as a sentence without its name; undefined when nothing shows. */
export function diagnosePod(
  pod: PodEvidence,
  evidence: FailureEvidence,
): Pick<Finding, 'reason' | 'detail'> | undefined {
  return diagnose(pod, evidence);
}

function diagnose(pod: PodEvidence, evidence: FailureEvidence): Ranked | undefined {
  for (const diagnosis of isGone(pod) ? DIAGNOSES_OF_ENDED : DIAGNOSES) {
    const finding = diagnosis(pod, evidence);
    if (finding) return { ...finding, rank: DIAGNOSES.indexOf(diagnosis), pod: pod.metadata.name };
  }
  return undefined;
}

function moreTelling(a: Ranked, b: Ranked): number {
  return Number(b.blocking) - Number(a.blocking) || a.rank - b.rank || ((a.pod ?? '') < (b.pod ?? '') ? -1 : 1);
}

function toFailure(finding: Ranked, affectedPods: number, wanted: number): Failure {
  const { reason, detail, blocking, startedAt, pod, causeInLog } = finding;
  const entry: { readonly fix?: string } = REASONS[reason];
  const fix = finding.fix ?? entry.fix;
  const where =
    pod === undefined ? '' : affectedPods > 1 ? `${affectedPods} of ${wanted} pods, ${pod} for one: ` : `Pod ${pod}: `;
  return {
    reason,
    message: `${capitalize(`${where}${detail}`)}.${fix === undefined ? '' : ` ${fix}`}`,
    blocking,
    affectedPods,
    ...(pod !== undefined && { pod }),
    ...(causeInLog !== undefined && { causeInLog }),
    ...(startedAt !== undefined && { startedAt }),
  };
}

function capitalize(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
