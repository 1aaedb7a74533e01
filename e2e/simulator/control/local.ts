import type { SimulatedCluster } from '../cluster.ts';
import type { Fleet } from '../fleet.ts';
import { ANNOTATION } from '../names.ts';
import type { Rule, RuleBook } from '../rules.ts';
import { SimulatorError } from './types.ts';
import type { PodRecord, SimulatorControl, SimulatorInfo } from './types.ts';

/** Limit of one write to a node. */
const writeTimeoutMilliseconds = 30_000;

const LOSSES = `${ANNOTATION.state}-count`;

/** The control of a simulator in this process. */
export class LocalControl implements SimulatorControl {
  #losses = 0;
  readonly #info: SimulatorInfo;
  readonly #cluster: SimulatedCluster;
  readonly #rules: RuleBook;
  readonly #fleet: Fleet;

  constructor(info: SimulatorInfo, cluster: SimulatedCluster, rules: RuleBook, fleet: Fleet) {
    this.#info = info;
    this.#cluster = cluster;
    this.#rules = rules;
    this.#fleet = fleet;
  }

  async info(): Promise<SimulatorInfo> {
    return this.#info;
  }

  async pods(): Promise<PodRecord[]> {
    return this.#fleet.records();
  }

  async rules(): Promise<Rule[]> {
    return this.#rules.list();
  }

  async setRule(rule: Rule): Promise<void> {
    this.#rules.set(rule);
  }

  async removeRule(name: string): Promise<void> {
    this.#rules.remove(name);
  }

  async loseNode(name: string): Promise<void> {
    this.#requireNode(name);
    const signal = AbortSignal.timeout(writeTimeoutMilliseconds);
    // Each call changes the node: a renewal of KWOK's that is under way can overwrite the taken lease, and a second call
    // then takes it again.
    this.#losses += 1;
    await this.#cluster.annotateNode(name, { [ANNOTATION.state]: 'lost', [LOSSES]: String(this.#losses) }, signal);
  }

  async restoreNode(name: string): Promise<void> {
    this.#requireNode(name);
    const signal = AbortSignal.timeout(writeTimeoutMilliseconds);
    await this.#cluster.annotateNode(name, { [ANNOTATION.state]: null }, signal);
    await this.#cluster.deleteNodeLease(name, signal);
  }

  async reset(): Promise<void> {
    this.#rules.clear();
    await Promise.all(this.#fleet.lostNodes().map((name) => this.restoreNode(name)));
  }

  #requireNode(name: string): void {
    if (this.#cluster.nodes.store.get({ name }) === undefined) {
      throw new SimulatorError('NO_SUCH_NODE', `The cluster has no node ${name}.`);
    }
  }
}
