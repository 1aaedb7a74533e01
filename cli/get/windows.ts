import type { DeepSeekDeploymentStatus, RolloutPhase } from '../../operator/api/index.ts';

/** A span of time that ends, and what happens then. */
export interface TimeWindow {
  readonly name: 'deadline' | 'watch' | 'retry' | 'rollback' | 'pause';
  /** RFC 3339. Of a pause: when it began. */
  readonly at: string;
  /** What it is: `the watch ends`. */
  readonly what: string;
}

/** What the deadline of a phase means. */
const DEADLINES: Readonly<Partial<Record<RolloutPhase, string>>> = {
  Waiting: 'it is looked at again',
  Scheduling: 'the scheduler has to have placed the pods',
  Loading: 'the pods have to be ready',
  Proving: 'the proof has to be over',
  Switching: 'the switch is over',
  Watching: 'the watch ends',
  RollingBack: 'the rollback is over',
  Aborting: 'the pods are gone',
};

/** The windows that run now: the phase's deadline, the watch, the next look at capacity, the rollback, a pause. */
export function windowsOf({ rollout, rollback }: Pick<DeepSeekDeploymentStatus, 'rollout' | 'rollback'>): TimeWindow[] {
  const { phase = 'Idle', deadline, retryAt, pausedAt, step } = rollout ?? {};
  const what = phase === 'Proving' && step !== undefined ? 'the pause of the step is over' : DEADLINES[phase];
  return [
    ...(pausedAt === undefined
      ? []
      : [{ name: 'pause', at: pausedAt, what: 'paused: deadlines stand still' } as const]),
    ...(deadline === undefined || what === undefined
      ? []
      : [{ name: phase === 'Watching' ? 'watch' : 'deadline', at: deadline, what } as const]),
    ...(retryAt === undefined ? [] : [{ name: 'retry', at: retryAt, what: 'GPUs are counted again' } as const]),
    ...(rollback?.until === undefined
      ? []
      : [{ name: 'rollback', at: rollback.until, what: 'no warm rollback from then on' } as const]),
  ];
}

/** `12m left` or `over`; seconds until `at`, from `now` in milliseconds since the epoch. */
export function secondsLeft(at: string, now: number): number {
  return (Date.parse(at) - now) / 1000;
}
