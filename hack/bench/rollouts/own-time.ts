import type { AuditEntry } from '../../cluster/index.ts';

/** What an operator itself took for the pass that changed the phase of a rollout. */
export interface OwnTime {
  readonly model: string;
  /** The phase that it was changed to. */
  readonly phase: string;
  /** From the moment at which the key was due until the end of the pass, the API server's time for its requests apart. */
  readonly milliseconds: number;
  /** Of it the wait for a worker. */
  readonly waited: number;
  /** Not of it: what the server took for the requests of the pass. */
  readonly served: number;
}

export interface Rollouts {
  /** The phase in each state that the status of a model has had, in their order, by the model's name. */
  readonly phases: ReadonlyMap<string, readonly string[]>;
  readonly entries: readonly AuditEntry[];
  readonly operator: string;
  /** What the operator has logged at the level debug. */
  readonly log: string;
}

/** A pass of the loop over one model, milliseconds since the epoch. */
interface Pass {
  readonly model: string;
  readonly from: number;
  readonly until: number;
  readonly waited: number;
}

/** Times in the log and in the audit log have milliseconds, and a line is logged a moment after the pass. */
const ROUNDING_MS = 2;

/** For each status write that changes the phase, what the operator itself took for the pass that made it. */
export function ownTimes({ phases, entries, operator, log }: Rollouts): OwnTime[] {
  const passes = readPasses(log);
  return [...phases].flatMap(([model, states]) => {
    const own = entries.filter((entry) => entry.user === operator && entry.resource !== 'events' && isOf(model, entry));
    const reports = own.filter(
      ({ resource, subresource, code }) => resource === 'deepseekdeployments' && subresource === 'status' && code < 300,
    );
    if (reports.length !== states.length)
      throw new Error(
        `${model} had ${states.length} states, but the audit log has ${reports.length} writes of its status`,
      );
    return reports.flatMap((report, index): OwnTime[] => {
      const phase = states[index] ?? '';
      if (phase === states[index - 1]) return [];
      const pass = passes.find((each) => each.model === model && isIn(report, each));
      if (pass === undefined) throw new Error(`the log has no pass of ${model} at ${report.received.toISOString()}`);
      const { waited, until, from } = pass;
      const served = own
        .filter((entry) => isIn(entry, pass))
        .reduce((sum, { answered, received }) => sum + (answered.getTime() - received.getTime()), 0);
      return [{ model, phase, milliseconds: Math.max(0, waited + until - from - served), waited, served }];
    });
  });
}

/** The passes that a log at the level debug tells of. */
function readPasses(log: string): Pass[] {
  return log
    .split('\n')
    .filter((line) => line.includes('"the pass is over"'))
    .map((line) => {
      const { time, name, seconds, waitedSeconds } = JSON.parse(line) as {
        readonly time: string;
        readonly name: string;
        readonly seconds: number;
        readonly waitedSeconds: number;
      };
      const until = Date.parse(time);
      return { model: name, until, from: until - seconds * 1000, waited: waitedSeconds * 1000 };
    });
}

function isIn({ received }: AuditEntry, { from, until }: Pass): boolean {
  return received.getTime() >= from - ROUNDING_MS && received.getTime() <= until + ROUNDING_MS;
}

function isOf(model: string, { name = '' }: AuditEntry): boolean {
  return name === model || name.startsWith(`${model}-`);
}
