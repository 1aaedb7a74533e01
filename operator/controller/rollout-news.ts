import type { RolloutNews } from '../telemetry/rollout-metrics.ts';
import type { Status } from './decide/judgement.ts';

/** Stands for the way of an attempt that has taken none. */
const NO_WAY = 'None';
const AT_REST: readonly string[] = ['Idle', 'Held'];

type History = NonNullable<Status['history']>[number];

/**
 * What a pass has changed of a rollout: the difference between the status before it and the one that was written. What a
 * refused or repeated pass meant to do is in neither, so that nothing is counted that has not happened, and nothing twice.
 */
export function rolloutNews(before: Status | undefined, after: Status): RolloutNews {
  const was = before?.rollout;
  const is = after.rollout;
  const way = was?.way ?? is?.way ?? NO_WAY;
  const finished = (after.history ?? []).filter(
    (entry) => entry.finishedAt !== undefined && !before?.history?.some((known) => isSame(known, entry)),
  );
  const moved = was !== undefined && is !== undefined && (was.phase !== is.phase || was.attempt !== is.attempt);
  const seconds = moved ? secondsBetween(was.startedAt, is.startedAt) : undefined;
  return {
    ended: finished.map(({ outcome, startedAt, finishedAt }) => {
      const lasted = secondsBetween(startedAt, finishedAt);
      return { outcome, way, ...(lasted !== undefined && { seconds: lasted }) };
    }),
    ...(moved && seconds !== undefined && !AT_REST.includes(was.phase) && { left: { phase: was.phase, way, seconds } }),
    verdicts: newVerdicts(was, is).map(({ stage, verdict }) => ({ stage, verdict })),
  };
}

function isSame(a: History, b: History): boolean {
  return a.revision === b.revision && a.startedAt === b.startedAt && a.finishedAt === b.finishedAt;
}

/** Verdicts of an attempt are added to those before them. */
function newVerdicts(was: Status['rollout'], is: Status['rollout']) {
  const told = was?.attempt === is?.attempt ? (was?.verdicts ?? []) : [];
  return (is?.verdicts ?? []).slice(told.length);
}

function secondsBetween(from: string | undefined, to: string | undefined): number | undefined {
  const seconds = (Date.parse(to ?? '') - Date.parse(from ?? '')) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
