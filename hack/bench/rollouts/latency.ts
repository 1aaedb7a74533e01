import type { AuditEntry } from '../../cluster/index.ts';
import { quantile } from '../statistics.ts';

/** Something that was asked for, and what the operator made of it. */
export interface Run {
  readonly model: string;
  /** When it was sent, by the clock of this machine. */
  readonly sent: Date;
}

/** From a cause to the write of the active Service, by the API server's clock. Which moment of the write is said where it is measured. */
export interface Latency extends Run {
  readonly milliseconds: number;
}

const isWriteTo =
  (resource: string, name: (name: string) => boolean, subresource?: string) =>
  (entry: AuditEntry): boolean =>
    entry.resource === resource &&
    entry.subresource === subresource &&
    (entry.verb === 'patch' || entry.verb === 'update') &&
    entry.code < 300 &&
    name(entry.name ?? '');

/** Audit times have microseconds, of which a Date keeps the milliseconds. */
const ROUNDING_MS = 1;

/** From the order of each run, as the server received it, to its answer to the operator's next write of the active Service. */
export function orderToFlip(runs: readonly Run[], entries: readonly AuditEntry[], users: Users): Latency[] {
  return runs.map((run) => {
    const after = (since: Date) => (entry: AuditEntry) => entry.received.getTime() >= since.getTime() - ROUNDING_MS;
    const ordered = entries
      .filter(isWriteTo('deepseekdeployments', (name) => name === run.model))
      .filter(({ user }) => user === users.orders)
      .find(after(run.sent));
    if (ordered === undefined)
      throw new Error(`the audit log has no order for ${run.model} at ${run.sent.toISOString()}`);
    const flip = flipsOf(run.model, entries, users).find(after(ordered.received));
    if (flip === undefined) throw new Error(`the operator has not written the Service ${run.model}`);
    return { ...run, milliseconds: flip.answered.getTime() - ordered.received.getTime() };
  });
}

/**
 * To the server's receipt of the flip, from its receipt of the last write of the candidate's Deployment status before it, which makes its
 * last pod available, and of the last thing of all that the flip waits for: the EndpointSlice of the candidate's own Service comes after
 * that write, or before.
 */
export function availableToFlip(
  runs: readonly Run[],
  entries: readonly AuditEntry[],
  users: Users,
): { readonly fromDeployment: Latency[]; readonly fromLast: Latency[] } {
  const both = runs.map((run) => {
    const flip = flipsOf(run.model, entries, users).find(({ received }) => received >= run.sent);
    if (flip === undefined) throw new Error(`the operator has not written the Service ${run.model}`);
    const before = (resource: string, subresource?: string) =>
      entries
        .filter(isWriteTo(resource, (name) => name.startsWith(`${run.model}-`), subresource))
        .filter(({ received }) => received >= run.sent && received <= flip.received)
        .at(-1)?.received;
    const available = before('deployments', 'status');
    if (available === undefined) throw new Error(`nobody has written the status of a Deployment of ${run.model}`);
    const listed = before('endpointslices') ?? available;
    const last = listed > available ? listed : available;
    const since = (time: Date): Latency => ({ ...run, milliseconds: flip.received.getTime() - time.getTime() });
    return { fromDeployment: since(available), fromLast: since(last) };
  });
  return {
    fromDeployment: both.map(({ fromDeployment }) => fromDeployment),
    fromLast: both.map(({ fromLast }) => fromLast),
  };
}

/** Who sends what. */
export interface Users {
  readonly orders: string;
  readonly operator: string;
}

function flipsOf(model: string, entries: readonly AuditEntry[], { operator }: Users): AuditEntry[] {
  return entries.filter(isWriteTo('services', (name) => name === model)).filter(({ user }) => user === operator);
}

/** `P50 12 ms, P99 40 ms, at most 52 ms`. */
export function describe(values: readonly number[]): string {
  const [p50, p99, highest] = [quantile(values, 0.5), quantile(values, 0.99), Math.max(...values)];
  return `P50 ${p50.toFixed(0)} ms, P99 ${p99.toFixed(0)} ms, at most ${highest.toFixed(0)} ms`;
}
