import type { z } from 'zod';
import type { acceleratorSpec, toleration } from './accelerator.ts';
import type { autoscalingSpec } from './autoscaling.ts';
import type {
  deepSeekDeployment,
  deepSeekDeploymentSpec,
  disruptionSpec,
  resourcesSpec,
  terminationSpec,
} from './deployment.ts';
import type { engineSpec } from './engine.ts';
import type { modelSpec } from './model.ts';
import type { monitoringSpec, networkPolicySpec } from './monitoring.ts';
import type { podTemplateSpec } from './pod-template.ts';
import type { gateSpec, proofSpec } from './proof.ts';
import type { quantizationSpec } from './quantization.ts';
import type { rolloutSpec } from './rollout.ts';
import type { conditionSchema, deepSeekDeploymentStatus, ROLLOUT_PHASES, ROLLOUT_WAYS } from './status.ts';
import type { trafficSpec } from './traffic.ts';

/** Objects come frozen out of the stores, so nothing of them may be written to. */
export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

type Parsed<S extends z.ZodType> = DeepReadonly<z.output<S>>;

/** Metadata as far as anybody reads it; what else there is, is kept. */
export interface DeepSeekDeploymentMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface WithMetadata {
  readonly metadata: DeepSeekDeploymentMetadata;
}

/** The whole object, checked, with defaults filled in. */
export type DeepSeekDeployment = Omit<Parsed<typeof deepSeekDeployment>, 'metadata'> & WithMetadata;
export type DeepSeekDeploymentSpec = Parsed<typeof deepSeekDeploymentSpec>;
export type DeepSeekDeploymentStatus = Parsed<typeof deepSeekDeploymentStatus>;
/** The spec as people write it: what has a default may be left out. */
export type DeepSeekDeploymentSpecInput = DeepReadonly<z.input<typeof deepSeekDeploymentSpec>>;
/** The object as people write it. */
export type DeepSeekDeploymentInput = Omit<DeepReadonly<z.input<typeof deepSeekDeployment>>, 'metadata'> & WithMetadata;

export type ModelSpec = Parsed<typeof modelSpec>;
export type SourceSpec = NonNullable<ModelSpec['source']>;
export type CacheSpec = NonNullable<SourceSpec['cache']>;
export type ArchitectureSpec = NonNullable<ModelSpec['architecture']>;
export type QuantizationSpec = Parsed<typeof quantizationSpec>;
export type EngineSpec = Parsed<typeof engineSpec>;
export type AcceleratorSpec = Parsed<typeof acceleratorSpec>;
export type Toleration = Parsed<typeof toleration>;
export type ResourcesSpec = Parsed<typeof resourcesSpec>;
export type TerminationSpec = Parsed<typeof terminationSpec>;
export type DisruptionSpec = Parsed<typeof disruptionSpec>;
export type AutoscalingSpec = Parsed<typeof autoscalingSpec>;
export type RolloutSpec = Parsed<typeof rolloutSpec>;
export type ProofSpec = Parsed<typeof proofSpec>;
export type GateSpec = Parsed<typeof gateSpec>;
export type TrafficSpec = Parsed<typeof trafficSpec>;
export type MonitoringSpec = Parsed<typeof monitoringSpec>;
export type NetworkPolicySpec = Parsed<typeof networkPolicySpec>;
export type PodTemplateSpec = Parsed<typeof podTemplateSpec>;

export type Condition = Parsed<typeof conditionSchema>;
export type PlanStatus = NonNullable<DeepSeekDeploymentStatus['plan']>;
export type ServingStatus = NonNullable<DeepSeekDeploymentStatus['serving']>;
export type CandidateStatus = NonNullable<DeepSeekDeploymentStatus['candidate']>;
export type RolloutStatus = NonNullable<DeepSeekDeploymentStatus['rollout']>;
export type RollbackStatus = NonNullable<DeepSeekDeploymentStatus['rollback']>;
export type HistoryEntry = NonNullable<DeepSeekDeploymentStatus['history']>[number];
export type RolloutPhase = (typeof ROLLOUT_PHASES)[number];
export type RolloutWay = (typeof ROLLOUT_WAYS)[number];
