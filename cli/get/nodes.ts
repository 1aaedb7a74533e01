import { CATALOG, type Catalog } from '../../operator/catalog/index.ts';
import { acceleratorOf, productOf } from '../../operator/rollout/accelerator-nodes.ts';
import type { Node } from '../../operator/kube/resources.ts';

/** The node of a pod. */
export interface NodeView {
  readonly name: string;
  /** The GPU's name in the catalogue, or what the node's labels call it. */
  readonly gpu?: string;
  /** `Unknown`: it may not be read. */
  readonly state: 'Ready' | 'NotReady' | 'Gone' | 'Unknown';
  /** No new pods are put there. */
  readonly cordoned: boolean;
}

/** The node called `name`; `nodes` is undefined when nodes may not be read. */
export function nodeView(name: string, nodes: readonly Node[] | undefined): NodeView {
  if (!nodes) return { name, state: 'Unknown', cordoned: false };
  const node = nodes.find(({ metadata }) => metadata.name === name);
  if (!node) return { name, state: 'Gone', cordoned: false };
  const ready = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  const gpu = gpuOf(node.metadata.labels ?? {});
  return {
    name,
    ...(gpu === undefined ? {} : { gpu }),
    state: ready ? 'Ready' : 'NotReady',
    cordoned: node.spec?.unschedulable ?? false,
  };
}

/** The GPU of a node, by its product labels in any of the dialects that the catalogue knows; CPU where it has none that labels name. */
export function gpuOf(labels: Readonly<Record<string, string>>, catalog: Catalog = CATALOG): string | undefined {
  return acceleratorOf(labels, catalog.accelerators) ?? productOf(labels);
}
