import type { ServingPlan } from '../planner/index.ts';

/** The engine in one pod: where it is, and what it takes to talk to it. */
export interface EngineEndpoint {
  /** Name of the pod, for people. */
  readonly pod: string;
  /** Identity of its running container (containerID of the pod's status): another one has counted from 0. */
  readonly container?: string;
  /** Its address, IPv4 or IPv6. */
  readonly host: string;
  readonly port: number;
  /** Path of the engine's metrics, such as `/metrics`. */
  readonly metricsPath: string;
  readonly engine: Pick<ServingPlan['engine'], 'type' | 'version'>;
  /** What to send as `model`. */
  readonly model: string;
  /** Longest sequence in tokens, prompt and answer; it bounds our prompts and the answers of smoke tests. */
  readonly maxModelLen?: number;
  /** Sent as bearer token. It is in no error and in no log. */
  readonly apiKey?: string;
}

/** Where a pod's address is reached: itself in a cluster; in tests wherever its engine really listens. */
export type Resolve = (host: string, port: number) => { readonly host: string; readonly port: number };
