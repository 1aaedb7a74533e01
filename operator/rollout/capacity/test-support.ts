import { LABEL } from '../../api/names.ts';
import type { CapacityNode, CapacityPod, CapacityQuestion } from './types.ts';

export const GPU = 'nvidia.com/gpu';
export const OWN = { namespace: 'ai', name: 'chat', revision: 'new' } as const;

type Template = CapacityQuestion['template'];
type TemplateSpec = NonNullable<Template['spec']>;
type Quantities = Readonly<Record<string, string>>;

/** A node labelled `class: a100` with plenty of everything but GPUs. */
export function gpuNode(
  name: string,
  gpus: number,
  more: {
    readonly labels?: Quantities;
    readonly allocatable?: Quantities;
    readonly spec?: CapacityNode['spec'];
    readonly ready?: string;
  } = {},
): CapacityNode {
  const { labels = { class: 'a100' }, allocatable = {}, spec, ready = 'True' } = more;
  return {
    metadata: { name, labels },
    ...(spec && { spec }),
    status: {
      allocatable: { cpu: '64', memory: '512Gi', pods: '110', [GPU]: String(gpus), ...allocatable },
      conditions: [{ type: 'Ready', status: ready }],
    },
  };
}

/** The template of a revision whose replicas take so many GPUs of a node of the class. */
export function template(
  gpus: number,
  spec: Partial<TemplateSpec> = {},
  owner: Quantities = labelsOf('new'),
): Template {
  return {
    metadata: { labels: { ...owner } },
    spec: { nodeSelector: { class: 'a100' }, containers: [engine({ [GPU]: String(gpus) })], ...spec },
  };
}

export function engine(requests: Quantities): TemplateSpec['containers'][number] {
  return { name: 'engine', image: 'engine', resources: { requests: { ...requests }, limits: { ...requests } } };
}

/** Labels of the pods of a revision of `ai/chat`, or of another. */
export function labelsOf(revision: string, name: string = OWN.name): Record<string, string> {
  return { [LABEL.name]: name, [LABEL.revision]: revision };
}

/** A pod that runs on `node` and is ready; without one it waits. */
export function pod(
  name: string,
  node: string | undefined,
  gpus: number,
  more: {
    readonly revision?: string;
    readonly namespace?: string;
    readonly labels?: Quantities;
    readonly phase?: string;
    readonly ready?: boolean;
    readonly leaving?: boolean;
    readonly spec?: Partial<TemplateSpec>;
  } = {},
): CapacityPod {
  const {
    revision,
    namespace = OWN.namespace,
    phase = node === undefined ? 'Pending' : 'Running',
    ready = true,
  } = more;
  const labels = more.labels ?? (revision === undefined ? {} : labelsOf(revision));
  return {
    metadata: { name, namespace, labels, ...(more.leaving && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
    spec: {
      nodeSelector: { class: 'a100' },
      containers: [engine(gpus === 0 ? {} : { [GPU]: String(gpus) })],
      ...(node !== undefined && { nodeName: node }),
      ...more.spec,
    },
    status: { phase: phase as 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

/** A question of the revision `new` of `ai/chat`, one GPU for each replica unless `more` says otherwise. */
export function question(
  nodes: readonly CapacityNode[] | undefined,
  pods: readonly CapacityPod[] | undefined,
  more: Partial<CapacityQuestion> = {},
): CapacityQuestion {
  return { nodes, pods, template: template(1), priority: 0, own: OWN, reservations: [], ...more };
}
