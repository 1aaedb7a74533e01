import { classifyFailure, type FailureEvidence } from '../../operator/rollout/failures/index.ts';
import type { Node, Pod } from '../../operator/kube/resources.ts';
import { ENGINE_CONTAINER } from '../../operator/resources/index.ts';
import { type NodeView, nodeView } from './nodes.ts';

/** Where a pod is in its life, when nothing is wrong with it. */
export type PodState =
  'Scheduling' | 'Starting' | 'Loading' | 'Ready' | 'NotReady' | 'Restarting' | 'Terminating' | 'Ended';

/** Why something does not get ready; `reason` is one of docs/reference/reasons.md, `message` ends with what to do. */
export interface FailureView {
  readonly reason: string;
  readonly message: string;
  /** Nothing will change until somebody acts. */
  readonly blocking: boolean;
}

export interface PodView {
  readonly name: string;
  readonly state: PodState;
  /** When the state began, RFC 3339. */
  readonly since?: string;
  readonly failure?: FailureView;
  /** What Kubernetes calls it: ImagePullBackOff, CrashLoopBackOff, Unschedulable, Evicted. */
  readonly kubernetesReason?: string;
  /** Restarts of all containers. */
  readonly restarts: number;
  readonly createdAt?: string;
  readonly ip?: string;
  /** Devices that the pod asks for; absent on CPU. */
  readonly gpus?: number;
  /** Absent until the scheduler has chosen one. */
  readonly node?: NodeView;
}

export interface PodContext {
  /** What the classifier needs of the revision, without its pods. */
  readonly evidence: Omit<FailureEvidence, 'pods' | 'deployment' | 'wantedReplicas'>;
  /** Undefined: they may not be read. */
  readonly nodes: readonly Node[] | undefined;
}

/** What a person wants to know of one pod. */
export function podView(pod: Pod, { evidence, nodes }: PodContext): PodView {
  const { metadata, spec, status } = pod;
  const failure = classifyFailure({ ...evidence, pods: [pod], wantedReplicas: 1 });
  const reason = kubernetesReason(pod);
  const gpus = gpusOf(pod);
  const restarts = (status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0);
  return {
    name: metadata.name,
    ...stateOf(pod),
    ...(failure && { failure: { reason: failure.reason, message: failure.message, blocking: failure.blocking } }),
    ...(reason !== undefined && { kubernetesReason: reason }),
    restarts,
    ...(metadata.creationTimestamp !== undefined && { createdAt: metadata.creationTimestamp }),
    ...(status?.podIP !== undefined && { ip: status.podIP }),
    ...(gpus > 0 && { gpus }),
    ...(spec?.nodeName !== undefined && { node: nodeView(spec.nodeName, nodes) }),
  };
}

function stateOf({ metadata, spec, status }: Pod): Pick<PodView, 'state' | 'since'> {
  const at = (state: PodState, since?: string) => ({ state, ...(since !== undefined && { since }) });
  if (metadata.deletionTimestamp !== undefined) return at('Terminating');
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return at('Ended');

  const condition = (type: string) => status?.conditions?.find((candidate) => candidate.type === type);
  const ready = condition('Ready');
  if (ready?.status === 'True') return at('Ready', ready.lastTransitionTime);
  if (spec?.nodeName === undefined) return at('Scheduling', metadata.creationTimestamp);

  const engine = engineStatus(status?.containerStatuses);
  if (engine?.state?.running) {
    const { startedAt } = engine.state.running;
    return engine.started === true ? at('NotReady', ready?.lastTransitionTime) : at('Loading', startedAt);
  }
  if (engine?.state?.terminated || (engine?.restartCount ?? 0) > 0) return at('Restarting');
  return at('Starting', condition('PodScheduled')?.lastTransitionTime ?? metadata.creationTimestamp);
}

type ContainerStatuses = NonNullable<NonNullable<Pod['status']>['containerStatuses']>;

function engineStatus(statuses: ContainerStatuses = []): ContainerStatuses[number] | undefined {
  return statuses.find(({ name }) => name === ENGINE_CONTAINER) ?? statuses[0];
}

/** Waiting reasons that are the normal course of a start. */
const NORMAL = new Set(['ContainerCreating', 'PodInitializing']);

function kubernetesReason({ status }: Pod): string | undefined {
  if (status?.reason !== undefined) return status.reason;
  const waiting = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].find(
    ({ state }) => state?.waiting?.reason !== undefined && !NORMAL.has(state.waiting.reason),
  );
  if (waiting) return waiting.state?.waiting?.reason;
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  return scheduled?.status === 'False' ? scheduled.reason : undefined;
}

/** Requests that are no devices. */
const HOST_RESOURCE = /^(cpu|memory|ephemeral-storage|hugepages-.*)$/;

function gpusOf({ spec }: Pod): number {
  return (spec?.containers ?? [])
    .flatMap(({ resources }) => Object.entries(resources?.limits ?? {}))
    .filter(([name]) => !HOST_RESOURCE.test(name))
    .reduce((sum, [, count]) => sum + Number(count), 0);
}
