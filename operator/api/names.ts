/**
 * Every name that this operator puts on an object: the API group, label keys, annotation keys and the field manager.
 * One place, so that no two files spell one differently.
 */

export const GROUP = 'deepseek-operator.io';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;
export const KIND = 'DeepSeekDeployment';
export const PLURAL = 'deepseekdeployments';
export const SINGULAR = 'deepseekdeployment';
export const SHORT_NAME = 'dsd';

/** The server-side-apply field manager of everything that the operator writes, and the value of `managed-by`. */
export const MANAGER = 'deepseek-operator';

/** Longest name of a DeepSeekDeployment: `<name>-<revision>` has to stay a Service name (63 characters). */
export const MAX_NAME_LENGTH = 45;

/** Endings of the names of our own children: a DeepSeekDeployment may not end so, or it would meet another one's child. */
export const RESERVED_SUFFIXES = ['-preview', '-rules'] as const;

export const LABEL = {
  /** Standard label; its value is always {@link MANAGER}. Children are watched by it. */
  managedBy: 'app.kubernetes.io/managed-by',
  /** Standard label; its value is the model's name. */
  appName: 'app.kubernetes.io/name',
  /** Name of the DeepSeekDeployment that owns the object. */
  name: `${GROUP}/name`,
  /** Hash of the revision that the object belongs to. */
  revision: `${GROUP}/revision`,
} as const;

/** Label selectors of what the operator has made, and of everything else. */
export const SELECTOR = {
  ours: `${LABEL.managedBy}=${MANAGER}`,
  others: `${LABEL.managedBy}!=${MANAGER}`,
} as const;

/** The container that stands before the engine and lets pooled connections go. */
export const DRAIN_PROXY_CONTAINER = 'drain-proxy';

export const ANNOTATION = {
  /** On the active Service: the revision that serves. Written in the same apply as the selector. */
  servingRevision: `${GROUP}/serving-revision`,
  /** On the active Service: the attempt (a count) that made this revision serve. */
  attempt: `${GROUP}/attempt`,
  /** On the active Service: the revision that served before, which a rollback goes to. Written in the same apply as the selector. */
  previousRevision: `${GROUP}/previous-revision`,
  /** On the active Service: when this revision got the traffic (RFC 3339). Written in the same apply as the selector. */
  switchedAt: `${GROUP}/switched-at`,
  /**
   * On the active Service: `metadata.generation` of the DeepSeekDeployment when this revision got the traffic. On a ControllerRevision:
   * when it was made, marked or forgiven. A cached spec of an earlier generation is not what people ask for any more.
   */
  generation: `${GROUP}/generation`,
  /** On a ControllerRevision: the time (RFC 3339) at which the revision had shown on users’ traffic that it serves. */
  proven: `${GROUP}/proven`,
  /** On a ControllerRevision: `<reason>: <message>` of the failure for which the revision was taken back. */
  failed: `${GROUP}/failed`,
  /** On a ControllerRevision: the time (RFC 3339) at which it was accepted without enough traffic to prove it. */
  accepted: `${GROUP}/accepted`,
  /** On a pod: the configuration of its drain proxy, which the proxy reads as a file. */
  drainProxy: `${GROUP}/drain-proxy`,
  /** On a ControllerRevision: `<reason>: <message>` of the order by which the revision was taken back. */
  held: `${GROUP}/held`,
  /** On a Deployment: what its ControllerRevision says beside the template, as JSON, so that a lost one is made again. */
  record: `${GROUP}/record`,
  /** On the Service of a revision: the catalogue name of its model, a label of its series. */
  model: `${GROUP}/model`,
  /** On the Service of a revision: its quantization, a label of its series. */
  quantization: `${GROUP}/quantization`,
  /** On the Service of a revision: the catalogue name of its accelerator, a label of its series. */
  accelerator: `${GROUP}/accelerator`,
  /** On a DeepSeekDeployment: `disabled` makes the operator write its status only. */
  reconcile: `${GROUP}/reconcile`,
  /** On a DeepSeekDeployment: an order, `<verb>/<revision>/<object UID>/<nonce>`. */
  order: `${GROUP}/order`,
} as const;
