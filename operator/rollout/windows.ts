import { Cron } from 'croner';
import { durationMs } from '../api/durations.ts';
import type { MaintenanceWindow } from './settings.ts';

/** Whether traffic may be switched now. */
export interface WindowState {
  readonly open: boolean;
  /**
   * When to look again, in milliseconds since the epoch: nothing changes before. It is the instant at which windows open or
   * close, unless more than {@link MAX_JOINED} openings follow each other without a gap: then it lies inside, and a look at
   * that instant goes on from there. Absent: it never changes.
   */
  readonly changesAt?: number;
  /** One sentence for each window that cannot be understood; such a window never opens. */
  readonly problems?: readonly string[];
}

/** Openings without a gap between them that one look follows. */
export const MAX_JOINED = 32;

interface Opening {
  /** The end of the opening that covers `instant`; undefined when none does. */
  coveredUntil(instant: number): number | undefined;
  /** The first opening after `instant`; undefined when there is none, as with February 30th. */
  opensAfter(instant: number): number | undefined;
}

/**
 * Whether one of `windows` is open at `now` (milliseconds since the epoch), and until when. No windows: always open. A
 * window opens at each time of its schedule in its zone and stays open for its duration, which is elapsed time. When
 * the clock is put forward over an opening, it opens at the first minute after; when the clock is put back, an opening
 * at a fixed hour happens once, the first time. Day of month and day of week, when both are given, mean either, as in
 * cron(5).
 *
 * Never throws. The schema checks the form of a schedule and of a zone, but only here it turns out whether this runtime
 * knows the zone: a window that cannot be understood stays shut, and `problems` says so.
 */
export function windowState(windows: readonly MaintenanceWindow[], now: number): WindowState {
  if (windows.length === 0) return { open: true };
  const problems: string[] = [];
  const openings = windows.flatMap((window) => {
    const opening = read(window, now);
    if (typeof opening !== 'string') return [opening];
    problems.push(opening);
    return [];
  });
  const state = stateOf(openings, now);
  return problems.length === 0 ? state : { ...state, problems };
}

function stateOf(openings: readonly Opening[], now: number): WindowState {
  let until = latestEnd(openings, now);
  if (until === undefined) {
    const next = openings.flatMap((opening) => opening.opensAfter(now) ?? []);
    return next.length === 0 ? { open: false } : { open: false, changesAt: Math.min(...next) };
  }
  for (let joined = 0; joined < MAX_JOINED; joined++) {
    const later = latestEnd(openings, until);
    if (later === undefined) break;
    until = later;
  }
  return { open: true, changesAt: until };
}

function latestEnd(openings: readonly Opening[], instant: number): number | undefined {
  const ends = openings.flatMap((opening) => opening.coveredUntil(instant) ?? []);
  return ends.length === 0 ? undefined : Math.max(...ends);
}

/** The openings of a window, or what is wrong with it. */
function read({ schedule, duration, timeZone = 'UTC' }: MaintenanceWindow, now: number): Opening | string {
  try {
    // Without a function nothing is scheduled: this computes and has no timer.
    const cron = new Cron(schedule, { timezone: timeZone, mode: '5-part' });
    const length = durationMs(duration);
    cron.nextRun(new Date(now)); // The zone is looked up at the first use.
    return {
      coveredUntil: (instant) => {
        // Strictly before the next second is at or before this one: openings are on whole minutes.
        const opened = cron.previousRuns(1, new Date((Math.floor(instant / 1000) + 1) * 1000))[0]?.getTime();
        return opened !== undefined && instant < opened + length ? opened + length : undefined;
      },
      opensAfter: (instant) => (length === 0 ? undefined : cron.nextRun(new Date(instant))?.getTime()),
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `The maintenance window "${schedule}" (${duration}, ${timeZone}) never opens: ${why}`;
  }
}
