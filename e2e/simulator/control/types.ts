import type { RequestCounters } from '../engines/types.ts';
import type { PodState } from '../names.ts';
import type { Rule } from '../rules.ts';

/** One engine pod, as a test sees it. */
export interface PodRecord {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly podIP?: string;
  /** Where the engine answers on this machine while the pod is ready: `127.x.y.z:port`. */
  readonly address?: string;
  readonly state: PodState;
  readonly restarts: number;
  /** Termination message or waiting message, when there is one. */
  readonly message?: string;
  /** Generation requests that this pod was sent. */
  readonly requests: RequestCounters;
}

export interface SimulatorInfo {
  /** Every engine listens on this port, each on its own loopback address. */
  readonly enginePort: number;
  readonly seed: number;
  readonly timeScale: number;
}

/** What tests ask of a simulator, in the same process or over HTTP. */
export interface SimulatorControl {
  info(): Promise<SimulatorInfo>;
  pods(): Promise<PodRecord[]>;
  rules(): Promise<Rule[]>;
  /** Sets a rule, also for pods that don't exist yet. A rule of the same name is replaced. */
  setRule(rule: Rule): Promise<void>;
  /** No error when there is none of that name. */
  removeRule(name: string): Promise<void>;
  /** The node's kubelet vanishes, and its engines with it. */
  loseNode(name: string): Promise<void>;
  restoreNode(name: string): Promise<void>;
  /** Removes all rules and brings lost nodes back. */
  reset(): Promise<void>;
}

/** A refusal of the control API, with a stable code. */
export class SimulatorError extends Error {
  readonly code: 'INVALID_RULE' | 'NO_SUCH_NODE' | 'UNAVAILABLE';

  constructor(code: SimulatorError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SimulatorError';
    this.code = code;
  }
}
