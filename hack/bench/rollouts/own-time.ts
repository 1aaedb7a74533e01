import { type AuditEntry, WRITE_VERBS } from '../../cluster/index.ts';
import { covered, type Interval } from './intervals.ts';
import { type Turn, turnsOf } from './turns.ts';

/** What an operator itself took for the pass that changed the phase of a rollout. */
export interface OwnTime {
  readonly model: string;
  /** The phase that it was changed to. */
  readonly phase: string;
  /** From the moment at which the key was due until the end of the pass, but for `served` and `queued`. */
  readonly milliseconds: number;
  /** Of it the wait for a worker. */
  readonly waited: number;
  /** Not of it: while the server had a request of the pass. */
  readonly served: number;
  /** Not of it: while others had their turns to count GPUs, before its own. */
  readonly queued: number;
  /**
   * From the server's answer to what somebody else wrote last before the key was due, which no earlier pass has seen, until the key was
   * due: what watch, event loop and cache take. Absent: the audit log has no such write, as where time was the cause.
   */
  readonly noticed?: number;
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
interface Pass extends Interval {
  readonly model: string;
  readonly waited: number;
}

/** A status write that changed the phase. */
interface Report {
  readonly model: string;
  readonly phase: string;
  readonly entry: AuditEntry;
}

/** Times in the log and in the audit log have milliseconds, and a line is logged a moment after the pass. */
const ROUNDING_MS = 2;
/** What is written at the end of a turn in which GPUs were counted. */
const COUNTED: readonly string[] = ['Waiting', 'Scheduling'];
/** What somebody else's write makes the operator look again. */
const SEEN: readonly string[] = ['deepseekdeployments', 'deployments', 'pods', 'services', 'endpointslices'];

/** For each status write that changes the phase, what the operator itself took for the pass that made it. */
export function ownTimes(rollouts: Rollouts): OwnTime[] {
  const { entries, operator, log } = rollouts;
  const passes = readPasses(log);
  const reports = [...rollouts.phases].flatMap(([model, states]) => reportsOf(model, states, rollouts));
  const counted = reports.filter(({ phase }) => COUNTED.includes(phase)).map(({ entry }) => entry);
  const turns = turnsOf(entries, operator, counted);
  return reports.map((report): OwnTime => {
    const { model, phase, entry } = report;
    const pass = passes.find((each) => each.model === model && isIn(entry, each));
    if (pass === undefined) throw new Error(`the log has no pass of ${model} at ${entry.received.toISOString()}`);
    const own = turns.find((turn) => turn.report === entry);
    const requests = entries.filter((each) => each.user === operator && isIn(each, pass) && isOf(model, each));
    const serving = [...requests, ...(own?.count ?? [])].map(span);
    const queue = own === undefined ? [] : queueOf(own, turns);
    const { from, until, waited } = pass;
    const noticed = noticedAfter(pass, passes, rollouts);
    const milliseconds = waited + until - from - covered([...serving, ...queue], pass);
    const [served, queued] = [covered(serving, pass), covered(queue, pass)];
    return { model, phase, milliseconds, waited, served, queued, ...(noticed !== undefined && { noticed }) };
  });
}

function reportsOf(model: string, states: readonly string[], { entries, operator }: Rollouts): Report[] {
  const reports = entries.filter(
    ({ user, resource, subresource, code, name }) =>
      user === operator &&
      resource === 'deepseekdeployments' &&
      subresource === 'status' &&
      name === model &&
      code < 300,
  );
  if (reports.length !== states.length)
    throw new Error(
      `${model} had ${states.length} states, but the audit log has ${reports.length} writes of its status`,
    );
  return reports.flatMap((entry, index) => {
    const phase = states[index] ?? '';
    return phase === states[index - 1] ? [] : [{ model, phase, entry }];
  });
}

/** When others had their turns, before this one. */
function queueOf(own: Turn, turns: readonly Turn[]): Interval[] {
  return turns
    .filter((turn) => turn !== own && turn.from < own.from)
    .map(({ from, until }) => ({ from, until: Math.min(until, own.from) }));
}

/** See `OwnTime.noticed`. */
function noticedAfter(
  { model, from, waited }: Pass,
  passes: readonly Pass[],
  { entries, operator }: Rollouts,
): number | undefined {
  const due = from - waited;
  const before = Math.max(
    ...passes.filter((each) => each.model === model && each.from < from).map((each) => each.from),
  );
  const causes = entries.filter(
    ({ user, verb, resource = '', code, received, answered, ...entry }) =>
      user !== operator &&
      WRITE_VERBS.includes(verb) &&
      SEEN.includes(resource) &&
      code < 300 &&
      isOf(model, { name: entry.name }) &&
      received.getTime() > before &&
      answered.getTime() <= due + ROUNDING_MS,
  );
  return causes.length === 0 ? undefined : due - Math.max(...causes.map(({ answered }) => answered.getTime()));
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

function isIn({ received }: AuditEntry, { from, until }: Interval): boolean {
  return received.getTime() >= from - ROUNDING_MS && received.getTime() <= until + ROUNDING_MS;
}

/** Events are written when there is time for them, by no pass. */
function isOf(
  model: string,
  { name = '', resource }: { readonly name?: string | undefined; readonly resource?: string },
): boolean {
  return resource !== 'events' && (name === model || name.startsWith(`${model}-`));
}

const span = ({ received, answered }: AuditEntry): Interval => ({
  from: received.getTime(),
  until: answered.getTime(),
});
