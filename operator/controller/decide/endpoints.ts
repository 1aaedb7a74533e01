import { LABEL } from '../../api/index.ts';
import { childNames } from '../../resources/names.ts';
import type { Endpoints } from '../../rollout/machine/types.ts';
import type { LiveEndpointSlice, Snapshot } from '../snapshot.ts';

/** Label by which an EndpointSlice says whose it is. */
const SERVICE_NAME = 'kubernetes.io/service-name';

/** Ready endpoints of the active Service by the revision of their pods; undefined: it has no EndpointSlice yet. */
export function activeEndpoints(snapshot: Snapshot): Endpoints | undefined {
  const slices = slicesOf(snapshot, snapshot.deployment.metadata.name);
  if (slices.length === 0) return undefined;
  const revisions = new Map(
    snapshot.pods.map(({ metadata }) => [metadata.name, metadata.labels?.[LABEL.revision] ?? '']),
  );
  const counts = new Map<string, number>();
  for (const pod of readyPods(slices)) {
    const revision = revisions.get(pod) ?? '';
    counts.set(revision, (counts.get(revision) ?? 0) + 1);
  }
  return counts;
}

/** Ready endpoints of a revision’s own Service. */
export function revisionEndpoints(snapshot: Snapshot, revision: string): number {
  const { revisionService } = childNames(snapshot.deployment.metadata.name, revision);
  return readyPods(slicesOf(snapshot, revisionService)).size;
}

function slicesOf({ endpointSlices }: Snapshot, service: string): readonly LiveEndpointSlice[] {
  return endpointSlices.filter(({ metadata }) => metadata.labels?.[SERVICE_NAME] === service);
}

/** A pod may be in two slices for a moment, and has an endpoint for each family of addresses. */
function readyPods(slices: readonly LiveEndpointSlice[]): ReadonlySet<string> {
  const ready = slices.flatMap(({ endpoints = [] }) =>
    endpoints.filter(({ conditions }) => conditions?.ready !== false),
  );
  return new Set(ready.flatMap(({ targetRef }) => targetRef?.name ?? []));
}
