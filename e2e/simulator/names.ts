/**
 * The contract with the Stage objects of hack/cluster/kwok (its README is the specification), and the labels of the
 * operator that rules can name. Nothing here is read by the operator.
 */
const PREFIX = 'simulator.deepseek-operator.io';

export const ANNOTATION = {
  state: `${PREFIX}/state`,
  restarts: `${PREFIX}/restarts`,
  exitCode: `${PREFIX}/exit-code`,
  message: `${PREFIX}/message`,
  /** On a pod: `wait` keeps a deleted pod until `done`. */
  drain: `${PREFIX}/drain`,
} as const;

/** Annotation of nodes that KWOK plays, and its value. */
export const SIMULATED_NODE = ['kwok.x-k8s.io/node', 'fake'] as const;

/** Namespace of the node leases: a node that comes back needs a new one. */
export const LEASE_NAMESPACE = 'kube-node-lease';

export const LABEL = {
  name: 'deepseek-operator.io/name',
  revision: 'deepseek-operator.io/revision',
} as const;

export const POD_STATES = [
  'pending',
  'loading',
  'ready',
  'unready',
  'crashed',
  'oom-killed',
  'image-pull-failed',
  'config-error',
] as const;

/** State of an engine pod; `pending` until the simulator has reported one. */
export type PodState = (typeof POD_STATES)[number];
