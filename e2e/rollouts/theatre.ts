import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { Cluster } from '../../hack/cluster/index.ts';
import { resources } from '../../operator/kube/resources.ts';
import { type Connection, connect, installCrd } from '../reconcile/install.ts';
import { Pool } from '../reconcile/pools.ts';
import { startSimulator, type Simulator } from '../simulator/index.ts';
import { eventually } from '../support/index.ts';
import type { KillableOptions } from './killable-operator.ts';
import { Stage } from './stage.ts';

/** Namespaces that the simulator of a file knows of beforehand. */
const NAMESPACES = 40;

/** What the stages of one file share: engines, GPU nodes and a client. */
export class Theatre {
  readonly #cluster: () => Cluster;
  readonly #stages: Stage[] = [];
  readonly #group = `stage-${crypto.randomUUID().slice(0, 6)}`;
  readonly #free = Array.from({ length: NAMESPACES }, (_, index) => `${this.#group}-${index}`);
  #director: Connection | undefined;
  #simulator: Simulator | undefined;
  #pool: Pool | undefined;

  /** At the top of a file: everything is there in its tests, and goes with them. */
  constructor(
    cluster: () => Cluster,
    {
      nodes = 4,
      gpusPerNode = 8,
      timeScale = 0.001,
    }: { nodes?: number; gpusPerNode?: number; timeScale?: number } = {},
  ) {
    this.#cluster = cluster;
    beforeAll(async () => {
      await installCrd(cluster());
      const director = await connect(cluster(), 'director');
      this.#director = director;
      const kubeconfig = await cluster().kubeconfig(`simulator-${this.#group}`);
      const signal = AbortSignal.timeout(100_000);
      this.#simulator = await startSimulator({ kubeconfig, namespaces: this.#free, timeScale, signal });
      const options = { accelerator: 'A100-80GB', nodes, gpusPerNode };
      this.#pool = await Pool.create(director.client, this.#simulator.control, this.#group, options, signal);
    }, 120_000);
    afterEach(async () => {
      for (const stage of this.#stages.splice(0)) await this.#leave(stage);
    }, 60_000);
    afterAll(async () => {
      await this.#simulator?.stop();
      await this.#pool?.close(AbortSignal.timeout(30_000));
      await this.#director?.close();
    }, 60_000);
  }

  get simulator(): Simulator {
    if (this.#simulator === undefined) throw new Error('The simulator exists only while tests run.');
    return this.#simulator;
  }

  /** A version that loads at once, on GPUs of this file alone; `rollout` beside a short proof. */
  spec({ rollout, ...rest }: { readonly rollout?: object; readonly [field: string]: unknown } = {}): object {
    return {
      model: { name: 'deepseek-r1-distill-qwen-1.5b' },
      accelerator: this.#pool?.accelerator,
      termination: { preStopDelay: '1s', drainDeadline: '5s', rollbackDrain: '5s' },
      replicas: 2,
      ...rest,
      rollout: { proof: { warmUpRequests: 1, pairedRequests: 0 }, schedulingDeadline: '30m', ...rollout },
    };
  }

  /** A stage of its own for a test. */
  async open(options: Partial<KillableOptions> = {}): Promise<Stage> {
    const namespace = this.#free.shift();
    if (this.#director === undefined || namespace === undefined) throw new Error('no stage is left');
    const { client } = this.#director;
    const signal = AbortSignal.timeout(60_000);
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
    await client.create(resources.namespaces, object, { signal });
    await eventually(() => client.get(resources.serviceAccounts, { namespace, name: 'default' }, { signal }), {
      timeoutMs: 30_000,
    });
    const stage = await Stage.open(this.#cluster(), this.#director, this.simulator, namespace, options);
    this.#stages.push(stage);
    return stage;
  }

  async #leave(stage: Stage): Promise<void> {
    const { client, namespace } = stage;
    const signal = AbortSignal.timeout(50_000);
    await stage.close();
    await client.delete(resources.namespaces, { name: namespace }, { signal });
    for (const { metadata } of (await client.list(resources.pods, { namespace, signal })).items) {
      const ref = { namespace, name: metadata.name };
      await client.delete(resources.pods, ref, { gracePeriodSeconds: 0, signal }).catch(() => undefined);
    }
  }
}
