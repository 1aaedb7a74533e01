import type { ReasonEntry } from './entry.ts';

/** Why a spec is refused before a pod exists. */
export const PLANNER = {
  InvalidSpec: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning:
      'The spec breaks a rule of the API. It was stored before the rule was there, the CRD in the cluster is older than the operator, or only the operator can check the rule.',
    fix: 'Correct the field that the message names, and upgrade the CRD if it is an older one.',
  },
  Planned: {
    on: ['PlanAccepted'],
    meaning: 'The model fits and every choice is supported.',
  },
  PlannedWithWarnings: {
    on: ['PlanAccepted'],
    meaning: 'The model fits, with something that the planner advises against, or that a rollout will not get.',
    fix: 'Read the message, and status.plan.warnings.',
  },
  ModelNotFound: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'No model of that name is in the catalogue.',
    fix: 'Use one of the names in the message, or `custom` with model.architecture and model.source.',
  },
  AcceleratorUnknown: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'No accelerator of that name is in the catalogue.',
    fix: 'Use one of the names in the message, or `custom` with accelerator.custom.',
  },
  UnsupportedQuantization: {
    on: ['PlanAccepted', 'Ready', 'Stalled', 'CandidateHealthy'],
    meaning: 'This accelerator does not compute that format, or this engine or model has no weights in it.',
    fix: 'Leave quantization.type out, or use one of the formats in the message.',
  },
  UnsupportedEngine: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'The engine, in that version, does not run this model on this accelerator.',
    fix: 'Leave engine.type and engine.version out, or use one of the combinations in the message.',
  },
  InsufficientGPUMemory: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'Weights, overhead and a minimum of KV cache do not fit into the memory of the GPUs.',
    fix: 'Use more or larger GPUs, a smaller format, or a shorter model.maxModelLen; the message lists what fits.',
  },
  IllegalParallelism: {
    on: ['PlanAccepted', 'Ready', 'Stalled', 'CandidateHealthy'],
    meaning: 'The number of GPUs does not divide the model’s heads, layers or vocabulary as the engine needs it.',
    fix: 'Use one of the numbers in the message, or leave accelerator.count and accelerator.parallelism out.',
  },
  ContextTooLong: {
    on: ['PlanAccepted', 'Ready', 'Stalled', 'CandidateHealthy'],
    meaning: 'model.maxModelLen is longer than the model was made for, or than the KV cache holds.',
    fix: 'Use at most the length in the message.',
  },
  NeedsMultipleNodes: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'One replica needs more GPUs than one node has. Replicas that span nodes are not supported.',
    fix: 'Use larger GPUs or a smaller format; the message lists what fits on one node.',
  },
  NoMemoryModel: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'The catalogue cannot compute the memory of this combination.',
    fix: 'Describe the model in model.architecture, or use a combination of the message.',
  },
  InvalidEngineArgument: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'An argument of engine.extraArgs contradicts the plan, or the engine does not have it.',
    fix: 'Take it out of engine.extraArgs, and set the field that the message names instead.',
  },
  UnsupportedSource: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'This version cannot serve weights from there.',
    fix: 'Use one of the sources in the message.',
  },
  TrustRemoteCodeRequired: {
    on: ['PlanAccepted', 'Ready', 'Stalled', 'CandidateHealthy'],
    meaning: 'The model’s weights come with Python code that the engine has to run.',
    fix: 'Review that code, then set model.trustRemoteCode: true and pin model.revision.',
  },
  DefaultsInvalid: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning:
      'The operator’s defaults cannot be used, and it has seen none that could since it started. What serves is left as it is; a new revision is made when they are corrected.',
    fix: 'Correct what the message names in the ConfigMap of the operator’s defaults; `kubectl deepseek doctor` checks it.',
  },
  UnsupportedStrategy: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'rollout.strategy Canary splits traffic by weight, and nothing is named that can: a gateway or a route.',
    fix: 'Name a gateway in traffic.gateway or your HTTPRoute in traffic.routeRef, or use rollout.strategy BlueGreen.',
  },
} as const satisfies Record<string, ReasonEntry>;
