import type { NodePool } from '../../hack/cluster/node-pools.ts';
import { renderNodes } from '../../hack/cluster/nodes.ts';
import { isNotFound } from '../../operator/kube/errors.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { KubeClient } from '../../operator/kube/types.ts';
import type { SimulatorControl } from '../simulator/index.ts';
import { eventually } from '../support/eventually.ts';

/** Label and taint of the nodes that belong to one test. */
const OWNER = 'test.deepseek-operator.io/pool';
const PATIENCE = { timeoutMs: 60_000 } as const;

export interface PoolOptions {
  /** A model of hack/cluster/gpu-models.ts that GPU Feature Discovery labels, which is also the name of the class. */
  readonly accelerator: string;
  readonly nodes: number;
  readonly gpusPerNode: number;
  /** Value of the label that only its nodes have. Default: one of the test's own. */
  readonly name?: string;
  /** Anybody's pods may come, in a cluster of the test's own. Default: the test's alone. */
  readonly open?: boolean;
}

/**
 * GPU nodes of one test alone: tainted, so that no pod of another test comes here, and labelled, so that this test's pods
 * go nowhere else. Several suites share a cluster, and each counts its own GPUs.
 */
export class Pool {
  /** For `spec`: `{ ..., accelerator: pool.accelerator }`. */
  readonly accelerator: {
    readonly type: string;
    readonly nodeSelector: Readonly<Record<string, string>>;
    readonly tolerations: readonly {
      readonly key: string;
      readonly operator: 'Exists';
      readonly effect: 'NoSchedule';
    }[];
  };
  readonly #client: KubeClient;
  readonly #simulator: SimulatorControl;
  readonly #name: string;
  readonly #gpusPerNode: number;
  readonly #open: boolean;
  readonly #signal: AbortSignal;
  readonly #nodes = new Set<string>();
  #count = 0;

  private constructor(
    client: KubeClient,
    simulator: SimulatorControl,
    name: string,
    { accelerator, gpusPerNode, open = false }: PoolOptions,
    signal: AbortSignal,
  ) {
    this.#client = client;
    this.#simulator = simulator;
    this.#name = name;
    this.#gpusPerNode = gpusPerNode;
    this.#open = open;
    this.#signal = signal;
    this.accelerator = {
      type: accelerator,
      nodeSelector: { [OWNER]: name },
      tolerations: [{ key: OWNER, operator: 'Exists', effect: 'NoSchedule' }],
    };
  }

  static async create(
    client: KubeClient,
    simulator: SimulatorControl,
    name: string,
    options: PoolOptions,
    signal: AbortSignal,
  ): Promise<Pool> {
    const pool = new Pool(client, simulator, name, options, signal);
    if (options.nodes > 0) await pool.add(options.nodes);
    return pool;
  }

  /** Names of its nodes, oldest first. */
  get nodes(): readonly string[] {
    return [...this.#nodes];
  }

  /** Labels that only its nodes have. */
  get nodeSelector(): Readonly<Record<string, string>> {
    return this.accelerator.nodeSelector;
  }

  /** More nodes, as a cluster autoscaler buys them; resolves with their names when they are ready. */
  async add(count = 1, gpus = this.#gpusPerNode): Promise<readonly string[]> {
    const pool: NodePool = {
      name: this.#name,
      nodes: this.#count + count,
      dialect: 'GPUFeatureDiscovery',
      gpu: { model: this.accelerator.type, count: gpus },
      architecture: 'amd64',
      region: 'local',
      zones: ['local-a'],
      capacity: { cpu: '192', memory: '2015Gi', ephemeralStorage: '28Ti' },
      allocatable: { cpu: '191', memory: '2000Gi', ephemeralStorage: '25Ti' },
      labels: { [OWNER]: this.#name },
      taints: this.#open ? [] : [{ key: OWNER, value: '', effect: 'NoSchedule' }],
    };
    const added = renderNodes([pool]).slice(this.#count);
    this.#count += count;
    for (const node of added) {
      this.#nodes.add(node.metadata.name);
      await this.#client.create(resources.nodes, node, { signal: this.#signal });
    }
    const names = added.map(({ metadata }) => metadata.name);
    await eventually(async () => {
      for (const name of names) {
        const { status, spec } = await this.#client.get(resources.nodes, { name }, { signal: this.#signal });
        const ready = status?.conditions?.some(
          (condition) => condition.type === 'Ready' && condition.status === 'True',
        );
        const held = spec?.taints?.some(({ key }) => key.startsWith('node.kubernetes.io/'));
        if (ready !== true || held === true) throw new Error(`node ${name} is not ready`);
      }
    }, PATIENCE);
    return names;
  }

  /** The node is taken away, with its pods, as a cluster autoscaler or a spot market does it; `atOnce`: nobody is left to end them. */
  async remove(name: string, { atOnce = false } = {}): Promise<void> {
    const signal = this.#signal;
    await this.#delete(name, signal);
    const pods = (await this.#client.list(resources.pods, { fieldSelector: `spec.nodeName=${name}`, signal })).items;
    for (const { metadata } of pods) {
      const ref = { name: metadata.name, ...(metadata.namespace !== undefined && { namespace: metadata.namespace }) };
      await this.#client
        .delete(resources.pods, ref, { ...(atOnce && { gracePeriodSeconds: 0 }), signal })
        .catch(unlessGone);
    }
  }

  /** Its kubelet and engines vanish; the node object stays and turns NotReady after 20 s. */
  lose(name: string): Promise<void> {
    return this.#simulator.loseNode(name);
  }

  restore(name: string): Promise<void> {
    return this.#simulator.restoreNode(name);
  }

  /** No new pods; those that are there stay. */
  async cordon(name: string, unschedulable = true): Promise<void> {
    const patch = { spec: { unschedulable } };
    await this.#client.patch(resources.nodes, { name }, patch, { type: 'merge', signal: this.#signal });
  }

  async close(signal: AbortSignal): Promise<void> {
    for (const name of this.nodes) await this.#delete(name, signal);
  }

  async #delete(name: string, signal: AbortSignal): Promise<void> {
    await this.#client.delete(resources.nodes, { name }, { signal }).catch(unlessGone);
    this.#nodes.delete(name);
  }
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
