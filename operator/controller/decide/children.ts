import { LABEL, MANAGER } from '../../api/names.ts';
import { controllerRevision } from '../../resources/controller-revision.ts';
import { revisionDeployment } from '../../resources/deployment.ts';
import { foreignTemplateManagers } from '../../resources/field-managers.ts';
import { childNames } from '../../resources/names.ts';
import type { HttpRoute } from '../../resources/http-route.ts';
import { podDisruptionBudget } from '../../resources/pod-disruption-budget.ts';
import {
  activeService,
  HTTP_PORT_NAME,
  previewService,
  revisionService,
  type TargetPort,
} from '../../resources/service.ts';
import { serviceAccount } from '../../resources/service-account.ts';
import type { KubeObject } from '../../kube/types.ts';
import { recordOf } from '../../rollout/record.ts';
import type { Revision } from '../../rollout/revision.ts';
import type { RolloutStep } from '../../rollout/next.ts';
import { generationIn } from '../gather.ts';
import type { ChildKind, LiveDeployment, Snapshot } from '../snapshot.ts';
import { autoscalerOf, scaledObjectIntents } from './autoscaling.ts';
import { targetPortOf } from './engines.ts';
import { deletionCosts } from './deletion-cost.ts';
import type { ChildObject, Intent } from './intents.ts';
import { networkPolicyOf } from './network-policy.ts';
import { monitoringIntents, serviceAnnotations } from './monitoring.ts';
import { routeDeletions, routeIntents } from './route.ts';
import { seconds } from './times.ts';
import type { Upkeep } from './upkeep.ts';

/** The revisions that there are to be, and what each of them is to run. */
export interface Wanted {
  readonly step: RolloutStep;
  /** Stored and new revisions, with the marks that they are to carry. */
  readonly revisions: readonly Revision[];
  /** The active Service stays as somebody else has made it. */
  readonly leaveService: boolean;
  /** Prometheus that KEDA asks; absent: none is known. */
  readonly prometheusUrl?: string | undefined;
  readonly operatorNamespace?: string | undefined;
  readonly prometheusNamespaces?: readonly string[] | undefined;
  readonly monitoringLabels?: Readonly<Record<string, string>> | undefined;
  /** Ready pods of a revision. */
  readonly readyReplicas: (revision: string | undefined) => number | undefined;
}

/**
 * The writes that bring the children to what is wanted: what serves first, the candidate after it, and deletions last.
 * Every prefix of them is safe: the active Service is made, repaired or moved onto what answers before anything else; onto what
 * does not answer yet it moves once that is there and protected, and nothing is deleted before it has. What waits for what is in prerequisites.ts.
 */
export function childIntents(snapshot: Snapshot, wanted: Wanted, upkeep: Upkeep): Intent[] {
  const { deployment } = snapshot;
  const { step, revisions, leaveService } = wanted;
  const intents: Intent[] = [];
  const kept = new Set<string>();
  const declared = new Set<string>();
  const want = (kind: ChildKind, object: ChildObject) => {
    const name = object.metadata?.name ?? '';
    if (declared.has(`${kind}/${name}`)) return;
    declared.add(`${kind}/${name}`);
    kept.add(`${kind}/${name}`);
    const found = live(snapshot, kind, name);
    const intent = upkeep.bring(kind, object, found);
    if (intent) intents.push(sized(intent, object, found));
  };
  const keepChildren = (hash: string) => {
    const names = childNames(deployment.metadata.name, hash);
    kept.add(`Deployment/${names.deployment}`).add(`Service/${names.revisionService}`);
    kept.add(`PodDisruptionBudget/${names.podDisruptionBudget}`);
  };
  /** Of a revision that is lost, what its Service says stands. */
  const targetPort = (hash: string): TargetPort => {
    const revision = revisions.find((candidate) => candidate.hash === hash);
    if (revision) return targetPortOf(revision.data);
    const service = snapshot.services.find(({ spec }) => spec?.selector?.[LABEL.revision] === hash);
    const port = service?.spec?.ports?.[0]?.targetPort;
    return typeof port === 'number' ? port : HTTP_PORT_NAME;
  };
  const wantActiveService = () => {
    if (leaveService || step.serving === undefined) return;
    const { serving: revision, attempt, previous, switchedAt } = step;
    const when = switchedAt === undefined ? undefined : seconds(switchedAt);
    const found = live(snapshot, 'Service', deployment.metadata.name);
    const generation = step.switched || found === undefined ? deployment.metadata.generation : generationIn(found);
    const serving = { revision, attempt, previous, switchedAt: when, generation, targetPort: targetPort(revision) };
    want('Service', activeService(deployment, serving));
  };
  const wantPreview = () => {
    if (deployment.spec.traffic?.routeRef === undefined || step.serving === undefined) return;
    // A revision that is not ready yet is no preview: the Service would have no endpoint.
    const ready = (wanted.readyReplicas(step.candidate) ?? 0) > 0;
    const shown = ready ? (step.candidate ?? step.serving) : step.serving;
    want('Service', previewService(deployment, shown, targetPort(shown)));
  };

  const routes = routeIntents(snapshot, step, upkeep);
  const wantRoute = () => intents.push(...routes.splice(0));

  const running = [...step.replicas.keys()].map((hash) => revisions.find((revision) => revision.hash === hash));
  if (running.some((revision) => revision && usesOwnAccount(revision)))
    want('ServiceAccount', serviceAccount(deployment));
  const policy = running.length === 0 ? undefined : networkPolicyOf(snapshot, running, wanted);
  if (policy !== undefined) want('NetworkPolicy', policy);
  // Of a revision whose ControllerRevision is lost nobody knows.
  if (running.includes(undefined)) kept.add(`ServiceAccount/${deployment.metadata.name}`);
  if (leaveService) {
    kept.add(`Service/${deployment.metadata.name}`);
    const found = snapshot.services.find(({ metadata }) => metadata.name === deployment.metadata.name);
    keepChildren(found?.spec?.selector?.[LABEL.revision] ?? '');
  }
  // What was taken back is written down before the traffic leaves it: it must not be tried again by whoever goes on from here.
  for (const mark of step.marks) {
    const revision = revisions.find(({ hash }) => hash === mark.revision);
    if (revision && (mark.kind === 'failed' || mark.kind === 'held')) {
      want('ControllerRevision', controllerRevision(deployment, revision));
    }
  }
  // Pods that answer are all that a flip needs.
  if (!step.switched || (wanted.readyReplicas(step.serving) ?? 0) > 0) wantActiveService();
  // What serves is the first of them.
  for (const [hash, replicas] of step.replicas) {
    const revision = revisions.find((candidate) => candidate.hash === hash);
    if (!revision) {
      // Its ControllerRevision is lost, and no record is on its Deployment: nothing is written, and nothing taken away.
      keepChildren(hash);
      continue;
    }
    want('ControllerRevision', controllerRevision(deployment, revision));
    const { template, plan } = revision.data;
    const { startupBudgetSeconds } = plan;
    const record = recordOf(revision);
    const object = revisionDeployment(deployment, { revision: hash, template, replicas, startupBudgetSeconds, record });
    // First, since it names the version that was read, which an apply would make an old one.
    intents.push(...repairTemplate(snapshot.deployments, object));
    // In a handover both versions may have a share: the gateway is told before pods of what serves go.
    const found = live(snapshot, 'Deployment', object.metadata.name);
    const goesFirst = hash === step.serving && found !== undefined && replicas < replicasOf(found);
    if (goesFirst && everyBackend(snapshot, routes)) wantRoute();
    want('Deployment', object);
    want('Service', revisionService(deployment, hash, targetPort(hash), serviceAnnotations(snapshot, revision)));
    if (step.protect.includes(hash)) want('PodDisruptionBudget', podDisruptionBudget(deployment, hash));
    if (hash !== step.serving) continue;
    wantActiveService();
    // Users leave a version before its pods go.
    if (everyBackend(snapshot, routes)) wantRoute();
  }
  wantActiveService();
  wantPreview();
  wantRoute();
  const autoscaler = autoscalerOf(snapshot, wanted);
  if (autoscaler === 'Keep') kept.add(`HorizontalPodAutoscaler/${deployment.metadata.name}`);
  else if (autoscaler !== undefined) want('HorizontalPodAutoscaler', autoscaler);
  intents.push(...scaledObjectIntents(snapshot, wanted, upkeep));
  intents.push(
    ...monitoringIntents(
      snapshot,
      running.filter((revision) => revision !== undefined),
      wanted.monitoringLabels,
      upkeep,
    ),
  );
  for (const revision of revisions) want('ControllerRevision', controllerRevision(deployment, revision));
  intents.unshift(...deletionCosts(snapshot, step));
  return [...intents, ...deletions(snapshot, kept), ...routeDeletions(snapshot), ...cutShort(snapshot, step)];
}

/** Whether the Services that a route of ours is to name are there: a gateway answers 500 in the place of one that is not. */
function everyBackend({ services }: Snapshot, routes: readonly Intent[]): boolean {
  const names = routes.flatMap((intent) =>
    (intent.type === 'Create' || intent.type === 'Apply') && intent.kind === 'HTTPRoute'
      ? ((intent.object as HttpRoute).spec?.rules ?? []).flatMap(({ backendRefs = [] }) => backendRefs)
      : [],
  );
  return names.every(({ name }) => services.some(({ metadata }) => metadata.name === name));
}

/** Whether the pods of the revision run under the account that we make: the spec that it was made of names no other. */
function usesOwnAccount({ data }: Revision): boolean {
  const { podTemplate } = data.spec as { readonly podTemplate?: { readonly serviceAccountName?: unknown } };
  return podTemplate?.serviceAccountName === undefined;
}

/** A write, with what it does to the pods. */
function sized(intent: Intent, object: ChildObject, found: KubeObject | undefined): Intent {
  if (intent.type !== 'Apply' || intent.kind !== 'Deployment' || found === undefined) return intent;
  const [before, after] = [replicasOf(found), replicasOf(object)];
  if (after < before) return { ...intent, shrinks: true };
  return before === 0 && after > 0 ? { ...intent, begins: true } : intent;
}

function replicasOf(deployment: ChildObject | KubeObject): number {
  return (deployment as Pick<LiveDeployment, 'spec'>).spec?.replicas ?? 0;
}

/** Fields that somebody else added to a template survive an apply of ours: the template is put back whole. */
function repairTemplate(
  deployments: readonly LiveDeployment[],
  object: ReturnType<typeof revisionDeployment>,
): Intent[] {
  const found = deployments.find((candidate) => candidate.metadata.name === object.metadata.name);
  const template = object.spec?.template;
  if (!found || !template) return [];
  const managers = foreignTemplateManagers(found.metadata.managedFields, MANAGER, template);
  if (managers.length === 0) return [];
  const { name, uid = '', resourceVersion = '' } = found.metadata;
  return [{ type: 'ReplaceTemplate', name, uid, resourceVersion, template, managers }];
}

/** Pods of a version that was taken back, on their way out with more time than a rollback grants. */
function cutShort({ pods }: Snapshot, { cutShort: cut }: RolloutStep): Intent[] {
  if (cut === undefined) return [];
  const { revision, graceSeconds } = cut;
  const going = pods.filter(
    ({ metadata }) =>
      metadata.labels?.[LABEL.revision] === revision &&
      metadata.deletionTimestamp !== undefined &&
      (metadata.deletionGracePeriodSeconds ?? 0) > graceSeconds,
  );
  const named = going.map(({ metadata }) => ({ name: metadata.name, uid: metadata.uid ?? '' }));
  return named.length === 0 ? [] : [{ type: 'CutShort', pods: named, graceSeconds }];
}

/** Children of ours that nothing wants any more. */
function deletions(snapshot: Snapshot, kept: ReadonlySet<string>): Intent[] {
  return (
    [
      'HorizontalPodAutoscaler',
      'Deployment',
      'PodDisruptionBudget',
      'Service',
      'ControllerRevision',
      'NetworkPolicy',
      'ServiceAccount',
    ] as const
  ).flatMap((kind) =>
    children(snapshot, kind)
      .filter(({ metadata }) => !kept.has(`${kind}/${metadata.name}`) && metadata.deletionTimestamp === undefined)
      .map(({ metadata }): Intent => {
        const revision = metadata.labels?.[LABEL.revision];
        const because = revision === undefined ? 'no longer wanted' : `revision ${revision} no longer needs it`;
        return { type: 'Delete', kind, name: metadata.name, uid: metadata.uid ?? '', because };
      }),
  );
}

function live(snapshot: Snapshot, kind: ChildKind, name: string | undefined): KubeObject | undefined {
  return children(snapshot, kind).find(({ metadata }) => metadata.name === name);
}

function children(snapshot: Snapshot, kind: ChildKind): readonly KubeObject[] {
  switch (kind) {
    case 'ServiceAccount':
      return snapshot.serviceAccounts;
    case 'ControllerRevision':
      return snapshot.revisions.map((revision) => revision.object);
    case 'Deployment':
      return snapshot.deployments;
    case 'Service':
      return snapshot.services;
    case 'NetworkPolicy':
      return snapshot.networkPolicies;
    case 'PodDisruptionBudget':
      return snapshot.podDisruptionBudgets;
    case 'HorizontalPodAutoscaler':
      return snapshot.horizontalPodAutoscalers;
  }
}
