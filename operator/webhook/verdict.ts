import type { KubeObject } from '../kube/types.ts';

/** What is said of the spec of a DeepSeekDeployment before it is stored. */
export interface SpecVerdict {
  /** It cannot work, whatever the nodes; absent: it can. */
  readonly refusal?: SpecRefusal;
  /** What is legal and worth a word, each a sentence or two. */
  readonly warnings: readonly string[];
}

export interface SpecRefusal {
  /** One of the documented reasons, as PlanAccepted has it. */
  readonly reason: string;
  /** What PlanAccepted would say. */
  readonly message: string;
  /** What would be accepted instead, cheapest first. */
  readonly alternatives: readonly string[];
}

/** Judges an object as it is on the wire. Rejects when it cannot: then nobody is refused. */
export type Judge = (object: KubeObject, signal: AbortSignal) => Promise<SpecVerdict>;
