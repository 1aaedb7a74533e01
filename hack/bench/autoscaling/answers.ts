import type { AuditEntry } from '../../cluster/index.ts';
import { countRequests } from '../audit.ts';
import type { Pair } from './pairs.ts';

/** How a pair answered a step of the load; milliseconds, by the API server's clock. */
export interface Answer extends Pair {
  /** From the step to the HPA's new count. */
  readonly modelMs: number;
  readonly plainMs: number;
  /** From the HPA's new count to the operator's write of the Deployment. */
  readonly operatorMs: number;
}

const isScale = (resource: string, name: string) => (entry: AuditEntry) =>
  entry.resource === resource &&
  entry.subresource === 'scale' &&
  entry.name === name &&
  entry.code < 300 &&
  (entry.verb === 'update' || entry.verb === 'patch');

/** @param entries of everybody, from the step on */
export function answersOf(
  pairs: readonly Pair[],
  entries: readonly AuditEntry[],
  { since, operator }: { readonly since: Date; readonly operator: string },
): Answer[] {
  return pairs.map((pair) => {
    const after = (from: Date, matches: (entry: AuditEntry) => boolean, what: string): Date => {
      const found = entries.find((entry) => entry.received >= from && matches(entry));
      if (found === undefined) throw new Error(`the audit log has no ${what}`);
      return found.received;
    };
    const scaled = after(since, isScale('deepseekdeployments', pair.model), `new count of ${pair.model}`);
    const plain = after(since, isScale('deployments', pair.plain), `new count of ${pair.plain}`);
    const followed = after(
      scaled,
      ({ user, resource, subresource, name = '' }) =>
        user === operator &&
        resource === 'deployments' &&
        subresource === undefined &&
        name.startsWith(`${pair.model}-`),
      `write of the Deployment of ${pair.model}`,
    );
    return {
      ...pair,
      modelMs: scaled.getTime() - since.getTime(),
      plainMs: plain.getTime() - since.getTime(),
      operatorMs: followed.getTime() - scaled.getTime(),
    };
  });
}

/** What the operator has written while the HPAs set counts. */
export interface ScalingWrites {
  /** Times that an HPA has set the count of a model. */
  readonly events: number;
  /** Status and marked pods apart. */
  readonly writes: number;
  readonly statuses: number;
  /** Pods whose deletion cost was set. */
  readonly marks: number;
}

export function scalingWrites(pairs: readonly Pair[], entries: readonly AuditEntry[], operator: string): ScalingWrites {
  const events = pairs.flatMap(({ model }) => entries.filter(isScale('deepseekdeployments', model)));
  const writes = entries.filter((entry) => entry.user === operator && countRequests([entry]).writes === 1);
  const statuses = writes.filter(({ subresource }) => subresource === 'status').length;
  const marks = writes.filter(({ resource }) => resource === 'pods').length;
  return { events: events.length, writes: writes.length - statuses - marks, statuses, marks };
}
