import { ACCELERATORS } from '../../../operator/catalog/accelerators.ts';
import type { Node } from '../../../operator/kube/resources.ts';
import { acceleratorOf } from '../../../operator/rollout/accelerator-nodes.ts';
import type { Facts } from '../facts.ts';
import { count, type Finding, ok, problem, valueOf, warning } from '../finding.ts';
import { askFor, someOf } from './access.ts';

/** Resources of GPUs and of their slices. */
const GPU = /^(nvidia\.com\/(gpu|mig-.*)|amd\.com\/gpu|gpu\.intel\.com\/.*)$/;
/** GPU Feature Discovery's: the version whole, and its parts as older ones have it. */
const DRIVER = 'nvidia.com/cuda.driver-version.full';
const DRIVER_PARTS = [
  'nvidia.com/cuda.driver.major',
  'nvidia.com/cuda.driver.minor',
  'nvidia.com/cuda.driver.rev',
] as const;
const DEVICE_PLUGIN = /device-plugin|gpu-operator|dcgm|gpu-feature-discovery/;

interface GpuNode {
  readonly name: string;
  /** Of the catalogue. */
  readonly type: string | undefined;
  /** Label dialect by which the type is known. */
  readonly dialect: string | undefined;
  readonly driver: string | undefined;
  readonly capacity: number;
  readonly allocatable: number;
  readonly ready: boolean;
  readonly cordoned: boolean;
}

/** GPU nodes by class, what is wrong with some of them, and what should run on them. */
export function checkNodes(facts: Facts): Finding[] {
  const { nodes } = facts;
  if (nodes.state !== 'known') {
    return [warning('Nodes', 'Nodes cannot be seen: you may not list them.', askFor('list', 'nodes'))];
  }
  const gpus = nodes.value
    .map(gpuNode)
    .filter(({ type, capacity }) => capacity > 0 || (type !== undefined && type !== 'CPU'));
  return [
    ...classesOf(gpus, nodes.value.length),
    ...troubles(gpus),
    ...checkDaemonSets(facts),
    ...checkPriority(facts),
  ];
}

function gpuNode({ metadata, spec, status }: Node): GpuNode {
  const labels = metadata.labels ?? {};
  const type = acceleratorOf(labels, ACCELERATORS);
  const entry = ACCELERATORS.find(({ name }) => name === type);
  const shown = entry?.nodeLabels.find(({ requirements }) =>
    requirements.every(({ key, values }) => values.includes(labels[key] ?? '')),
  );
  return {
    name: metadata.name,
    type,
    dialect: shown?.dialect,
    driver: labels[DRIVER] ?? driverOf(labels),
    capacity: sumOf(status?.capacity),
    allocatable: sumOf(status?.allocatable),
    ready:
      status?.conditions?.some(({ type: condition, status: is }) => condition === 'Ready' && is === 'True') ?? false,
    cordoned: spec?.unschedulable ?? false,
  };
}

function driverOf(labels: Readonly<Record<string, string>>): string | undefined {
  const parts = DRIVER_PARTS.flatMap((label) => labels[label] ?? []);
  return parts.length === 0 ? undefined : parts.join('.');
}

function sumOf(amounts: Readonly<Record<string, string | number>> = {}): number {
  return Object.entries(amounts).reduce((sum, [name, amount]) => sum + (GPU.test(name) ? Number(amount) : 0), 0);
}

function classesOf(gpus: readonly GpuNode[], all: number): Finding[] {
  if (gpus.length === 0) {
    const message = `None of ${count(all, 'node')} has a GPU: models run on accelerator.type CPU alone.`;
    return [
      warning(
        'Nodes',
        message,
        'kubectl get nodes -o custom-columns=NAME:.metadata.name,GPUS:.status.capacity.nvidia\\.com/gpu',
      ),
    ];
  }
  const known = gpus.filter(({ type }) => type !== undefined);
  const classes = Map.groupBy(known, ({ type, dialect }) => `${type ?? ''}/${dialect ?? ''}`);
  return [...classes.values()].map((group) => {
    const [{ type = '', dialect = '' } = {}] = group;
    const drivers = [...new Set(group.flatMap(({ driver }) => driver ?? []))].sort();
    const total = group.reduce((sum, { allocatable }) => sum + allocatable, 0);
    const driver = drivers.length === 0 ? '' : `, driver ${drivers.join(', ')}`;
    return ok(
      'Nodes',
      `${type}: ${count(group.length, 'node')}, ${count(total, 'GPU')}, labels of ${dialect}${driver}`,
    );
  });
}

function troubles(gpus: readonly GpuNode[]): Finding[] {
  const among = (test: (node: GpuNode) => boolean) => gpus.filter(test).map(({ name }) => name);
  const unlabelled = among(({ type, capacity }) => type === undefined && capacity > 0);
  const without = among(({ capacity }) => capacity === 0);
  const broken = gpus.filter(({ capacity, allocatable }) => allocatable < capacity);
  const missing = broken.reduce((sum, { capacity, allocatable }) => sum + capacity - allocatable, 0);
  const notReady = among(({ ready }) => !ready);
  const cordoned = among(({ cordoned: is, ready }) => is && ready);
  const first = (names: readonly string[]) => names[0] ?? '';
  return [
    ...(without.length === 0
      ? []
      : [
          problem(
            'Nodes',
            `${someOf(without)}: labelled as GPU nodes, and no GPU is offered. The device plugin does not run there, or finds no driver.`,
            `kubectl get pods -A -o wide --field-selector spec.nodeName=${first(without)}`,
          ),
        ]),
    ...(broken.length === 0
      ? []
      : [
          warning(
            'Nodes',
            `${someOf(broken.map(({ name }) => name))}: ${count(missing, 'GPU')} of the capacity not allocatable. The device plugin calls them unhealthy.`,
            `kubectl describe node ${broken[0]?.name ?? ''}`,
          ),
        ]),
    ...(unlabelled.length === 0
      ? []
      : [
          problem(
            'Nodes',
            `${someOf(unlabelled)}: GPUs of a kind that no label of the node names: no model is placed there but with accelerator.type custom. GPU Feature Discovery sets the labels.`,
            [
              `kubectl get node ${first(unlabelled)} --show-labels`,
              '# by hand, where GPU Feature Discovery does not run; `kubectl deepseek catalog accelerators TYPE` has the label:',
              `kubectl label node ${first(unlabelled)} nvidia.com/gpu.product=PRODUCT`,
            ].join('\n'),
          ),
        ]),
    ...(notReady.length === 0
      ? []
      : [problem('Nodes', `${someOf(notReady)}: not Ready.`, `kubectl describe node ${first(notReady)}`)]),
    ...(cordoned.length === 0
      ? []
      : [
          warning(
            'Nodes',
            `${someOf(cordoned)}: cordoned, no new pod comes there.`,
            `kubectl uncordon ${first(cordoned)}`,
          ),
        ]),
  ];
}

function checkDaemonSets({ daemonSets }: Facts): Finding[] {
  const plugins = (valueOf(daemonSets) ?? []).filter(({ metadata, spec }) =>
    [metadata.name, ...(spec?.template?.spec?.containers ?? []).map(({ image = '' }) => image)].some((text) =>
      DEVICE_PLUGIN.test(text),
    ),
  );
  return plugins.map(({ metadata: { namespace = '', name }, status }) => {
    const { desiredNumberScheduled: wanted = 0, numberReady: ready = 0 } = status ?? {};
    const message = `DaemonSet ${namespace}/${name}: ${ready} of ${count(wanted, 'pod')} ready`;
    return ready < wanted
      ? problem('Nodes', `${message}.`, `kubectl -n ${namespace} describe daemonset ${name}`)
      : ok('Nodes', message);
  });
}

function checkPriority({ priorityClass }: Facts): Finding[] {
  if (priorityClass.state === 'known') {
    return [ok('Nodes', `PriorityClass ${priorityClass.value.metadata.name}: ${priorityClass.value.value}`)];
  }
  if (priorityClass.state === 'unknown') return [];
  const message =
    'The PriorityClass deepseek-serving is not there: in a handover others may take the GPUs that the old version frees.';
  return [warning('Nodes', message, 'kubectl apply -f crds/priorityclass.yaml')];
}
