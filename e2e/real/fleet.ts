import { expect } from '@jest/globals';
import { NODE_NAME } from '../../hack/cluster/index.ts';
import { LABEL } from '../../operator/api/index.ts';
import { eventually } from '../support/index.ts';
import { FULL, PATIENCE, SMALL, type Stage } from './stage.ts';

/** Models beside the one under load, when the operator is upgraded (BG-X8 of docs/conformance.md). */
export const FLEET = FULL ? { atRest: 50, switched: 5 } : { atRest: 2, switched: 1 };
const GPUS = 'nvidia.com/gpu';
/** Enough for the fleet and its candidates, and for the model under load with its own. */
const FLEET_GPUS = FLEET.atRest + 2 * FLEET.switched + 4;

interface Node {
  readonly status: { readonly allocatable: Readonly<Record<string, string>> };
}

interface Stored {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

/** What an upgrade must not touch. */
export interface FleetState {
  /** UIDs of pods. */
  readonly pods: readonly string[];
  readonly restarts: number;
  readonly revisions: readonly string[];
  /** Attempts of the rollouts of the models that are switched. */
  readonly attempts: readonly (number | undefined)[];
}

/** Small models without users in a namespace of their own: most are at rest, some are switched when they are told to. */
export class Fleet {
  readonly #stage: Stage;
  readonly #namespace: string;
  readonly #switched = Array.from({ length: FLEET.switched }, (_, index) => `switched-${index}`);
  /** What the node has by itself. */
  #gpus = FLEET_GPUS;
  readonly #before = new Map<string, string>();
  readonly #atRest = Array.from({ length: FLEET.atRest }, (_, index) => `at-rest-${index}`);

  constructor(stage: Stage, namespace: string) {
    this.#stage = stage;
    this.#namespace = namespace;
  }

  /** Makes them Ready. */
  async start(): Promise<void> {
    await this.#stage.kubectl(['create', 'namespace', this.#namespace]);
    this.#gpus = await this.#gpusOfNode();
    if (this.#gpus < FLEET_GPUS) await this.#giveGpus(FLEET_GPUS);
    for (const name of [...this.#atRest, ...this.#switched]) await this.#declare(name, 1);
    for (const name of [...this.#atRest, ...this.#switched]) await this.#stage.ready(this.#namespace, name);
  }

  /** Begins the switches, and waits until each is in its middle: every other one before its traffic moves. */
  async switch(): Promise<void> {
    for (const name of this.#switched) {
      const { status } = await this.#stage.model(this.#namespace, name);
      this.#before.set(name, status?.serving?.revision ?? '');
      await this.#declare(name, 2);
    }
    for (const name of this.#switched) {
      const middle = this.#isManual(name) ? 'AwaitingPromotion' : 'Watching';
      await this.#stage.until(this.#namespace, name, middle, ({ rollout }) => rollout?.phase === middle);
    }
  }

  /** Lets the switches end, and waits for it. */
  async finish(): Promise<void> {
    for (const name of this.#switched.filter((each) => this.#isManual(each))) {
      const { status } = await this.#stage.model(this.#namespace, name);
      await this.#stage.order(this.#namespace, name, 'promote', status?.candidate?.revision ?? '');
    }
    for (const name of this.#switched) await this.#stage.ready(this.#namespace, name, this.#before.get(name));
  }

  /** No pod has been made or started again since, and no revision; each switch is still the attempt that it was. */
  async expectUntouched(before: FleetState): Promise<void> {
    const now = await this.state();
    expect(now.pods.filter((uid) => !before.pods.includes(uid))).toEqual([]);
    expect({ ...now, pods: [] }).toEqual({ ...before, pods: [] });
    expect(now.restarts).toBe(0);
  }

  async state(): Promise<FleetState> {
    const pods = await this.#stage.pods(this.#namespace, LABEL.name);
    const path = `/apis/apps/v1/namespaces/${this.#namespace}/controllerrevisions`;
    const { items } = await this.#stage.get<Stored>(path);
    const models = await Promise.all(this.#switched.map((name) => this.#stage.model(this.#namespace, name)));
    const containers = pods.flatMap(({ status }) => status.containerStatuses ?? []);
    return {
      pods: pods.map(({ metadata }) => metadata.uid),
      restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
      revisions: items.map(({ metadata }) => metadata.name).sort(),
      attempts: models.map(({ status }) => status?.rollout?.attempt),
    };
  }

  async stop(): Promise<void> {
    await this.#stage.kubectl(['delete', 'namespace', this.#namespace, '--wait=false']);
    await this.#stage.kubectl(['delete', 'pods', '-n', this.#namespace, '--all', '--force', '--grace-period=0']);
    if (this.#gpus < FLEET_GPUS) await this.#giveGpus(this.#gpus);
  }

  #isManual(name: string): boolean {
    return this.#switched.indexOf(name) % 2 === 1;
  }

  async #declare(name: string, number: number): Promise<void> {
    await this.#stage.declare(this.#namespace, name, {
      ...SMALL,
      traffic: {},
      replicas: 1,
      resources: { ...SMALL.resources, cpu: '5m', memory: '128Mi' },
      engine: { env: [{ name: 'VERSION', value: String(number) }] },
      termination: { preStopDelay: '1s', drainDeadline: '5s', rollbackDrain: '5s', drainProxy: 'Disabled' },
      rollout: {
        proof: { warmUpRequests: 1, pairedRequests: 0 },
        promotion: this.#isManual(name) ? 'Manual' : 'Automatic',
        watch: { duration: FULL ? '180s' : '40s', onNoData: 'AcceptUnproven' },
        rollbackWindow: '1s',
      },
    });
  }

  async #giveGpus(count: number): Promise<void> {
    const capacity = JSON.stringify({ status: { capacity: { [GPUS]: String(count) } } });
    await this.#stage.kubectl(['patch', 'node', NODE_NAME, '--subresource=status', '--type=merge', '-p', capacity]);
    await eventually(async () => {
      if ((await this.#gpusOfNode()) !== count) throw new Error(`${NODE_NAME} has not ${count} GPUs.`);
    }, PATIENCE);
  }

  async #gpusOfNode(): Promise<number> {
    const { status } = await this.#stage.get<Node>(`/api/v1/nodes/${NODE_NAME}`);
    return Number(status.allocatable[GPUS]);
  }
}
