import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import type { DeepSeekDeployment, RolloutWay } from '../../../operator/api/index.ts';
import { renderEngine } from '../../../operator/engines/index.ts';
import type { ControllerRevision } from '../../../operator/kube/resources.ts';
import { plan } from '../../../operator/planner/index.ts';
import { countCapacity } from '../../../operator/rollout/capacity/index.ts';
import { findRevision, newRevision, type PlanSummary, type Revision } from '../../../operator/rollout/revision.ts';
import { rolloutSettings, type RolloutSettings } from '../../../operator/rollout/settings.ts';
import { renderPodTemplate } from '../../../operator/resources/index.ts';
import { summaryOf } from '../../get/info.ts';
import { changesBetween, type FieldChange } from '../../history/diff.ts';
import { CommandError, EXIT } from '../../support/exit-status.ts';
import { dataOf, hashOf } from '../../support/revisions.ts';
import { revisionOfPod, type RolloutFacts } from './gather.ts';
import { LONG_SECONDS, secondsBesideLoading, type Stage, type StartupTime, timelineOf } from './timeline.ts';
import { wayNow } from './way.ts';

/** How a rollback would go, once the new version has the traffic. */
export interface RollbackForecast {
  readonly readiness: 'Warm' | 'Partial' | 'Cold';
  /** Until the old version answers again. */
  readonly seconds: number;
  /** How long it stays so. */
  readonly windowSeconds: number;
}

/** What would happen if the spec were applied now; `-o json` prints it. */
export interface RolloutForecast {
  readonly namespace: string;
  readonly name: string;
  readonly revision: string;
  readonly version: string;
  /** None: it serves. WarmRollback: the version before serves again, and is kept warm. */
  readonly kind: 'None' | 'WarmRollback' | 'Rollout' | 'First';
  /** The revision is made anew; else a stored one is used again. */
  readonly isNew: boolean;
  readonly serving?: { readonly revision: string; readonly version: string; readonly ready: number };
  readonly replicas: number;
  readonly changes: readonly FieldChange[];
  readonly way?: RolloutWay;
  readonly message: string;
  readonly gpus?: {
    readonly needed: number;
    /** Absent: they could not be counted. */
    readonly free?: number;
    readonly perReplica: number;
    /** Replicas that find room beside what serves. */
    readonly room?: number;
    readonly reservedBy: readonly { readonly holder: string; readonly gpus: number }[];
  };
  readonly stages: readonly Stage[];
  readonly rollback?: RollbackForecast;
  readonly warnings: readonly string[];
}

/** Says what a rollout to `wanted` would be; throws a CommandError when the planner refuses it. */
export function forecastRollout(facts: RolloutFacts, wanted: DeepSeekDeployment): RolloutForecast {
  const { deployment } = facts;
  const settings = rolloutSettings(wanted.spec);
  const planned = plan(wanted.spec);
  const stored = facts.revisions.flatMap(asRevision);
  const found = findRevision(stored, wanted.spec);
  if (!planned.accepted && found === undefined) {
    throw new CommandError('REFUSED', EXIT.no, `refused: ${planned.reason}: ${planned.message}`);
  }
  const revision = found ?? rendered(stored, wanted, planned);
  const summary = summaryOf({ ...deployment, spec: { ...wanted.spec } });
  const replicas = wanted.spec.replicas ?? summary.replicas.wanted;
  const serving = deployment.status?.serving;
  const base = {
    namespace: deployment.metadata.namespace ?? '',
    name: deployment.metadata.name,
    revision: revision.hash,
    version: revision.data.version,
    isNew: found === undefined,
    ...(serving && {
      serving: { revision: serving.revision, version: serving.version, ready: serving.readyReplicas },
    }),
    replicas,
    changes: changesBetween(stored.find(({ hash }) => hash === serving?.revision)?.data.spec, revision.data.spec),
  };
  if (serving?.revision === revision.hash) {
    const message = 'Nothing would be rolled out: the spec asks for what serves.';
    return { ...base, kind: 'None', message, stages: [], warnings: facts.notes };
  }
  const expected = planned.accepted ? sum(Object.values(planned.plan.startup)) : undefined;
  const startup: StartupTime = {
    ...(expected !== undefined && { expectedSeconds: expected }),
    budgetSeconds: revision.data.plan.startupBudgetSeconds,
  };
  const rollback = deployment.status?.rollback;
  if (rollback?.revision === revision.hash && rollback.readiness === 'Warm') {
    const message = 'The version before is kept warm: the traffic goes back to it, and nothing loads.';
    const stages: Stage[] = [{ what: 'Switch', expectedSeconds: rollback.estimatedSeconds ?? WARM_SECONDS }];
    return { ...base, kind: 'WarmRollback', message, stages, warnings: facts.notes };
  }
  const reading = readingOf(facts, revision);
  const unknown = reading.unknown?.replace(/^The operator may/, 'You may');
  const choice = wayNow(settings, {
    reading: { ...reading, ...(unknown !== undefined && { unknown: unknown.replace(/\.$/, '') }) },
    replicas,
    servingReplicas: serving?.readyReplicas ?? 0,
    warmReplicas: warmReplicas(facts),
    hasGateway: wanted.spec.traffic?.gateway !== undefined || wanted.spec.traffic?.routeRef !== undefined,
  });
  const way = serving === undefined ? 'Full' : choice.way;
  const stages = timelineOf(way, settings, replicas, startup, undefined);
  return {
    ...base,
    kind: serving === undefined ? 'First' : 'Rollout',
    way,
    message:
      serving === undefined ? 'Nothing serves yet: its pods are made, and serve once they are ready.' : choice.message,
    gpus: {
      needed: replicas * reading.gpusPerReplica,
      ...(unknown === undefined && {
        free: reading.freeGpus,
        room: Math.min(replicas, reading.placed + reading.slots),
      }),
      perReplica: reading.gpusPerReplica,
      reservedBy: reading.reservedBy,
    },
    stages,
    ...(serving && way !== 'Wait' && { rollback: rollbackForecast(way, settings, facts) }),
    warnings: [...facts.notes, ...warningsOf(stages, settings)],
  };
}

/** Seconds until nodes have followed a switch to pods that run. */
const WARM_SECONDS = 20;

function readingOf(facts: RolloutFacts, revision: Revision) {
  const { deployment, nodes, pods, reservations, autoscaler } = facts;
  const { serving, candidate, rollback } = deployment.status ?? {};
  const { namespace = '', name } = deployment.metadata;
  // A candidate that the new spec no longer asks for goes first.
  const dropped = candidate?.revision === revision.hash ? undefined : candidate?.revision;
  const isDropped = dropped !== undefined && dropped !== serving?.revision && dropped !== rollback?.revision;
  const staying = pods?.filter((pod) => {
    const own = pod.metadata.namespace === namespace && pod.metadata.labels?.['deepseek-operator.io/name'] === name;
    return !(isDropped && own && revisionOfPod(pod) === dropped);
  });
  const reading = countCapacity({
    nodes,
    pods: staying,
    template: revision.data.template,
    own: { namespace, name, revision: revision.hash },
    ...(serving && { servingRevision: serving.revision }),
    ...(rollback && { warmRevision: rollback.revision }),
    reservations,
  });
  return { ...reading, ...(autoscaler && { autoscaler }) };
}

function warmReplicas({ deployment: { status }, deployments }: RolloutFacts): number {
  const { rollback, serving } = status ?? {};
  if (rollback === undefined || rollback.revision === serving?.revision) return 0;
  const warm = deployments.find(
    ({ metadata }) => metadata.labels?.['deepseek-operator.io/revision'] === rollback.revision,
  );
  return warm?.spec?.replicas ?? 0;
}

/** A revision as it is stored; none when somebody else has made it. */
function asRevision(item: ControllerRevision): Revision[] {
  const data = dataOf(item);
  const { hashVersion, spec, template, plan: summary, version } = data ?? {};
  if (hashVersion === undefined || spec === undefined || template === undefined || summary === undefined) return [];
  return [
    {
      hash: hashOf(item),
      number: item.revision,
      data: { hashVersion, spec, template, plan: summary, version: version ?? '' },
    },
  ];
}

function rendered(stored: readonly Revision[], wanted: DeepSeekDeployment, planned: ReturnType<typeof plan>): Revision {
  if (!planned.accepted) throw new RangeError('a refused plan has no revision');
  const { plan: serving } = planned;
  return newRevision(stored, wanted.spec, (hash) => ({
    template: renderPodTemplate(wanted, hash, serving, renderEngine(serving, wanted)) satisfies IPodTemplateSpec,
    plan: {
      startupBudgetSeconds: serving.startupBudgetSeconds,
      gpusPerReplica: serving.gpusPerReplica,
    } as PlanSummary,
    version: `${serving.model.name}/${serving.quantization}/${serving.engine.type} ${serving.engine.version}`,
  }));
}

/** What a rollback would be just after the switch. */
function rollbackForecast(
  way: RolloutWay,
  { warmReplicasPercent, rollbackWindowMs, watch }: RolloutSettings,
  { revisions, deployment }: RolloutFacts,
): RollbackForecast {
  const serving = revisions.find((item) => hashOf(item) === deployment.status?.serving?.revision);
  const budget = dataOf(serving)?.plan?.startupBudgetSeconds ?? 0;
  const windowSeconds = Math.round(Math.max(rollbackWindowMs, watch.durationMs) / 1000);
  if (way === 'Recreate') return { readiness: 'Cold', seconds: budget, windowSeconds: 0 };
  if (way === 'Handover') {
    return { readiness: 'Partial', seconds: WARM_SECONDS, windowSeconds: Math.round(watch.durationMs / 1000) };
  }
  // During the watch the whole old set is kept, whatever the share.
  if (rollbackWindowMs === 0 || warmReplicasPercent === 0) {
    return { readiness: 'Warm', seconds: WARM_SECONDS, windowSeconds: Math.round(watch.durationMs / 1000) };
  }
  return { readiness: 'Warm', seconds: WARM_SECONDS, windowSeconds };
}

function warningsOf(stages: readonly Stage[], { watch, canary, proof }: RolloutSettings): string[] {
  const beside = secondsBesideLoading(stages);
  if (beside <= LONG_SECONDS) return [];
  const longest = stages
    .filter(({ loading }) => loading !== true)
    .toSorted((a, b) => (b.expectedSeconds ?? 0) - (a.expectedSeconds ?? 0))[0];
  const fields = [
    ...(watch.durationMs > 0 ? ['rollout.watch.duration'] : []),
    ...(canary ? ['the pauses of rollout.canary.steps'] : []),
    ...(proof.pairedRequests > 0 ? ['rollout.proof.pairedRequests'] : []),
  ].join(', ');
  return [
    `Without loading it would end ${Math.round(beside / 60)} minutes after the order, later than ${LONG_SECONDS / 60}; the longest part is ${longest?.what ?? ''} (${Math.round((longest?.expectedSeconds ?? 0) / 60)} minutes). Shorten ${fields}.`,
  ];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
