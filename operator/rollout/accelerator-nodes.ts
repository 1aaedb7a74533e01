import type { Reason } from '../api/index.ts';
import type { AcceleratorEntry, NodeLabels } from '../catalog/index.ts';
import { parseQuantity } from '../planner/index.ts';

/** A node as far as its accelerator can be read from it. */
export interface NodeEvidence {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly status?: { readonly allocatable?: Readonly<Record<string, string | number>> };
}

/** What one replica asks of its node. */
export interface WantedAccelerator {
  /** Catalogue name, or `custom`. */
  readonly type: string;
  /** Extended resource that its pod asks for; absent on CPU. */
  readonly resourceName?: string | undefined;
  /** Memory of one device as the plan takes it to be, in MiB; absent where nobody says. */
  readonly deviceMiB?: number | undefined;
  /** Labels that a node of a `custom` accelerator has: the catalogue knows none of it. */
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
}

/** Why the nodes that there are do not do. It may pass by itself: a cluster autoscaler may bring others. */
export interface AcceleratorFinding {
  readonly reason: Extract<Reason, 'AcceleratorNotFound' | 'AcceleratorMemoryMismatch'>;
  /** A sentence or two, without counts that change with each node of another kind. */
  readonly message: string;
}

/** What GPU Feature Discovery says of the memory of one GPU, in MiB. Jetsons and the clouds' own labels do not have it. */
const MEMORY_LABEL = 'nvidia.com/gpu.memory';
/** Labels that name a GPU: of GPU Feature Discovery, GKE and Karpenter. */
const PRODUCT_LABELS = [
  'nvidia.com/gpu.product',
  'cloud.google.com/gke-accelerator',
  'karpenter.k8s.aws/instance-gpu-name',
];

/**
 * Drivers differ by a percent or two (40,536 and 40,960 MiB of an A100-40GB), and people write the nominal size of
 * `custom` GPUs, of which up to 7 % are missing (a 16 GiB T4 has 15,360 MiB). Another model differs by more.
 */
const MEMORY_TOLERANCE = 0.1;

/**
 * The catalogue's name of the accelerator that the labels show; undefined: none that it knows. The CPU of a node with GPUs
 * has its labels, too, and is not what the node is there for.
 */
export function acceleratorOf(
  labels: Readonly<Record<string, string>> | undefined,
  accelerators: readonly AcceleratorEntry[],
): string | undefined {
  const shown = accelerators.filter(({ nodeLabels }) => shows(labels ?? {}, nodeLabels));
  const gpu = shown.find(({ device }) => device !== 'CPU');
  return gpu === undefined && productOf(labels) === undefined ? shown[0]?.name : gpu?.name;
}

/** What the labels call the GPU, whether the catalogue knows it or not. */
export function productOf(labels: Readonly<Record<string, string>> | undefined): string | undefined {
  return PRODUCT_LABELS.map((label) => labels?.[label]).find((value) => value !== undefined);
}

/**
 * Checks the declared accelerator against the nodes of the cluster: whether one shows it and offers its resource, and
 * whether its memory is what the plan counts on. Undefined: it is there, as far as labels tell.
 */
export function checkAccelerator(
  wanted: WantedAccelerator,
  nodes: readonly NodeEvidence[],
  accelerators: readonly AcceleratorEntry[],
): AcceleratorFinding | undefined {
  const { type, resourceName } = wanted;
  const entry = accelerators.find(({ name }) => name === type);
  const labelled = nodes.filter(({ metadata: { labels = {} } }) =>
    entry === undefined ? hasAll(labels, wanted.nodeSelector ?? {}) : shows(labels, entry.nodeLabels),
  );
  if (labelled.length === 0) return notFound(noNode(wanted, nodes, accelerators, entry !== undefined));
  const offering = resourceName === undefined ? labelled : labelled.filter((node) => offers(node, resourceName));
  if (offering.length === 0) return notFound(notOffered(wanted, labelled, entry !== undefined));
  return memoryMismatch(wanted, offering);
}

const notFound = (message: string): AcceleratorFinding => ({
  reason: 'AcceleratorNotFound',
  message: `${message} It waits: a cluster autoscaler may bring such a node.`,
});

function noNode(
  { type }: WantedAccelerator,
  nodes: readonly NodeEvidence[],
  accelerators: readonly AcceleratorEntry[],
  known: boolean,
): string {
  const has = classesOf(nodes, accelerators).join(', ') || 'no node with an accelerator';
  const wants = known ? `is labelled as ${type}` : 'has the labels of accelerator.nodeSelector';
  return `No node of the cluster ${wants}; it has ${has}: add such nodes, or change accelerator.${known ? 'type' : 'nodeSelector'}.`;
}

/** The accelerators that there are: those of the catalogue in its order, then products that it does not know. */
function classesOf(nodes: readonly NodeEvidence[], accelerators: readonly AcceleratorEntry[]): string[] {
  const known = new Set<string>();
  const unknown = new Set<string>();
  for (const { metadata } of nodes) {
    const name = acceleratorOf(metadata.labels, accelerators);
    const product = productOf(metadata.labels);
    if (name !== undefined) known.add(name);
    else if (product !== undefined) unknown.add(product);
  }
  return [...accelerators.map(({ name }) => name).filter((name) => known.has(name)), ...[...unknown].sort()];
}

function notOffered(
  { type, resourceName = '' }: WantedAccelerator,
  labelled: readonly NodeEvidence[],
  known: boolean,
): string {
  const vendor = resourceName.slice(0, resourceName.indexOf('/') + 1);
  const offered = new Set(
    labelled.flatMap((node) =>
      Object.keys(node.status?.allocatable ?? {}).filter((name) => name.startsWith(vendor) && offers(node, name)),
    ),
  );
  const which = known ? `labelled as ${type}` : 'with the labels of accelerator.nodeSelector';
  return offered.size === 0
    ? `The nodes ${which} offer no ${resourceName}: see that the device plugin runs on them.`
    : `The nodes ${which} offer ${[...offered].sort().join(', ')} and no ${resourceName}: see accelerator.resourceName and the device plugin’s settings.`;
}

function memoryMismatch(
  { type, deviceMiB }: WantedAccelerator,
  offering: readonly NodeEvidence[],
): AcceleratorFinding | undefined {
  if (deviceMiB === undefined) return undefined;
  const memories = offering.map(({ metadata }) => Number(metadata.labels?.[MEMORY_LABEL] ?? Number.NaN));
  const differs = (memory: number) => memory > 0 && Math.abs(memory - deviceMiB) > MEMORY_TOLERANCE * deviceMiB;
  // One node that is as planned, or does not say, is enough: the scheduler may use it.
  if (!memories.every(differs)) return undefined;
  const found = [...new Set(memories)].sort((a, b) => a - b).join(' or ');
  return {
    reason: 'AcceleratorMemoryMismatch',
    message:
      `The GPUs of the nodes for ${type} have ${found} MiB (label ${MEMORY_LABEL}), and the plan counts on ${Math.round(deviceMiB)} MiB: ` +
      `correct accelerator.${type === 'custom' ? 'custom.memory' : 'type'}, or the labels of the nodes.`,
  };
}

function shows(labels: Readonly<Record<string, string>>, dialects: readonly NodeLabels[]): boolean {
  return dialects.some(({ requirements }) =>
    requirements.every(({ key, values }) => labels[key] !== undefined && values.includes(labels[key])),
  );
}

function hasAll(labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

/** Devices that a node offers. The API server writes a thousand of them as `1k`. */
export function allocatableOf({ status }: Pick<NodeEvidence, 'status'>, resourceName: string): number {
  return parseQuantity(status?.allocatable?.[resourceName] ?? 0) ?? 0;
}

function offers(node: NodeEvidence, resourceName: string): boolean {
  return allocatableOf(node, resourceName) > 0;
}
