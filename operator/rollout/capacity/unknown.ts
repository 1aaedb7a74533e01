import { isHeld, isRevision } from './competitors.ts';
import type { CapacityNode, CapacityQuestion } from './types.ts';

/** Label by which Kueue takes pods into a queue. */
const QUEUE_LABEL = 'kueue.x-k8s.io/queue-name';

/** Why no count could be trusted, as a sentence; undefined: nothing speaks against it. */
export function whyUnknown(question: CapacityQuestion): string | undefined {
  const { nodes, pods, template, own } = question;
  if (nodes === undefined) return 'The operator may not list nodes.';
  if (pods === undefined) return 'The operator may not list the pods of all namespaces.';
  const queue = template.metadata?.labels?.[QUEUE_LABEL];
  if (queue !== undefined) return `The pods go into the queue ${queue}, which decides when they may run.`;
  const held = pods.find((pod) => isRevision(pod, own, own.revision) && isHeld(pod));
  if (held) {
    const gates = (held.spec?.schedulingGates ?? []).map(({ name }) => name).join(', ');
    return `Pod ${held.metadata.name} is held by the scheduling gate ${gates}: whoever set it decides when it may run.`;
  }
  const { affinity, topologySpreadConstraints = [] } = template.spec ?? {};
  const { podAffinity, podAntiAffinity } = affinity ?? {};
  const rules = [podAffinity, podAntiAffinity].flatMap(
    (rule) => rule?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
  );
  if (rules.length > 0) return 'podTemplate.affinity requires or forbids other pods beside a replica.';
  return topologySpreadConstraints.some(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')
    ? 'podTemplate.topologySpreadConstraints forbids nodes depending on where other replicas are.'
    : undefined;
}

/** The same for nodes that the replicas may have and that do not offer `device` as a resource that can be counted. */
export function whyUncounted(
  { dynamicNodes }: CapacityQuestion,
  device: string,
  without: readonly CapacityNode[],
  someOffer: boolean,
): string | undefined {
  const dynamic = without.find(({ metadata }) => dynamicNodes?.includes(metadata.name));
  if (dynamic)
    return `Node ${dynamic.metadata.name} offers its devices through dynamic resource allocation, and no ${device} that could be counted.`;
  if (dynamicNodes !== undefined || someOffer || without.length === 0) return undefined;
  return `No node that the replicas may have offers ${device}, and the operator may not see whether one does through dynamic resource allocation.`;
}
