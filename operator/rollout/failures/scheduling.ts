import { conditionOf } from './pod.ts';
import type { Diagnosis, FailureEvidence, Finding } from './types.ts';
import { quote } from './words.ts';

/** What the scheduler said of one pod. */
export interface SchedulerVerdict {
  /** Nodes of the cluster; absent when the scheduler did not get to nodes. */
  readonly nodes?: number;
  /** Why nodes do not do, with how many nodes say so; a node may say more than one. */
  readonly reasons: readonly { readonly nodes: number; readonly words: string }[];
  /** The message without what it says about preemption. */
  readonly summary: string;
}

/**
 * Reads the message of a `PodScheduled=False` condition: `0/5 nodes are available: 2 Insufficient nvidia.com/gpu, 3
 * node(s) didn't match Pod's node affinity/selector. preemption: ...` (kube-scheduler, FitError.Error()).
 */
export function readVerdict(message: string): SchedulerVerdict {
  const summary = message.split(/\. (?:no new claims to deallocate, )?preemption: /)[0]?.replace(/\.$/, '') ?? '';
  const match = /^0\/(\d+) nodes are available: (.*)$/s.exec(summary);
  if (!match) return { reasons: [], summary };
  const [, nodes = '0', list = ''] = match;
  const reasons = list.split(/, (?=\d+ )/).map((part) => {
    const [, count = '0', words = part] = /^(\d+) (.*)$/s.exec(part) ?? [];
    return { nodes: Number(count), words: words.replace(/\.$/, '') };
  });
  return { nodes: Number(nodes), reasons, summary };
}

const unschedulable = (pod: Parameters<Diagnosis>[0]) => {
  const condition = conditionOf(pod, 'PodScheduled');
  return condition?.status === 'False' ? condition : undefined;
};

/** Another controller (Kueue, say) holds the pod back before the scheduler looks at it. */
export const schedulingGated: Diagnosis = (pod) => {
  const condition = unschedulable(pod);
  if (condition?.reason !== 'SchedulingGated') return undefined;
  return {
    reason: 'SchedulingGated',
    detail: 'the pod is held back by a scheduling gate',
    blocking: false,
    startedAt: condition.lastTransitionTime,
  };
};

/** What the volume plugins of the scheduler say (1.36 says "not found. not found" of a claim that does not exist). */
const CLAIM_WORDS =
  /persistentvolumeclaim "[^"]+" (?:not found|is being deleted|bound to non-existent persistentvolume "[^"]*")|pod has unbound immediate PersistentVolumeClaims|volume node affinity conflict|didn't find available persistent volumes to bind/;

/** A PersistentVolumeClaim does not exist, is not bound, or is bound where the pod cannot go. */
export const volumeClaim: Diagnosis = (pod) => {
  const condition = unschedulable(pod);
  const { summary } = readVerdict(condition?.message ?? '');
  const words = CLAIM_WORDS.exec(summary)?.[0];
  if (condition === undefined || words === undefined) return undefined;
  const missing = /not found|bound to non-existent|is being deleted/.test(words);
  return {
    reason: 'VolumePending',
    detail: quote(words),
    blocking: missing,
    startedAt: condition.lastTransitionTime,
    ...(missing && { fix: 'Create the claim, or correct its name in model.source. It goes on by itself.' }),
  };
};

/** The nodes that would do lack free GPUs. */
export const gpusMissing: Diagnosis = (pod, evidence) => {
  const condition = unschedulable(pod);
  const { resourceName = 'nvidia.com/gpu', gpusPerReplica, type } = evidence.accelerator;
  const verdict = readVerdict(condition?.message ?? '');
  const short = verdict.reasons.find(({ words }) => words === `Insufficient ${resourceName}`);
  if (condition === undefined || short === undefined || gpusPerReplica === 0) return undefined;
  const waiting = unscheduledPods(evidence);
  const missing = waiting * gpusPerReplica;
  return {
    reason: 'InsufficientGPUs',
    detail:
      `${missing} more ${type ?? 'GPUs'} needed: ${waiting} of ${evidence.wantedReplicas} replicas wait for ${gpusPerReplica} ` +
      `free ${resourceName} on one node each (${quote(verdict.summary)})`,
    fix: 'Add nodes or free GPUs. It goes on by itself.',
    blocking: false,
    startedAt: condition.lastTransitionTime,
  };
};

/** No node does, for another reason than GPUs. */
export const noNode: Diagnosis = (pod, evidence) => {
  const condition = unschedulable(pod);
  if (condition?.message === undefined) return undefined;
  const verdict = readVerdict(condition.message);
  return {
    reason: 'Unschedulable',
    detail: `no node for ${unscheduledPods(evidence)} of ${evidence.wantedReplicas} replicas: ${quote(verdict.summary)}`,
    fix: adviseOn(verdict, evidence),
    blocking: false,
    startedAt: condition.lastTransitionTime,
  };
};

const isUnmatched = (words: string) => words.includes("didn't match Pod's node affinity/selector");
const isTainted = (words: string) => words.includes('untolerated taint');

/** Taints that come and go with the state of a node: nobody should tolerate them. */
const isNodeState = (words: string) => /\{node\.(?:kubernetes\.io|cloudprovider)/.test(words);

function adviseOn(
  { nodes = 0, reasons }: SchedulerVerdict,
  { accelerator }: FailureEvidence,
): NonNullable<Finding['fix']> {
  const lacking = reasons.flatMap(({ words }) => /^Insufficient (.+)$/.exec(words)?.[1] ?? []);
  if (lacking.length === 1 && lacking[0] === 'ephemeral-storage') {
    return 'The disks of the nodes that would do are too small for the weights: keep them in a volume (model.source.cache), or use nodes with larger disks.';
  }
  if (lacking.length > 0) {
    return `Nodes that would do lack ${lacking.join(' and ')}: lower resources.cpu or resources.memory, or use larger nodes.`;
  }
  const tainted = reasons.find(({ words }) => isTainted(words) && !isNodeState(words));
  if (tainted) return 'Add the taint of your GPU nodes to accelerator.tolerations.';
  const unmatched = reasons.find(({ words }) => isUnmatched(words));
  if (unmatched?.nodes === nodes) {
    return `No node of the cluster is labelled as ${accelerator.type ?? 'its accelerator'} and matches accelerator.nodeSelector and podTemplate.affinity: add such nodes, or change accelerator.type.`;
  }
  return 'See the scheduler’s words; adjust accelerator.nodeSelector, accelerator.tolerations or podTemplate.';
}

function unscheduledPods({ pods }: FailureEvidence): number {
  return pods.filter(
    (pod) => pod.metadata.deletionTimestamp === undefined && unschedulable(pod)?.reason === 'Unschedulable',
  ).length;
}
