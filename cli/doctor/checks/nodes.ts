import { ACCELERATORS } from '../../../operator/catalog/accelerators.ts';
import type { Node } from '../../../operator/kube/resources.ts';
import { acceleratorOf, productOf } from '../../../operator/rollout/accelerator-nodes.ts';
import type { Facts } from '../facts.ts';
import { absent, count, type Finding, ok, problem, valueOf, warning } from '../finding.ts';
import { askFor, someOf } from './access.ts';

/** Resources of whole GPUs that engines run on, of slices of them, and of GPUs that pods share in turns. */
const GPU = 'nvidia.com/gpu';
const SLICE = /^nvidia\.com\/mig-.*$/;
const SHARED = 'nvidia.com/gpu.shared';
/** Of GPUs without CUDA: no engine of the catalogue runs on them. */
const OTHER_GPU = /^(amd\.com\/gpu|gpu\.intel\.com\/.*)$/;
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
  /** What its labels call the GPU. */
  readonly product: string | undefined;
  readonly driver: string | undefined;
  /** GPUs and slices of them. */
  readonly capacity: number;
  readonly allocatable: number;
  /** Of the allocatable ones: slices. */
  readonly slices: number;
  readonly isShared: boolean;
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
    .filter(({ type, capacity, isShared }) => capacity > 0 || isShared || (type !== undefined && type !== 'CPU'));
  return [
    ...classesOf(gpus, nodes.value.length),
    ...troubles(gpus),
    ...strangers(gpus, nodes.value),
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
    product: productOf(labels),
    driver: labels[DRIVER] ?? driverOf(labels),
    capacity: amountOf(status?.capacity, isGpu),
    allocatable: amountOf(status?.allocatable, isGpu),
    slices: amountOf(status?.allocatable, (name) => SLICE.test(name)),
    isShared: amountOf(status?.capacity, (name) => name === SHARED) > 0,
    ready:
      status?.conditions?.some(({ type: condition, status: is }) => condition === 'Ready' && is === 'True') ?? false,
    cordoned: spec?.unschedulable ?? false,
  };
}

function driverOf(labels: Readonly<Record<string, string>>): string | undefined {
  const parts = DRIVER_PARTS.flatMap((label) => labels[label] ?? []);
  return parts.length === 0 ? undefined : parts.join('.');
}

const isGpu = (name: string): boolean => name === GPU || SLICE.test(name);

function amountOf(
  amounts: Readonly<Record<string, string | number>> | undefined,
  counts: (name: string) => boolean,
): number {
  return Object.entries(amounts ?? {}).reduce((sum, [name, amount]) => sum + (counts(name) ? Number(amount) : 0), 0);
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
    const slices = group.reduce((sum, node) => sum + node.slices, 0);
    const whole = group.reduce((sum, { allocatable }) => sum + allocatable, 0) - slices;
    const amounts = [
      ...(whole > 0 || slices === 0 ? [count(whole, 'GPU')] : []),
      ...(slices > 0 ? [count(slices, 'MIG slice')] : []),
    ];
    const driver = drivers.length === 0 ? '' : `, driver ${drivers.join(', ')}`;
    return ok('Nodes', `${type}: ${count(group.length, 'node')}, ${amounts.join(', ')}, labels of ${dialect}${driver}`);
  });
}

function troubles(gpus: readonly GpuNode[]): Finding[] {
  const among = (test: (node: GpuNode) => boolean) => gpus.filter(test).map(({ name }) => name);
  const unlabelled = among(
    ({ type, product, capacity }) => type === undefined && product === undefined && capacity > 0,
  );
  const without = among(({ capacity, isShared }) => capacity === 0 && !isShared);
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

/** GPUs that no model is placed on by the catalogue: nothing is wrong with them, and nobody should look for the reason. */
function strangers(gpus: readonly GpuNode[], nodes: readonly Node[]): Finding[] {
  const unknown = gpus.filter(({ type, product }) => type === undefined && product !== undefined);
  const shared = gpus.filter(({ isShared }) => isShared).map(({ name }) => name);
  const others = nodes.filter(({ status }) => amountOf(status?.capacity, (name) => OTHER_GPU.test(name)) > 0);
  return [
    ...[...Map.groupBy(unknown, ({ product = '' }) => product)].map(([product, group]) =>
      warning(
        'Nodes',
        `${product}: ${count(group.length, 'node')} with a GPU that the catalogue does not have: models are placed there with accelerator.type custom alone.`,
        '# what it has; `custom` is described in docs/reference/api.md\nkubectl deepseek catalog accelerators',
      ),
    ),
    ...(shared.length === 0
      ? []
      : [
          warning(
            'Nodes',
            `${someOf(shared)}: GPUs that pods share in turns (${SHARED}): no model is placed on these, since nothing keeps pods from each other's memory.`,
            `kubectl describe node ${shared[0] ?? ''}`,
          ),
        ]),
    ...(others.length === 0
      ? []
      : [
          absent(
            'Nodes',
            `${someOf(others.map(({ metadata: { name } }) => name))}: GPUs without CUDA; no model is placed on them`,
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
