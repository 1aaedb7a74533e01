import { PAUSE_IMAGE } from '../../hack/image/node-images.ts';
import { eventually } from '../support/index.ts';
import { PATIENCE, type Pod, type Stage } from './stage.ts';

const NAMESPACE = 'default';
const NAME = 'holds-gpus';
const GPUS = 'nvidia.com/gpu';

interface Node {
  readonly status: { readonly allocatable: Readonly<Record<string, string>> };
}

interface Holders {
  readonly items: readonly {
    readonly spec: {
      readonly containers: readonly { readonly resources?: { readonly requests?: Readonly<Record<string, string>> } }[];
    };
  }[];
}

/** GPUs that a pod of somebody else holds, until they are freed. */
export interface HeldGpus extends AsyncDisposable {
  free(): Promise<void>;
}

/** Takes every GPU of the node that no pod has. */
export async function withoutGpus(stage: Stage): Promise<HeldGpus> {
  const { items: nodes } = await stage.get<{ readonly items: readonly Node[] }>('/api/v1/nodes');
  const { items: pods } = await stage.get<Holders>('/api/v1/pods');
  const there = nodes.reduce((sum, { status }) => sum + Number(status.allocatable[GPUS] ?? 0), 0);
  const taken = pods
    .flatMap(({ spec }) => spec.containers)
    .reduce((sum, { resources }) => sum + Number(resources?.requests?.[GPUS] ?? 0), 0);
  const container = {
    ...{ name: 'pause', image: PAUSE_IMAGE, imagePullPolicy: 'Never' },
    resources: { limits: { [GPUS]: String(there - taken) } },
  };
  const metadata = { name: NAME, namespace: NAMESPACE };
  await stage.apply({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container] } });
  await eventually(async () => {
    const { status } = await stage.get<Pod>(`/api/v1/namespaces/${NAMESPACE}/pods/${NAME}`);
    const isPlaced = status.conditions?.some(({ type, status: holds }) => type === 'PodScheduled' && holds === 'True');
    if (isPlaced !== true) throw new Error(`${NAME} has no node.`);
  }, PATIENCE);
  const free = async (): Promise<void> => {
    const at = ['-n', NAMESPACE, 'pod', NAME];
    await stage.kubectl(['delete', ...at, '--ignore-not-found', '--force', '--grace-period=0', '--wait=false']);
  };
  return { free, [Symbol.asyncDispose]: free };
}
