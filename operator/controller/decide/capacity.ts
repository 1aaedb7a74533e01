import { ACCELERATORS } from '../../catalog/accelerators.ts';
import { GIB, parseQuantity } from '../../planner/index.ts';
import { type AcceleratorFinding, checkAccelerator } from '../../rollout/accelerator-nodes.ts';
import type { Failure } from '../../rollout/failures/index.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Judgement, Verdict } from './judgement.ts';

/** Whether there is a place for the pods. */
export interface Capacity {
  /** Every replica that is wanted is available: it has its place, whatever labels say. */
  readonly placed: boolean;
  /** What is wrong with the nodes. */
  readonly finding?: AcceleratorFinding;
  /** The operator may not list nodes. */
  readonly nodesUnknown: boolean;
}

type Place = Pick<Judgement, 'desired' | 'step' | 'states' | 'replicas'>;

/** Compares the accelerator of the spec with the nodes of the cluster, where pods still wait for a place. */
export function capacityOf(snapshot: Snapshot, { desired, step, states, replicas }: Place): Capacity {
  const placed =
    // What is held has no pods.
    (step.candidate === undefined || step.phase === 'Held') &&
    step.serving !== undefined &&
    (states.get(step.serving)?.availableReplicas ?? 0) >= replicas;
  const nodesUnknown = snapshot.cluster.nodes === undefined;
  const finding = placed ? undefined : acceleratorFinding(snapshot, desired);
  return { placed, nodesUnknown, ...(finding && { finding }) };
}

/** What is wrong with the nodes for the revision that the spec asks for. */
export function acceleratorFinding(
  { deployment, cluster }: Snapshot,
  desired: Place['desired'],
): AcceleratorFinding | undefined {
  if (cluster.nodes === undefined || desired.revision === undefined) return undefined;
  return checkAccelerator(wantedAccelerator(deployment.spec, desired), cluster.nodes, ACCELERATORS);
}

function wantedAccelerator({ accelerator }: Snapshot['deployment']['spec'], { plan }: Place['desired']) {
  const { type, custom, nodeSelector } = accelerator;
  const entry = ACCELERATORS.find(({ name }) => name === type);
  // A plan that a later catalogue refuses serves on: the spec and the catalogue say what its pods ask for.
  const resourceName = plan.accepted
    ? plan.plan.accelerator.resourceName
    : (accelerator.resourceName ?? entry?.resourceName);
  const bytes = custom && parseQuantity(custom.memory);
  const deviceMiB = bytes === undefined ? entry?.memory?.deviceMiB : (bytes / GIB) * 1024;
  return { type, resourceName, deviceMiB, nodeSelector };
}

export function capacityVerdict({ failures, capacity }: Judgement): Verdict {
  const { finding, placed, nodesUnknown } = capacity;
  if (finding) return { status: 'False', reason: finding.reason, message: finding.message };
  const short = [...failures.values()].find(isShortOfNodes);
  if (short) return { status: 'False', reason: short.reason, message: short.message };
  if (placed) return { status: 'True', reason: 'CapacityFound', message: 'Every replica has its place.' };
  return nodesUnknown
    ? {
        status: 'Unknown',
        reason: 'NodesUnknown',
        message: 'The operator may not list nodes; the scheduler has not refused a replica.',
      }
    : { status: 'Unknown', reason: 'Scheduling', message: 'The scheduler has not refused a replica.' };
}

/** That there is no such node explains what the scheduler says, and is known before it does. */
export function missingAccelerator(
  { finding }: Capacity,
  failure: Failure | undefined,
): AcceleratorFinding | undefined {
  if (finding?.reason !== 'AcceleratorNotFound') return undefined;
  return failure === undefined || isShortOfNodes(failure) ? finding : undefined;
}

/** The scheduler has found no node. */
export function isShortOfNodes({ reason }: Failure): boolean {
  return reason === 'InsufficientGPUs' || reason === 'Unschedulable';
}
