import type { AuditEntry } from '../../cluster/index.ts';
import type { Users } from '../rollouts/latency.ts';

/** Milliseconds by the API server's clock, of the model with this name. */
export interface Delay {
  readonly model: string;
  readonly milliseconds: number;
}

/** From the receipt of each model's creation until the last of its first `children` exists: the server has answered. */
export function createToChildren(
  models: readonly string[],
  entries: readonly AuditEntry[],
  users: Users,
  children: number,
): Delay[] {
  return models.map((model) => {
    const created = entries.find(
      ({ user, verb, resource, name, code }) =>
        user === users.orders &&
        verb === 'create' &&
        resource === 'deepseekdeployments' &&
        name === model &&
        code < 300,
    );
    const made = entries.filter((entry) => isMade(entry, users) && isChildOf(model, entry)).slice(0, children);
    if (created === undefined || made.length < children)
      throw new Error(`the audit log has ${made.length} children of ${model}`);
    const last = Math.max(...made.map(({ answered }) => answered.getTime()));
    return { model, milliseconds: last - created.received.getTime() };
  });
}

/** From the receipt of the change of each model's spec, sent at `sent`, until the operator's next creation of a Deployment for it is answered. */
export function changeToCandidate(
  runs: readonly { readonly model: string; readonly sent: Date }[],
  entries: readonly AuditEntry[],
  users: Users,
): Delay[] {
  return runs.map(({ model, sent }) => {
    const since = sent.getTime() - 1;
    const changed = entries.find(
      ({ user, verb, resource, name, received }) =>
        user === users.orders &&
        verb === 'patch' &&
        resource === 'deepseekdeployments' &&
        name === model &&
        received.getTime() >= since,
    );
    const candidate = entries.find(
      (entry) =>
        isMade(entry, users) &&
        entry.resource === 'deployments' &&
        isChildOf(model, entry) &&
        entry.received.getTime() >= since,
    );
    if (changed === undefined || candidate === undefined) throw new Error(`the audit log has no candidate of ${model}`);
    return { model, milliseconds: candidate.answered.getTime() - changed.received.getTime() };
  });
}

/** An apply that creates is answered with 201. */
function isMade({ user, verb, code }: AuditEntry, { operator }: Users): boolean {
  return user === operator && verb === 'patch' && code === 201;
}

function isChildOf(model: string, { name = '' }: AuditEntry): boolean {
  return name === model || name.startsWith(`${model}-`);
}
