import type { ProofMeasurements, QueryResult, TrafficMeasurements } from '../rollout/measurements.ts';
import type { Question } from '../rollout/machine/types.ts';
import type { ProofSettings } from '../rollout/settings.ts';

/** What has been learned of the engines of one DeepSeekDeployment so far. Nothing of it is ever stored. */
export interface Observations {
  /** By `<revision>/<attempt>`, once the proof is finished. */
  readonly proofs: ReadonlyMap<string, ProofMeasurements>;
  /** Names of pods that have generated a token for us. */
  readonly warmPods: ReadonlySet<string>;
  /** By revision; what the pods’ metrics said since somebody asked. */
  readonly traffic: ReadonlyMap<string, TrafficMeasurements>;
  /** By the name of a gate on a query: the last answer. */
  readonly queries: ReadonlyMap<string, QueryResult>;
}

export const NOTHING_OBSERVED: Observations = {
  proofs: new Map(),
  warmPods: new Set(),
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

/** One thing to be observed, with all that it takes. */
export interface Assignment {
  readonly question: Exclude<Question, { readonly kind: 'Capacity' }>;
  readonly attempt: number;
  /** Ready pods of the revision in question. */
  readonly pods: readonly ObservedPod[];
  /** Ready pods of the version to compare with. */
  readonly basePods: readonly ObservedPod[];
  readonly proof: ProofSettings;
  /** PromQL by gate name, rendered for the revision. */
  readonly queries: ReadonlyMap<string, string>;
}
