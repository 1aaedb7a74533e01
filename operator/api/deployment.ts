import { z } from 'zod';
import { acceleratorSpec } from './accelerator.ts';
import { autoscalingSpec } from './autoscaling.ts';
import { engineSpec } from './engine.ts';
import { modelSpec } from './model.ts';
import { monitoringSpec, networkPolicySpec } from './monitoring.ts';
import { API_VERSION, KIND, MAX_NAME_LENGTH, RESERVED_SUFFIXES } from './names.ts';
import { podTemplateSpec } from './pod-template.ts';
import { quantizationSpec } from './quantization.ts';
import { rolloutSpec } from './rollout.ts';
import { type Rule, withRules } from './rules.ts';
import { duration, percent, quantity } from './scalars.ts';
import { deepSeekDeploymentStatus } from './status.ts';
import { trafficSpec } from './traffic.ts';

const resourcesSpec = z.object({
  cpu: quantity().describe('CPU of the engine’s container. Default: from the plan.').exactOptional(),
  memory: quantity()
    .describe('Memory of the engine’s container, request and limit. Default: from the plan.')
    .exactOptional(),
  sharedMemory: quantity().describe('Size of /dev/shm. Default: from the plan.').exactOptional(),
});

const terminationSpec = z.object({
  preStopDelay: duration().describe('Time between leaving the Service and SIGTERM. Default: 10s.').exactOptional(),
  drainDeadline: duration()
    .describe('Longest time that running requests get to finish. Default: 330s.')
    .exactOptional(),
  rollbackDrain: duration()
    .describe('The same on a rollback: longer streams of the bad version are cut. Default: 60s.')
    .exactOptional(),
  drainProxy: z
    .enum(['Auto', 'Enabled', 'Disabled'])
    .describe(
      'A small proxy in each pod that lets pooled connections go. Auto: unless a gateway fronts the pods. Default: Auto.',
    )
    .exactOptional(),
});

const disruptionSpec = z.object({
  minAvailablePercent: percent().describe('Share of the serving pods that a node drain has to leave.').default(50),
});

/** What is wanted. */
export const deepSeekDeploymentSpec = withRules(
  z.object({
    model: modelSpec.describe('What is served, and where its weights come from.'),
    quantization: quantizationSpec.describe('How numbers are stored.').exactOptional(),
    engine: engineSpec.describe('The program that serves the model.').exactOptional(),
    accelerator: acceleratorSpec.describe('The GPUs of one replica.'),
    resources: resourcesSpec.describe('CPU and memory of a pod, beside the GPUs.').exactOptional(),
    replicas: z
      .int32()
      .min(0)
      .max(1000)
      .describe(
        'Pods that serve. 0 turns the model off and keeps everything else. Leave it out where an autoscaler owns it: absent means what serves now.',
      )
      .exactOptional(),
    minReadySeconds: z
      .int32()
      .min(0)
      .max(3600)
      .describe('How long a new pod has to be ready before it counts. Default: 0.')
      .exactOptional(),
    termination: terminationSpec.describe('How pods stop.').exactOptional(),
    disruption: disruptionSpec.describe('The PodDisruptionBudgets.').exactOptional(),
    autoscaling: autoscalingSpec
      .describe('Who changes the number of replicas, and by what. Absent: nobody.')
      .exactOptional(),
    rollout: rolloutSpec.describe('How a new version takes over from the one that serves.').exactOptional(),
    traffic: trafficSpec.describe('How clients reach the model.').exactOptional(),
    monitoring: monitoringSpec.describe('How Prometheus finds the pods, and what it watches.').exactOptional(),
    networkPolicy: networkPolicySpec.describe('Who may connect to the pods.').exactOptional(),
    podTemplate: podTemplateSpec.describe('What is added to the pods beside what the plan needs.').exactOptional(),
  }),
  [
    {
      rule: '!has(self.rollout) || !has(self.rollout.handover) || !self.rollout.handover.mixedVersions || (has(self.traffic) && (has(self.traffic.gateway) || has(self.traffic.routeRef)))',
      message:
        'rollout.handover.mixedVersions needs traffic.gateway or traffic.routeRef: a Service cannot weigh two versions',
      holds: ({ rollout, traffic }) =>
        rollout?.handover?.mixedVersions !== true || traffic?.gateway !== undefined || traffic?.routeRef !== undefined,
    },
    {
      rule: '!has(self.rollout) || !has(self.rollout.canary) || !has(self.rollout.canary.match) || (has(self.traffic) && (has(self.traffic.gateway) || has(self.traffic.routeRef)))',
      message: 'rollout.canary.match needs traffic.gateway or traffic.routeRef: a Service does not look at headers',
      holds: ({ rollout, traffic }) =>
        rollout?.canary?.match === undefined || traffic?.gateway !== undefined || traffic?.routeRef !== undefined,
    },
  ],
);

/** Metadata as far as anybody here reads it; the API server judges the rest. */
const metadata = z.looseObject({
  name: z.string(),
  namespace: z.string().exactOptional(),
  uid: z.string().exactOptional(),
  resourceVersion: z.string().exactOptional(),
  generation: z.int().exactOptional(),
  creationTimestamp: z.string().exactOptional(),
  deletionTimestamp: z.string().exactOptional(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
});

type Named = { readonly metadata: { readonly name: string } };

const nameRules: readonly Rule<Named>[] = [
  {
    rule: `size(self.metadata.name) <= ${MAX_NAME_LENGTH}`,
    message: `may not be longer than ${MAX_NAME_LENGTH} characters: the names of children are longer by a revision`,
    holds: ({ metadata: { name } }) => name.length <= MAX_NAME_LENGTH,
    field: ['metadata', 'name'],
  },
  {
    rule: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message: 'must start with a letter and consist of lower-case letters, digits and dashes: a Service bears it',
    holds: ({ metadata: { name } }) => /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name),
    field: ['metadata', 'name'],
  },
  {
    rule: `![${RESERVED_SUFFIXES.map((suffix) => `'${suffix}'`).join(', ')}].exists(suffix, self.metadata.name.endsWith(suffix))`,
    message: `may not end in ${RESERVED_SUFFIXES.join(', ')}: the operator's own objects do`,
    holds: ({ metadata: { name } }) => !RESERVED_SUFFIXES.some((suffix) => name.endsWith(suffix)),
    field: ['metadata', 'name'],
  },
];

/** The whole object. */
export const deepSeekDeployment = withRules(
  z.object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(KIND),
    metadata,
    spec: deepSeekDeploymentSpec.describe('What is wanted.'),
    status: deepSeekDeploymentStatus.describe('What is, as the operator sees it.').exactOptional(),
  }),
  nameRules,
);

export { disruptionSpec, resourcesSpec, terminationSpec };
