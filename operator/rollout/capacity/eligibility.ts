import type { INodeSelectorRequirement } from 'kubernetes-models/v1/NodeSelectorRequirement';
import type { INodeSelectorTerm } from 'kubernetes-models/v1/NodeSelectorTerm';
import type { ITaint } from 'kubernetes-models/v1/Taint';
import type { IToleration } from 'kubernetes-models/v1/Toleration';
import type { CapacityNode, CapacityPod } from './types.ts';

type PodSpec = NonNullable<CapacityPod['spec']>;
type Labels = Readonly<Record<string, string>>;

/** The taint of a cordoned node, which is there for pods that tolerate it even before the taint itself is. */
const CORDONED: ITaint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/**
 * Whether the scheduler may put a pod with this spec on the node at all, whatever is free there: node selector,
 * required node affinity, taints and cordons. A node that is known not to be ready takes nobody.
 */
export function isEligible(node: CapacityNode, spec: PodSpec): boolean {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready !== undefined && ready.status !== 'True') return false;
  return isSelected(node, spec) && isTolerated(node, spec.tolerations ?? []);
}

function isSelected({ metadata }: CapacityNode, { nodeSelector, affinity }: PodSpec): boolean {
  const labels = metadata.labels ?? {};
  for (const key in nodeSelector) if (labels[key] !== nodeSelector[key]) return false;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, metadata.name, labels));
}

/** A term without requirements matches no node. */
function matchesTerm(
  { matchExpressions = [], matchFields = [] }: INodeSelectorTerm,
  name: string,
  labels: Labels,
): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const fields: Labels = { 'metadata.name': name };
  return (
    matchExpressions.every((requirement) => matches(requirement, labels)) &&
    matchFields.every((requirement) => matches(requirement, fields))
  );
}

function matches({ key, operator, values = [] }: INodeSelectorRequirement, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return compare(value, values[0]) > 0;
    case 'Lt':
      return compare(value, values[0]) < 0;
  }
}

const INTEGER = /^[+-]?\d+$/;

/** The difference of two integers; NaN, which is neither more nor less, when one is none. */
function compare(a: string | undefined, b: string | undefined): number {
  return a !== undefined && b !== undefined && INTEGER.test(a) && INTEGER.test(b) ? Number(a) - Number(b) : Number.NaN;
}

function isTolerated({ spec }: CapacityNode, tolerations: readonly IToleration[]): boolean {
  if (spec?.unschedulable === true && !tolerates(CORDONED, tolerations)) return false;
  return (spec?.taints ?? []).every((taint) => taint.effect === 'PreferNoSchedule' || tolerates(taint, tolerations));
}

/** The operators Lt and Gt are alpha and tolerate nothing, as in a scheduler without them. */
function tolerates(taint: ITaint, tolerations: readonly IToleration[]): boolean {
  return tolerations.some(({ key, operator = 'Equal', value = '', effect }) => {
    if (effect && effect !== taint.effect) return false;
    if (key && key !== taint.key) return false;
    return operator === 'Exists' || (operator === 'Equal' && value === (taint.value ?? ''));
  });
}
