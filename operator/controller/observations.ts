import type { ProofMeasurements, QueryResult, TrafficMeasurements } from '../rollout/measurements.ts';
import type { Question } from '../rollout/machine/types.ts';
import type { ProofSettings } from '../rollout/settings.ts';

/** What has been learned of the engines of one DeepSeekDeployment so far. Nothing of it is ever stored. */
export interface Observations {
  /** By `<revision>/<attempt>`, once the proof is finished. */
  readonly proofs: ReadonlyMap<string, ProofMeasurements>;
  /** Engines that have generated a token for us, by {@link engineId}. */
  readonly warmPods: ReadonlySet<string>;
  /** Why the last try of those that came after the proof, and have not, failed; by {@link engineId}. */
  readonly coldPods: ReadonlyMap<string, string>;
  /** By revision; what the pods’ metrics said since somebody asked. */
  readonly traffic: ReadonlyMap<string, TrafficMeasurements>;
  /** By revision: the last answer to each query about it, by the name of the gate. */
  readonly queries: ReadonlyMap<string, ReadonlyMap<string, QueryResult>>;
}

export const NOTHING_OBSERVED: Observations = {
  proofs: new Map(),
  warmPods: new Set(),
  coldPods: new Map(),
  traffic: new Map(),
  queries: new Map(),
};

/** An engine to be asked; its API key is read when it is needed. */
export interface ObservedPod {
  readonly pod: string;
  readonly host: string;
  readonly port: number;
  readonly metricsPath: string;
  readonly engine: { readonly type: 'vLLM' | 'SGLang' | 'TensorRT-LLM' | 'llama.cpp'; readonly version: string };
  readonly model: string;
  readonly maxModelLen?: number;
  /** Of the running container: another one counts from 0. */
  readonly container?: string;
  readonly apiKeySecret?: { readonly name: string; readonly key: string };
}

/** One process of an engine: a container that is restarted has everything before it again. */
export function engineId({ pod, container = '' }: { readonly pod: string; readonly container?: string }): string {
  return `${pod}/${container}`;
}

/** One thing to be observed, with all that it takes. */
export interface Assignment {
  readonly question: Exclude<Question, { readonly kind: 'Capacity' }>;
  readonly attempt: number;
  /** Ready pods of the revision in question. */
  readonly pods: readonly ObservedPod[];
  /** Names of its pods that are there to stay: neither on their way out nor on a node that is lost. */
  readonly standing: ReadonlySet<string>;
  /** Ready pods of the version to compare with. */
  readonly basePods: readonly ObservedPod[];
  readonly proof: ProofSettings;
  /** PromQL by gate name, rendered for the revision. */
  readonly queries: ReadonlyMap<string, string>;
}
