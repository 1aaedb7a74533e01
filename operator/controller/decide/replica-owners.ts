import { MANAGER } from '../../api/index.ts';
import type { ManagedFieldsEntry } from '../../kube/types.ts';
import type { LiveHorizontalPodAutoscaler, Snapshot } from '../snapshot.ts';

/** The field manager of the HPA controller. */
const AUTOSCALER = 'kube-controller-manager';

/** How long a fight is told of after it was last seen: a GitOps tool syncs every few minutes, and the HPA answers in seconds. */
const REMEMBERED_MS = 600_000;

/**
 * Who sets spec.replicas back or takes it away after the HPA has set it, as a sentence; undefined: nobody. Read from who owns
 * the field, when that was written, and when the HPA scaled last.
 */
export function contestedBy({ deployment, now }: Snapshot, hpa: LiveHorizontalPodAutoscaler): string | undefined {
  const entries: readonly ManagedFieldsEntry[] =
    (deployment.metadata as { readonly managedFields?: readonly ManagedFieldsEntry[] }).managedFields ?? [];
  const owners = entries.filter(ownsReplicas);
  const scaledAt = timeOf(hpa.status?.lastScaleTime);
  const owner = owners.find(({ time }) => scaledAt !== undefined && (timeOf(time) ?? 0) >= scaledAt);
  if (owner !== undefined && !owners.some(({ manager }) => manager === AUTOSCALER)) {
    const wanted = hpa.status?.desiredReplicas ?? 0;
    if (owner.manager === MANAGER) {
      const culprit = lastWriter(entries, timeOf(owner.time));
      const who = culprit === undefined ? 'Somebody' : `Field manager ${culprit}`;
      return `${who} has taken spec.replicas away, and it was put back: ${ADVICE}`;
    }
    if (deployment.spec.replicas !== wanted && wanted > 0)
      return `Field manager ${owner.manager ?? 'unknown'} has set spec.replicas to ${deployment.spec.replicas ?? ''} after the autoscaler had set ${wanted}: ${ADVICE}`;
  }
  const before = deployment.status?.conditions?.find(({ type }) => type === 'AutoscalingActive');
  const since = timeOf(before?.lastTransitionTime);
  return before?.reason === 'ReplicasContested' && since !== undefined && now - since < REMEMBERED_MS
    ? before.message
    : undefined;
}

const ADVICE = 'leave the field out of what it applies, or each sync undoes what the autoscaler does.';

function ownsReplicas({ fieldsV1 }: ManagedFieldsEntry): boolean {
  const spec = fieldsV1?.['f:spec'] as Readonly<Record<string, unknown>> | undefined;
  return spec?.['f:replicas'] !== undefined;
}

/** Who wrote the object itself last, until then. */
function lastWriter(entries: readonly ManagedFieldsEntry[], until: number | undefined): string | undefined {
  const writers = entries
    .filter(({ manager, subresource }) => subresource === undefined && manager !== MANAGER)
    .filter(({ time }) => until === undefined || (timeOf(time) ?? 0) <= until)
    .sort((a, b) => (timeOf(b.time) ?? 0) - (timeOf(a.time) ?? 0));
  return writers[0]?.manager;
}

function timeOf(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}
