import { MANAGER } from '../../api/index.ts';
import type { ManagedFieldsEntry } from '../../kube/types.ts';
import type { LiveHorizontalPodAutoscaler, Snapshot } from '../snapshot.ts';
import type { Status } from './judgement.ts';
import { seconds } from './times.ts';

/** Field managers of those who may: the HPA controller, and the operator of KEDA, that wakes and puts to sleep (by the name of its binary). */
const AUTOSCALERS: ReadonlySet<string | undefined> = new Set(['kube-controller-manager', 'keda', 'keda-operator']);

/** How long a fight is told of after it was last seen: a GitOps tool syncs every few minutes, and the HPA answers in seconds. */
const REMEMBERED_MS = 600_000;

/**
 * Who sets spec.replicas back after the HPA has set it, as a sentence; undefined: nobody, for a while. Read from who owns the
 * field, when that was written, and when the HPA scaled last. Whose time is not known is not accused: of a write through
 * /scale Kubernetes keeps none (k8s.io/apimachinery, ScaleHandler.ToParent, v0.36).
 */
export function contestedBy({ deployment, now }: Snapshot, hpa: LiveHorizontalPodAutoscaler): string | undefined {
  const entries = managedFieldsOf(deployment);
  const owners = entries.filter(ownsReplicas);
  const scaledAt = timeOf(hpa.status?.lastScaleTime);
  const owner = owners.find(({ time }) => scaledAt !== undefined && (timeOf(time) ?? 0) >= scaledAt);
  const wroteAt = timeOf(owner?.time);
  // An HPA that agrees with a count may not scale for weeks: who has set it long ago fights no more.
  const isRecent = wroteAt !== undefined && now - wroteAt < REMEMBERED_MS;
  if (owner !== undefined && isRecent && !owners.some(({ manager }) => AUTOSCALERS.has(manager))) {
    const wanted = hpa.status?.desiredReplicas ?? 0;
    if (owner.manager !== MANAGER && deployment.spec.replicas !== wanted && wanted > 0)
      return `Field manager ${owner.manager ?? 'unknown'} has set spec.replicas to ${deployment.spec.replicas ?? ''} after the autoscaler had set ${wanted}${AT}${seconds(wroteAt)}: ${ADVICE}`;
  }
  const before = toldBefore(deployment.status);
  return before !== undefined && now < before.until ? before.text : undefined;
}

/**
 * What is told when spec.replicas was taken away after the HPA had set it and the operator has put it back: nobody else owns the
 * field any more, and of a count that is put back through /scale Kubernetes 1.36 records no owner at all. It is what the
 * reference advises, so it is no fight; who wrote the object last is named, for a while.
 */
export function takenAway({ deployment, now }: Snapshot, hpa: LiveHorizontalPodAutoscaler | undefined): string[] {
  const entries = managedFieldsOf(deployment);
  const scaledAt = timeOf(hpa?.status?.lastScaleTime);
  const owners = entries.filter(ownsReplicas);
  if (scaledAt === undefined || owners.some(({ manager }) => manager !== MANAGER)) return [];
  const last = lastWriter(entries);
  const wroteAt = timeOf(last?.time);
  if (wroteAt === undefined || wroteAt < scaledAt || now - wroteAt >= REMEMBERED_MS) return [];
  return [
    `spec.replicas was taken away after the autoscaler had set it, and was put back: the count stays. Field manager ${last?.manager ?? 'unknown'} wrote last${AT}${seconds(wroteAt)}.`,
  ];
}

/** Until when a status tells of a fight that is over, milliseconds since the epoch; undefined: it tells of none. */
export function contestedUntil(status: Pick<Status, 'conditions'> | undefined): number | undefined {
  return toldBefore(status)?.until;
}

/** What contestedBy said, without the warnings after it, and until when it holds. */
function toldBefore(status: Pick<Status, 'conditions'> | undefined) {
  const { reason, message = '' } = status?.conditions?.find(({ type }) => type === 'AutoscalingActive') ?? {};
  const advice = message.indexOf(ADVICE);
  if (reason !== 'ReplicasContested' || advice < 0) return undefined;
  const fact = message.slice(0, advice);
  const seenAt = timeOf(fact.slice(fact.lastIndexOf(AT) + AT.length).replace(/: $/, ''));
  return seenAt === undefined ? undefined : { text: fact + ADVICE, until: seenAt + REMEMBERED_MS };
}

/** Before the time of the write, in the message: it is all that is remembered of it once the HPA owns the field again. */
const AT = ', at ';
const ADVICE = 'leave the field out of what it applies, or each sync undoes what the autoscaler does.';

function ownsReplicas({ fieldsV1 }: ManagedFieldsEntry): boolean {
  const spec = fieldsV1?.['f:spec'] as Readonly<Record<string, unknown>> | undefined;
  return spec?.['f:replicas'] !== undefined;
}

function managedFieldsOf({ metadata }: Snapshot['deployment']): readonly ManagedFieldsEntry[] {
  return (metadata as { readonly managedFields?: readonly ManagedFieldsEntry[] }).managedFields ?? [];
}

/** Who wrote the object itself last. */
function lastWriter(entries: readonly ManagedFieldsEntry[]): ManagedFieldsEntry | undefined {
  const writers = entries.filter(({ manager, subresource }) => subresource === undefined && manager !== MANAGER);
  return writers.sort((a, b) => (timeOf(b.time) ?? 0) - (timeOf(a.time) ?? 0))[0];
}

function timeOf(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}
