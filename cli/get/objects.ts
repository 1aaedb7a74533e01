import {
  type DeepSeekDeploymentSpec,
  type DeepSeekDeploymentStatus,
  GROUP,
  KIND,
  LABEL,
  SELECTOR,
  PLURAL,
  VERSION,
} from '../../operator/api/index.ts';
import {
  type ControllerRevision,
  type Deployment,
  namespaced,
  type Node,
  type Pod,
} from '../../operator/kube/resources.ts';
import type { KubeObject } from '../../operator/kube/types.ts';

/** A DeepSeekDeployment as the API server sends it. */
export interface DeepSeekDeploymentObject extends KubeObject {
  readonly spec: DeepSeekDeploymentSpec;
  readonly status?: DeepSeekDeploymentStatus;
}

export const DEEPSEEK_DEPLOYMENTS = namespaced<DeepSeekDeploymentObject>(GROUP, VERSION, KIND, PLURAL);

/** One DeepSeekDeployment with everything below it. */
export interface TreeObjects {
  readonly deployment: DeepSeekDeploymentObject;
  readonly controllerRevisions: readonly ControllerRevision[];
  readonly deployments: readonly Deployment[];
  readonly pods: readonly Pod[];
  /** The nodes that the pods are on; others may be among them. */
  readonly nodes: readonly Node[];
  /** Plural names of the kinds that the user may not read. */
  readonly denied: readonly string[];
}

/** Selects the children of one DeepSeekDeployment. */
export function childSelector(name: string): string {
  return `${SELECTOR.ours},${LABEL.name}=${name}`;
}
