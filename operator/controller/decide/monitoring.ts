import { batchSizeOf } from '../../engines/index.ts';
import {
  factAnnotations,
  type MonitoredRevision,
  MONITORING_KINDS,
  type MonitoringKind,
  type MonitoringLabels,
  podMonitor,
  prometheusRule,
  scrapeAnnotations,
  scrapeConfig,
  scrapeWay,
} from '../../monitoring/index.ts';
import type { Revision } from '../../rollout/revision.ts';
import type { Snapshot } from '../snapshot.ts';
import { engineArguments, engineOf, metricsPath, portOf } from './engines.ts';
import type { ChildObject, Intent } from './intents.ts';
import type { Judgement, Verdict } from './judgement.ts';
import { onceFor } from './once-for.ts';
import { optionalChild } from './optional-child.ts';
import type { Upkeep } from './upkeep.ts';

/** What the stored spec of a revision says that its plan does not. */
interface StoredSpec {
  readonly model?: { readonly name?: string };
  readonly accelerator?: { readonly type?: string };
}

/** What monitoring knows of a revision; undefined: its engine is none that this operator knows. */
export function monitoredRevision({ hash, data }: Revision): MonitoredRevision | undefined {
  const engine = engineOf(data);
  const port = portOf(data);
  if (engine === undefined || port === undefined) return undefined;
  const { model, accelerator } = data.spec as StoredSpec;
  const { quantization, gpuMemoryFraction } = data.plan;
  // The plan is made before the user's own arguments are added, and llama.cpp is given fewer slots.
  const maxNumSeqs = batchSizeOf(engine.type, engineArguments(data)) ?? data.plan.maxNumSeqs;
  return {
    ...{ revision: hash, engine: engine.type, quantization, port, metricsPath: metricsPath(engine) },
    ...{ model: model?.name ?? 'custom', accelerator: accelerator?.type ?? 'custom' },
    ...(maxNumSeqs !== undefined && { maxNumSeqs }),
    ...(gpuMemoryFraction !== undefined && { gpuMemoryFraction: Number(gpuMemoryFraction) }),
  };
}

/** Annotations of the Service of a revision: what its series are labelled with, and where a plain Prometheus finds them. */
export function serviceAnnotations({ deployment, monitoring }: Snapshot, revision: Revision): Record<string, string> {
  const known = monitoredRevision(revision);
  if (known === undefined) return {};
  const { monitoring: wanted } = deployment.spec;
  return scrapeWay(wanted, monitoring.has) === 'Annotations'
    ? scrapeAnnotations(known, wanted)
    : factAnnotations(known);
}

/** The writes that bring the objects of prometheus-operator to what is wanted. */
export function monitoringIntents(
  { deployment, monitoring }: Snapshot,
  running: readonly Revision[],
  labels: MonitoringLabels | undefined,
  upkeep: Upkeep,
): Intent[] {
  const { has, live } = monitoring;
  const { name, uid } = deployment.metadata;
  const wanted = deployment.spec.monitoring;
  const revisions = running.map(monitoredRevision).filter((revision) => revision !== undefined);
  const way = scrapeWay(wanted, has);
  const objects: Readonly<Record<MonitoringKind, () => ChildObject | undefined>> = {
    PodMonitor: () => (way === 'PodMonitor' ? podMonitor(deployment, revisions, labels) : undefined),
    ScrapeConfig: () => (way === 'ScrapeConfig' ? scrapeConfig(deployment, revisions, labels) : undefined),
    PrometheusRule: () => (wanted?.rules === false ? undefined : rulesFor(deployment, revisions, labels)),
  };
  return (Object.keys(MONITORING_KINDS) as MonitoringKind[]).flatMap((kind) =>
    has[kind] === true
      ? optionalChild(
          uid,
          {
            ...{ kind, name: MONITORING_KINDS[kind].nameOf(name), live: live.get(kind), wanted: objects[kind]() },
            because: 'spec.monitoring does not ask for it any more',
          },
          upkeep,
        )
      : [],
  );
}

/** Some hundred rules that stay the same while the spec and the versions with pods do, by what else they are made of. */
const rulesOf = onceFor((_: Snapshot['deployment']['spec']) => new Map<string, ChildObject>());

function rulesFor(
  deployment: Snapshot['deployment'],
  revisions: readonly MonitoredRevision[],
  labels: MonitoringLabels | undefined,
): ChildObject {
  const known = rulesOf(deployment.spec);
  const key = JSON.stringify([revisions, labels]);
  const rule = known.get(key) ?? prometheusRule(deployment, revisions, { labels });
  known.set(key, rule);
  return rule;
}

/** What monitoring asks for and cannot have; undefined: nothing. */
export function monitoringVerdict({ deployment, monitoring }: Snapshot): Verdict | undefined {
  const { scrape } = deployment.spec.monitoring ?? {};
  if ((scrape !== 'PodMonitor' && scrape !== 'ScrapeConfig') || monitoring.has[scrape] === true) return undefined;
  const message = `monitoring.scrape is ${scrape}, and the cluster has no such kind, or the operator may not read it: nothing tells Prometheus of the pods. Install prometheus-operator, or use Auto.`;
  return { status: 'False', reason: 'MonitoringKindMissing', message };
}

/** What is exported of the revisions that have pods. */
export function revisionSamples({ step, revisions }: Pick<Judgement, 'step' | 'revisions'>) {
  return revisions
    .filter(({ hash }) => step.replicas.has(hash))
    .flatMap((revision) => {
      const { maxNumSeqs, gpuMemoryFraction } = monitoredRevision(revision) ?? {};
      if (maxNumSeqs === undefined) return [];
      return [{ revision: revision.hash, maxNumSeqs, ...(gpuMemoryFraction !== undefined && { gpuMemoryFraction }) }];
    });
}
