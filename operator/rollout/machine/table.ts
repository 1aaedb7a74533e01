import type { RolloutPhase } from '../../api/index.ts';
import type { ActionName } from './actions.ts';
import type { EventName } from './types.ts';

/** What an event does in a phase: a transition, or nothing, and why. */
export type Cell = { readonly to: RolloutPhase; readonly action: ActionName } | { readonly stays: string };

/** One row of the transition table. */
export interface Row {
  readonly event: EventName;
  /** What has happened, for people. */
  readonly when: string;
  readonly cells: Readonly<Record<RolloutPhase, Cell>>;
}

const go = (to: RolloutPhase, action: ActionName): Cell => ({ to, action });
const stay = (why: string): Cell => ({ stays: why });

/** The phases before users’ traffic reaches the candidate. */
export const BEFORE_SWITCH = ['Waiting', 'Scheduling', 'Loading', 'Proving', 'AwaitingPromotion'] as const;

export function isBeforeSwitch(phase: RolloutPhase): boolean {
  return (BEFORE_SWITCH as readonly RolloutPhase[]).includes(phase);
}

interface Columns {
  readonly Idle: Cell;
  /** For all phases before the switch that have no cell of their own. */
  readonly before: Cell;
  readonly Switching: Cell;
  readonly Watching: Cell;
  readonly RollingBack: Cell;
  readonly Aborting: Cell;
  readonly Held: Cell;
}

function row(
  event: EventName,
  when: string,
  columns: Columns & Partial<Record<(typeof BEFORE_SWITCH)[number], Cell>>,
): Row {
  const { before, ...own } = columns;
  return {
    event,
    when,
    cells: { Waiting: before, Scheduling: before, Loading: before, Proving: before, AwaitingPromotion: before, ...own },
  };
}

const FINISHING = stay('what is under way is finished first; the event is looked at again then');
const NO_CANDIDATE = stay('there is no candidate');
const NOT_YET = stay('it cannot happen in this phase');

/** A row for an event of one phase alone. */
const only = (event: EventName, when: string, cells: Partial<Record<RolloutPhase, Cell>>): Row =>
  row(event, when, {
    Idle: NOT_YET,
    before: NOT_YET,
    Switching: NOT_YET,
    Watching: NOT_YET,
    RollingBack: NOT_YET,
    Aborting: NOT_YET,
    Held: NOT_YET,
    ...cells,
  });

/**
 * Phase x event: what happens. Rows are in the order in which they are looked for; of several events at once the first
 * that does something is taken, and the next one is looked for in the phase that it leads to.
 */
export const TABLE: readonly Row[] = [
  row('SpecWantsServing', 'the spec asks for what serves, or is refused', {
    Idle: stay('that is rest'),
    before: go('Idle', 'drop'),
    Switching: stay('what serves is what was switched to'),
    Watching: stay('what serves is what is watched'),
    RollingBack: FINISHING,
    Aborting: FINISHING,
    Held: go('Idle', 'drop'),
  }),
  row('SpecWantsPrevious', 'the spec asks for the version before, which is still there', {
    Idle: go('RollingBack', 'rollBack'),
    before: go('Idle', 'drop'),
    Switching: go('RollingBack', 'rollBack'),
    Watching: go('RollingBack', 'rollBack'),
    RollingBack: FINISHING,
    Aborting: FINISHING,
    Held: go('RollingBack', 'rollBack'),
  }),
  row('SpecWantsOther', 'the spec asks for a revision that neither serves nor is on its way', {
    Idle: go('Waiting', 'begin'),
    before: go('Waiting', 'begin'),
    Switching: FINISHING,
    Watching: go('Waiting', 'begin'),
    RollingBack: go('Waiting', 'begin'),
    Aborting: FINISHING,
    Held: go('Waiting', 'begin'),
  }),
  row('OrderAbort', 'abort is ordered', {
    Idle: NO_CANDIDATE,
    before: go('Aborting', 'abort'),
    Switching: go('RollingBack', 'rollBackByOrder'),
    Watching: go('RollingBack', 'rollBackByOrder'),
    RollingBack: go('Idle', 'leaveRollback'),
    Aborting: stay('it is dropped already'),
    Held: stay('it was taken back already'),
  }),
  row('OrderRollback', 'a rollback is ordered', {
    Idle: go('RollingBack', 'rollBackByOrder'),
    before: go('Aborting', 'abort'),
    Switching: go('RollingBack', 'rollBackByOrder'),
    Watching: go('RollingBack', 'rollBackByOrder'),
    RollingBack: stay('a rollback is under way'),
    Aborting: FINISHING,
    Held: go('RollingBack', 'rollBackByOrder'),
  }),
  row('OrderPromote', 'promote is ordered', {
    Idle: NO_CANDIDATE,
    before: stay('it is promoted already'),
    Waiting: go('Waiting', 'promote'),
    Scheduling: go('Scheduling', 'promote'),
    Loading: go('Loading', 'promote'),
    Proving: go('Proving', 'promote'),
    AwaitingPromotion: go('AwaitingPromotion', 'promote'),
    Switching: stay('it has the traffic already'),
    Watching: stay('it has the traffic already'),
    RollingBack: stay('it is taken back'),
    Aborting: stay('it is dropped'),
    Held: stay('it was taken back: order retry'),
  }),
  only('OrderRetry', 'retry is ordered', { Held: go('Waiting', 'retry') }),
  row('OrderRelease', 'release is ordered', {
    Idle: go('Idle', 'release'),
    before: stay('it is released already'),
    Waiting: go('Waiting', 'release'),
    Scheduling: go('Scheduling', 'release'),
    Loading: go('Loading', 'release'),
    Proving: go('Proving', 'release'),
    AwaitingPromotion: go('AwaitingPromotion', 'release'),
    Switching: stay('the old version is needed'),
    Watching: stay('the old version is needed'),
    RollingBack: stay('the old version is needed'),
    Aborting: go('Aborting', 'release'),
    Held: go('Held', 'release'),
  }),
  row('ScaledToZero', 'replicas is 0', {
    Idle: stay('everything goes to 0'),
    before: go('Waiting', 'yieldCapacity'),
    Waiting: stay('it waits until replicas is above 0'),
    Switching: FINISHING,
    Watching: go('Idle', 'acceptUnproven'),
    RollingBack: FINISHING,
    Aborting: FINISHING,
    Held: stay('everything goes to 0'),
  }),
  row('Failed', 'a proof or a gate fails, engines die, or a deadline passes', {
    Idle: NO_CANDIDATE,
    before: go('Aborting', 'fail'),
    Waiting: stay('nothing of it runs'),
    Switching: go('RollingBack', 'failAndRollBack'),
    Watching: go('RollingBack', 'failAndRollBack'),
    RollingBack: go('Idle', 'giveUpRollback'),
    Aborting: stay('it is dropped already'),
    Held: stay('it was taken back already'),
  }),
  row('TargetLost', 'too few pods of what has the traffic, and is not proven yet, are ready, and the old version is', {
    Idle: stay('repair'),
    before: go('RollingBack', 'failAndRollBack'),
    Switching: go('RollingBack', 'failAndRollBack'),
    Watching: go('RollingBack', 'failAndRollBack'),
    RollingBack: FINISHING,
    Aborting: FINISHING,
    Held: go('RollingBack', 'failAndRollBack'),
  }),
  row('CapacityLost', 'what serves needs the GPUs of the candidate, or its queues grow during a handover', {
    Idle: NO_CANDIDATE,
    before: go('Waiting', 'yieldCapacity'),
    Waiting: stay('the candidate holds none'),
    Switching: FINISHING,
    Watching: stay('the old version gives its GPUs'),
    RollingBack: FINISHING,
    Aborting: FINISHING,
    Held: NO_CANDIDATE,
  }),
  only('Missed', 'the scheduler has not placed the candidate in time', {
    Scheduling: go('Waiting', 'miss'),
    Loading: go('Waiting', 'miss'),
  }),
  only('Admitted', 'a way is open', { Waiting: go('Scheduling', 'admit') }),
  only('Placed', 'every wanted pod has its node', { Scheduling: go('Loading', 'advance') }),
  only('Displaced', 'pods of the candidate that the switch needs have lost their node and find no other', {
    Proving: go('Loading', 'advance'),
    AwaitingPromotion: go('Loading', 'advance'),
  }),
  only('Loaded', 'the pods that are to be proven are available', { Loading: go('Proving', 'advance') }),
  only('Proved', 'the proof does not speak against it', { Proving: go('Loading', 'recordProof') }),
  only('Grown', 'proven, and as many pods are available as the switch needs', {
    Loading: go('AwaitingPromotion', 'advance'),
  }),
  only('StepOver', 'the pause of a canary step is over', { Proving: go('AwaitingPromotion', 'endCanaryStep') }),
  only('StepReady', 'the next step of the canary may begin', { AwaitingPromotion: go('Proving', 'nextCanaryStep') }),
  only('Ready', 'nothing is in the way of the traffic', {
    AwaitingPromotion: go('Switching', 'moveTraffic'),
    RollingBack: go('RollingBack', 'moveTrafficBack'),
  }),
  only('Confirmed', 'the EndpointSlices and the nodes have followed', { Switching: go('Watching', 'advance') }),
  only('Unwatched', 'what serves was switched to, and its watch never ended', { Idle: go('Watching', 'advance') }),
  only('WatchPassed', 'real traffic has proven it', { Watching: go('Idle', 'acceptProven') }),
  only('WatchUnproven', 'the watch is over without enough traffic', { Watching: go('Idle', 'acceptUnproven') }),
  only('RollbackDone', 'the bad version has drained', { RollingBack: go('Held', 'finishRollback') }),
  only('Dropped', 'the pods of the candidate are gone', { Aborting: go('Held', 'finishAbort') }),
];

/** The cell of an event in a phase. */
export function cellOf(phase: RolloutPhase, event: EventName): Cell {
  const found = TABLE.find((candidate) => candidate.event === event);
  return found === undefined ? NOT_YET : found.cells[phase];
}
