import { ACCELERATORS } from '../../catalog/accelerators.ts';
import {
  asksPrometheus,
  horizontalPodAutoscaler,
  scaledObject,
  scalingWarnings,
  wantedMetrics,
} from '../../autoscaling/index.ts';
import { acceleratorOf, allocatableOf } from '../../rollout/accelerator-nodes.ts';
import type { LiveHorizontalPodAutoscaler, Snapshot } from '../snapshot.ts';
import type { Wanted } from './children.ts';
import { held, isHeld, OFF, unknown, verdictOf } from './hpa-verdict.ts';
import type { ChildObject, Intent } from './intents.ts';
import type { Judgement, Verdict } from './judgement.ts';
import { kedaVerdict } from './keda-verdict.ts';
import { optionalChild } from './optional-child.ts';
import { takenAway } from './replica-owners.ts';
import { kedaStill, mayComeToKeda } from './scaled-object-made.ts';
import type { Upkeep } from './upkeep.ts';
import { differsByTolerance, dropsTolerance, dropsTolerancePassedOn, hasTolerance } from './tolerance.ts';

type Ask = Pick<Wanted, 'step' | 'revisions' | 'prometheusUrl'>;

/** The plan of what serves says how long a replica takes; undefined: nobody knows. */
function inputOf(snapshot: Snapshot, { step, revisions }: Ask) {
  const budget = revisions.find(({ hash }) => hash === step.serving)?.data.plan.startupBudgetSeconds;
  return budget === undefined
    ? undefined
    : { startupBudgetSeconds: budget, tolerance: hasTolerance(snapshot), held: isHeld(step) };
}

/**
 * The HPA that there is to be. It is made once something has answered: before, it would find no metrics and say so.
 * 'Keep': what is there stays as it is. Undefined: there is to be none.
 */
export function autoscalerOf(snapshot: Snapshot, wanted: Ask): ChildObject | 'Keep' | undefined {
  const { deployment } = snapshot;
  const { autoscaling } = deployment.spec;
  if (autoscaling === undefined || autoscaling.provider === 'KEDA') return undefined;
  const input = inputOf(snapshot, wanted);
  if (input === undefined) return 'Keep';
  const found = hpaOf(snapshot);
  const exists = found !== undefined;
  if (!exists && (!hasAnswered(snapshot, wanted) || kedaStill(snapshot) !== undefined)) return undefined;
  const hpa = horizontalPodAutoscaler(deployment, autoscaling, input);
  // An API server that drops the tolerance drops it again each time.
  return exists && dropsTolerance(found) && differsByTolerance(hpa, found) ? 'Keep' : hpa;
}

function hasAnswered({ deployment }: Snapshot, { step }: Ask): boolean {
  return deployment.status?.serving !== undefined && deployment.status.serving.revision === step.serving;
}

/** The write, if any, that brings the ScaledObject to what is wanted, or takes it away. */
export function scaledObjectIntents(snapshot: Snapshot, wanted: Ask, upkeep: Upkeep): Intent[] {
  const { deployment } = snapshot;
  const keda = snapshot.autoscaling?.keda;
  if (keda?.installed !== true) return [];
  const { live } = keda;
  const { name, uid: owner } = deployment.metadata;
  const { autoscaling } = deployment.spec;
  const because = 'autoscaling.provider KEDA is not set any more';
  const child = { kind: 'ScaledObject', name, live, because } as const;
  if (autoscaling?.provider !== 'KEDA') return optionalChild(owner, { ...child, wanted: undefined }, upkeep);
  const input = inputOf(snapshot, wanted);
  const { serving } = wanted.step;
  if (input === undefined || serving === undefined) return [];
  if (wanted.prometheusUrl === undefined && asksPrometheus(autoscaling)) return [];
  if (live === undefined && !mayComeToKeda(snapshot)) return [];
  // What is off may be woken by it.
  if (live === undefined && !hasAnswered(snapshot, wanted) && deployment.spec.replicas !== 0) return [];
  // KEDA takes a count below minReplicas for a mistake and mends it: what is off stays off only while it is held.
  const isOff = deployment.spec.replicas === 0 && autoscaling.minReplicas > 0;
  const object = scaledObject(deployment, autoscaling, {
    ...input,
    ...{ serving, prometheusUrl: wanted.prometheusUrl, held: input.held || isOff },
  });
  return optionalChild(owner, { ...child, wanted: object }, upkeep);
}

/** The HPA says that it has no metrics. */
export function lacksMetrics({ status }: Pick<LiveHorizontalPodAutoscaler, 'status'>): boolean {
  const active = status?.conditions?.find(({ type }) => type === 'ScalingActive');
  return active?.status === 'False' && active.reason?.startsWith('Failed') === true;
}

/** What is said of autoscaling; undefined: the spec asks for none. */
export function autoscalingVerdict(snapshot: Snapshot, judgement: Judgement): Verdict | undefined {
  const { deployment, horizontalPodAutoscalers } = snapshot;
  const { autoscaling } = deployment.spec;
  if (autoscaling === undefined) return undefined;
  const { keda } = snapshot.autoscaling ?? {};
  const isKeda = autoscaling.provider === 'KEDA';
  const warnings = [
    ...scalingWarnings(autoscaling, {
      tolerance: hasTolerance(snapshot),
      version: snapshot.cluster.version?.gitVersion,
      dropped: isKeda
        ? keda !== undefined && dropsTolerancePassedOn(keda)
        : horizontalPodAutoscalers.some(dropsTolerance),
    }),
    ...noCacheMetric(snapshot, judgement),
    ...tooManyForNodes(snapshot, judgement),
    ...takenAway(snapshot, isKeda ? keda?.hpa : hpaOf(snapshot)),
  ];
  const verdict = isKeda ? kedaVerdict(snapshot, judgement) : hpaVerdict(snapshot, judgement);
  return { ...verdict, message: [verdict.message, ...warnings].join(' ') };
}

/** The HPA of the name of the DeepSeekDeployment. */
function hpaOf({ deployment, horizontalPodAutoscalers }: Snapshot): LiveHorizontalPodAutoscaler | undefined {
  return horizontalPodAutoscalers.find(({ metadata }) => metadata.name === deployment.metadata.name);
}

function hpaVerdict(snapshot: Snapshot, judgement: Judgement): Verdict {
  if (judgement.replicas === 0) return OFF;
  const hold = held(judgement);
  if (hold) return hold;
  const hpa = hpaOf(snapshot);
  if (hpa === undefined)
    return unknown(kedaStill(snapshot) ?? 'The HorizontalPodAutoscaler is made once the first replica answers.');
  return verdictOf(snapshot, hpa);
}

function noCacheMetric({ deployment }: Snapshot, { desired }: Judgement): string[] {
  const { autoscaling } = deployment.spec;
  const asked =
    autoscaling !== undefined && wantedMetrics(autoscaling).some(({ type }) => type === 'KVCacheUtilization');
  return asked && desired.plan.accepted && desired.plan.plan.engine.type === 'llama.cpp'
    ? ['llama.cpp does not tell how full its KV cache is: scale on BatchUtilization or QueueDepth.']
    : [];
}

/** More replicas than the nodes of the class hold, all of them taken for this model. */
function tooManyForNodes({ deployment, cluster }: Snapshot, { desired }: Judgement): string[] {
  const { autoscaling, accelerator } = deployment.spec;
  if (autoscaling === undefined || cluster.nodes === undefined || !desired.plan.accepted) return [];
  const { gpusPerReplica, accelerator: planned } = desired.plan.plan;
  const { resourceName } = planned;
  if (resourceName === undefined || gpusPerReplica < 1 || accelerator.custom !== undefined) return [];
  const ofClass = cluster.nodes.filter(
    ({ metadata }) => acceleratorOf(metadata.labels, ACCELERATORS) === accelerator.type,
  );
  const holds = ofClass.reduce((sum, node) => sum + Math.floor(allocatableOf(node, resourceName) / gpusPerReplica), 0);
  return holds >= autoscaling.maxReplicas
    ? []
    : [
        `autoscaling.maxReplicas is ${autoscaling.maxReplicas}, and the nodes with ${accelerator.type} hold ${holds} replicas of ${gpusPerReplica} GPUs.`,
      ];
}
