import type { AuditEntry } from '../../cluster/index.ts';

/** What an operator itself took for a change of the phase of a rollout. */
export interface OwnTime {
  readonly model: string;
  /** The phase that it was changed to. */
  readonly phase: string;
  readonly milliseconds: number;
}

export interface Rollouts {
  /** The phase in each state that the status of a model has had, in their order, by the model's name. */
  readonly phases: ReadonlyMap<string, readonly string[]>;
  readonly entries: readonly AuditEntry[];
  readonly operator: string;
}

/** Kinds that the operator follows: a write to one of them may be what it waits for. */
const FOLLOWED = ['deployments', 'pods', 'endpointslices', 'services', 'deepseekdeployments', 'poddisruptionbudgets'];
const WRITES = ['create', 'update', 'patch', 'delete'];

/**
 * For each status write that changes the phase: how long the operator took for it and for the writes before it that belong to it,
 * from the answer to whatever came last (somebody's write of one of the model's objects, or its own write before) to the
 * server's receipt of the next. The time in which the server works on the operator's requests is not in it.
 */
export function ownTimes({ phases, entries, operator }: Rollouts): OwnTime[] {
  return [...phases].flatMap(([model, states]) => {
    const written = entries.filter((entry) => isWriteOf(model, entry));
    const own = written.filter(({ user, resource = '' }) => user === operator && resource !== 'events');
    const reports = own.filter(
      ({ resource, subresource }) => resource === 'deepseekdeployments' && subresource === 'status',
    );
    if (reports.length !== states.length)
      throw new Error(
        `${model} had ${states.length} states, but the audit log has ${reports.length} writes of its status`,
      );
    let [phase, sum] = ['', 0];
    const found: OwnTime[] = [];
    for (const write of own) {
      sum += gapBefore(write, written);
      const state = reports.indexOf(write);
      if (state < 0) continue;
      const next = states[state] ?? '';
      if (next !== phase) found.push({ model, phase: next, milliseconds: sum });
      [phase, sum] = [next, 0];
    }
    return found;
  });
}

/** Milliseconds from the last answer to another write until this one was received. */
function gapBefore(write: AuditEntry, written: readonly AuditEntry[]): number {
  const received = write.received.getTime();
  const last = Math.max(
    ...written
      .filter(
        (entry) => entry !== write && FOLLOWED.includes(entry.resource ?? '') && entry.answered.getTime() <= received,
      )
      .map(({ answered }) => answered.getTime()),
  );
  return Number.isFinite(last) ? received - last : 0;
}

function isWriteOf(model: string, { verb, code, name = '' }: AuditEntry): boolean {
  return WRITES.includes(verb) && code < 300 && (name === model || name.startsWith(`${model}-`));
}
