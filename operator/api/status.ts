import { z } from 'zod';
import { CONDITION_TYPES } from './conditions.ts';
import { atomicList, mapOf, matching, text, time, uniqueBy } from './scalars.ts';

const integer = () => z.int32().min(0);
const short = () => text(256);
const decimalNumber = () => z.string().max(20);

export const conditionSchema = z.object({
  type: z.enum(CONDITION_TYPES).describe('What the condition is about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: matching(/^[A-Z][A-Za-z0-9]*$/, 128, 'should be a reason').describe(
    'Stable word for why; docs/reference/reasons.md explains each.',
  ),
  message: text(8192).describe('The same for people, with what to do.'),
  lastTransitionTime: time().describe('When status last changed.'),
  observedGeneration: z.int().min(-1).describe('Generation of the spec that this was said of.').exactOptional(),
});

const plan = z.object({
  engine: short().describe('Engine and its version.'),
  quantization: short().describe('Format of the weights.'),
  tensorParallel: integer().describe('GPUs that share each layer.'),
  pipelineParallel: integer().describe('Stages that the layers are split into.'),
  gpusPerReplica: integer().describe('GPUs of one replica.'),
  weightsGiBPerGPU: decimalNumber().describe('Memory that the weights take of each GPU, in GiB.'),
  kvCacheTokens: z.int().min(0).describe('Tokens that the KV cache of one replica holds.'),
  maxConcurrency: decimalNumber().describe('Requests of full length that one replica holds at once.'),
  startupBudgetSeconds: integer().describe('Time that a pod may take until it is ready, in seconds.'),
  maxNumSeqs: integer().describe('Requests that the engine of one replica runs at once.').exactOptional(),
  gpuMemoryFraction: decimalNumber()
    .describe('Share of the memory of a GPU that the engine may fill, 0 to 1. Absent on a CPU.')
    .exactOptional(),
  warnings: atomicList(text(1024), 32).describe('What the plan does not like and does anyway.').exactOptional(),
});

const serving = z.object({
  revision: short().describe('Revision that has the traffic.'),
  version: short().describe('The same for people: model[@revision]/quantization/engine version.'),
  readyReplicas: integer().describe('Its pods that are ready.'),
  since: time().describe('When it got the traffic.').exactOptional(),
  proven: z
    .boolean()
    .describe('Whether it has kept its gates on real traffic, or served at full size.')
    .exactOptional(),
});

const candidate = z.object({
  revision: short().describe('Revision that is to take over.'),
  version: short().describe('The same for people.'),
  readyReplicas: integer().describe('Its pods that are ready.'),
});

export const ROLLOUT_PHASES = [
  'Idle',
  'Waiting',
  'Scheduling',
  'Loading',
  'Proving',
  'AwaitingPromotion',
  'Switching',
  'Watching',
  'RollingBack',
  'Aborting',
  'Held',
] as const;

/** How a candidate gets its GPUs. */
export const ROLLOUT_WAYS = ['Full', 'Provision', 'Handover', 'Recreate', 'Wait'] as const;

const gateVerdict = z.object({
  gate: short().describe('Name of the gate.'),
  stage: z.enum(['Proof', 'Canary', 'Watch']).describe('Where it was judged.'),
  verdict: z
    .enum(['Pass', 'Fail', 'NotRefuted', 'Inconclusive', 'NoData'])
    .describe(
      'What came of it. Fail takes a version back; NoData does after the switch if watch.onNoData is Rollback.',
    ),
  samples: integer().describe('Requests or pairs that the verdict rests on.'),
  message: text(1024).describe('The same for people, with numbers.'),
});

const baseline = z.object({
  requestsPerSecond: decimalNumber().describe('Rate of the requests.'),
  values: mapOf(decimalNumber(), 16).describe('Seconds, by the name of the gate.'),
});

const rollout = z.object({
  attempt: z.int().min(0).describe('Count of the attempts to change what serves.').exactOptional(),
  way: z.enum(ROLLOUT_WAYS).describe('How the candidate gets its GPUs.').exactOptional(),
  phase: z.enum(ROLLOUT_PHASES).describe('Where the rollout is.'),
  step: integer().describe('Step of the canary, from 0.').exactOptional(),
  weight: z.int32().min(0).max(100).describe('Percent of the traffic that the candidate gets.').exactOptional(),
  startedAt: time().describe('When the phase began.').exactOptional(),
  deadline: time().describe('When the phase has to be over.').exactOptional(),
  message: text(4096).describe('What is being waited for.').exactOptional(),
  target: short().describe('Revision that a rollback goes to while it goes on.').exactOptional(),
  missed: atomicList(z.enum(ROLLOUT_WAYS), 5)
    .describe('Ways that the scheduler did not carry through: left alone for 5 minutes.')
    .exactOptional(),
  retryAt: time().describe('When capacity is looked at again after a miss.').exactOptional(),
  switchedReplicas: integer()
    .describe(
      'Replicas that were available when the version got the traffic: fewer are a loss, further ones have to load.',
    )
    .exactOptional(),
  frozenReplicas: integer().describe('Replicas when a handover began: it goes on with these.').exactOptional(),
  wantedReplicas: integer()
    .describe('Replicas that are asked for: they hold if spec.replicas is taken away before the rollout is over.')
    .exactOptional(),
  warmLimit: integer().describe('Most replicas that the old version may keep: it has given GPUs away.').exactOptional(),
  promoted: z.boolean().describe('Somebody has promoted the candidate.').exactOptional(),
  pausedAt: time().describe('Since when rollout.paused holds the rollout: its deadlines stand still.').exactOptional(),
  verdicts: atomicList(gateVerdict, 32).describe('What was judged of the candidate so far.').exactOptional(),
  baseline: baseline.describe('What the old version did just before the switch.').exactOptional(),
  capacity: z
    .object({
      needed: integer().describe('GPUs that the candidate needs.'),
      free: integer().describe('GPUs that are free for it.').exactOptional(),
      reserved: integer()
        .describe('GPUs that it was admitted for and does not hold yet; no other rollout counts on them.')
        .exactOptional(),
    })
    .describe('GPUs of the candidate.')
    .exactOptional(),
});

const rollback = z.object({
  revision: short().describe('Revision that a rollback goes to.'),
  until: time().describe('Until when it is kept.').exactOptional(),
  readiness: z.enum(['Warm', 'Partial', 'Cold']).describe('Warm: all its pods run. Partial: some do. Cold: none does.'),
  estimatedSeconds: integer().describe('How long a rollback would take.').exactOptional(),
});

const restart = z.object({
  startedAt: time().describe('When it was ordered: pods that were made before are made anew.'),
  remaining: integer().describe('Pods that are still to be made anew.'),
});

const historyEntry = z.object({
  revision: short().describe('Revision that was to take over.'),
  version: short().describe('The same for people.'),
  outcome: z
    .string()
    .max(64)
    .describe('How it ended: Promoted, AcceptedUnproven, Failed, RolledBack, Aborted, Superseded; or InProgress.'),
  startedAt: time().describe('When the attempt began.').exactOptional(),
  finishedAt: time().describe('When it ended.').exactOptional(),
});

/** What the operator says back. Written by the operator alone. */
export const deepSeekDeploymentStatus = z.object({
  observedGeneration: z
    .int()
    .min(-1)
    .describe('Generation of the spec that this status is about; -1 before the first look.')
    .exactOptional(),
  conditions: uniqueBy('type', conditionSchema, 16).describe('What holds and what does not.').exactOptional(),
  replicas: integer().describe('Pods of the revision that serves.').exactOptional(),
  readyReplicas: integer().describe('Those of them that are ready.').exactOptional(),
  selector: text(1024).describe('Selector of the serving revision’s pods, for the scale subresource.').exactOptional(),
  plan: plan.describe('The plan of the wanted revision.').exactOptional(),
  serving: serving.describe('What serves now.').exactOptional(),
  candidate: candidate.describe('What comes next.').exactOptional(),
  rollout: rollout.describe('Where the change from one to the other is.').exactOptional(),
  route: short().describe('HTTPRoute that the operator has made, for traffic.gateway.').exactOptional(),
  scaledObject: short()
    .describe('ScaledObject that the operator makes for autoscaling.provider KEDA, until it is known to be gone.')
    .exactOptional(),
  rollback: rollback.describe('What a rollback would go to.').exactOptional(),
  restart: restart.describe('An ordered restart that goes on.').exactOptional(),
  handledOrder: text(512).describe('The order annotation that was last handled.').exactOptional(),
  earlierOrders: atomicList(text(64), 16)
    .describe('Nonces of orders that were handled before, newest first: one that comes back is not carried out again.')
    .exactOptional(),
  orderResult: text(1024).describe('What came of it: `Accepted: ...` or `Refused: ...`.').exactOptional(),
  history: atomicList(historyEntry, 20).describe('Attempts so far, newest first.').exactOptional(),
});
