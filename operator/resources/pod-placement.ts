import type { IAffinity } from 'kubernetes-models/v1/Affinity';
import type { INodeSelectorTerm } from 'kubernetes-models/v1/NodeSelectorTerm';
import type { IToleration } from 'kubernetes-models/v1/Toleration';
import type { ITopologySpreadConstraint } from 'kubernetes-models/v1/TopologySpreadConstraint';
import type { AcceleratorEntry } from '../catalog/types.ts';

/**
 * The nodes that have an accelerator, as node selector terms: one for each dialect of labels, which the scheduler ORs.
 * None for an accelerator that the catalogue does not know; the user's own selectors decide then.
 */
export function acceleratorTerms(type: string, accelerators: readonly AcceleratorEntry[]): INodeSelectorTerm[] {
  const labels = accelerators.find(({ name }) => name === type)?.nodeLabels ?? [];
  return labels.map(({ requirements }) => ({
    matchExpressions: requirements.map(({ key, operator, values }) => ({ key, operator, values: [...values] })),
  }));
}

/**
 * The user's affinity with ours ANDed into its required node terms. Terms are ORed by the scheduler, so each of ours
 * is combined with each of the user's. Without terms of ours the user's affinity stays as it is.
 */
export function withNodeTerms(
  affinity: IAffinity | undefined,
  terms: readonly INodeSelectorTerm[],
): IAffinity | undefined {
  if (terms.length === 0) return affinity;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const nodeSelectorTerms =
    required.length === 0 ? [...terms] : terms.flatMap((ours) => required.map((theirs) => bothTerms(ours, theirs)));
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
    },
  };
}

function bothTerms(a: INodeSelectorTerm, b: INodeSelectorTerm): INodeSelectorTerm {
  const matchExpressions = [...(a.matchExpressions ?? []), ...(b.matchExpressions ?? [])];
  const matchFields = [...(a.matchFields ?? []), ...(b.matchFields ?? [])];
  return { ...(matchExpressions.length > 0 && { matchExpressions }), ...(matchFields.length > 0 && { matchFields }) };
}

/** How long a pod stays bound to a node that has gone silent. Kubernetes' own 300 s are too long for a model that serves. */
const NODE_GONE_SECONDS = 30;

/**
 * The user's tolerations, the taint of GPU nodes, and a short patience with nodes that are gone; the last unless the
 * user says otherwise for the same taint.
 */
export function tolerations(user: readonly IToleration[] | undefined, resourceName: string | undefined): IToleration[] {
  const own: IToleration[] = [
    ...(resourceName === undefined
      ? []
      : [{ key: gpuTaint(resourceName), operator: 'Exists', effect: 'NoSchedule' } as const]),
    ...['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map(
      (key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: NODE_GONE_SECONDS }) as const,
    ),
  ];
  const theirs = user ?? [];
  return [
    ...theirs,
    ...own.filter(({ key, effect }) => !theirs.some((other) => other.key === key && other.effect === effect)),
  ];
}

/** Nodes are tainted with the name of the plain device, of which MIG slices and shares are part. */
function gpuTaint(resourceName: string): string {
  return resourceName.startsWith('nvidia.com/') ? 'nvidia.com/gpu' : resourceName;
}

/**
 * Replicas of one revision go to different zones and hosts where there is a choice; GPUs decide otherwise. The user's
 * own constraints stand instead, counting the pods of the revision unless they say which.
 */
export function spread(
  matchLabels: Readonly<Record<string, string>>,
  user: readonly ITopologySpreadConstraint[] = SOFT_SPREAD,
): ITopologySpreadConstraint[] {
  return user.map((constraint) => ({ labelSelector: { matchLabels: { ...matchLabels } }, ...constraint }));
}

const SOFT_SPREAD: readonly ITopologySpreadConstraint[] = [
  { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
  { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
];
