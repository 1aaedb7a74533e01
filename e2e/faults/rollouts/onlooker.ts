import { DEEPSEEK_DEPLOYMENTS } from '../../../operator/controller/resources.ts';
import { isNotFound } from '../../../operator/kube/errors.ts';
import { TrafficWatch } from '../../reconcile/traffic.ts';
import type { Stage } from '../../rollouts/stage.ts';
import { StatusWatch } from './oracles.ts';

/** Sees of one model what users get, and what its status says. */
export class Onlooker {
  readonly traffic: TrafficWatch;
  readonly statuses: StatusWatch;
  readonly #stage: Stage;
  readonly #name: string;

  static async start(stage: Stage, name: string): Promise<Onlooker> {
    const traffic = new TrafficWatch(stage.client, stage.namespace, name);
    return new Onlooker(stage, name, await traffic.start(stage.signal));
  }

  constructor(stage: Stage, name: string, traffic: TrafficWatch) {
    this.#stage = stage;
    this.#name = name;
    this.traffic = traffic;
    this.statuses = new StatusWatch({ traffic });
  }

  /** Holds what is said now against what is. */
  async look(): Promise<void> {
    const { client, namespace, signal } = this.#stage;
    try {
      const { status = {} } = await client.get(DEEPSEEK_DEPLOYMENTS, { namespace, name: this.#name }, { signal });
      this.statuses.look(status);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
