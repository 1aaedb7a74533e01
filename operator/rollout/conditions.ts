import type { Reason, RolloutPhase } from '../api/index.ts';

/** Which conditions hold in a phase of a rollout. */
export interface PhaseConditions {
  /** Status of Ready. */
  readonly ready: 'True' | 'False';
  /** Reasons of Ready in this phase, the usual one first. */
  readonly reasons: readonly Reason[];
  /** Which of the two is True: work goes on, or a person is needed; undefined: neither. */
  readonly holds: 'Reconciling' | 'Stalled' | undefined;
  /** Whether CandidateHealthy is there. */
  readonly candidate: boolean;
  /** For people: when it is another one. */
  readonly but?: string;
}

const moving = (...reasons: readonly Reason[]): PhaseConditions => ({
  ...{ ready: 'False', reasons, holds: 'Reconciling', candidate: true },
});

const FAILING = 'the reason of the failure, once there is one: `ImagePullFailed`, `InsufficientGPUs`, …';

/**
 * Which condition holds in which phase, while what serves is at its size. Available is about what serves alone, in
 * every phase: that one pages people. Waiting for GPUs, a person or a window is work that goes on; a version that was
 * taken back needs a person.
 */
export const PHASE_CONDITIONS: Readonly<Record<RolloutPhase, PhaseConditions>> = {
  Idle: { ready: 'True', reasons: ['Available'], holds: undefined, candidate: false },
  Waiting: {
    ...moving('WaitingForCapacity', 'AcceleratorNotFound'),
    but: '`ScaledToZero`, and Ready is True, while replicas is 0',
  },
  Scheduling: { ...moving('Loading'), but: FAILING },
  Loading: { ...moving('Loading'), but: `${FAILING}; Stalled, if waiting cannot cure it` },
  Proving: moving('Proving'),
  AwaitingPromotion: moving('AwaitingPromotion', 'AwaitingWindow', 'Switching'),
  Switching: { ...moving('Switching'), candidate: false },
  Watching: { ...moving('Watching'), candidate: false },
  RollingBack: moving('RollingBack'),
  Aborting: moving('Aborting'),
  Held: {
    ...{
      ready: 'False',
      reasons: ['Held', 'ProofFailed', 'GateFailed', 'CrashLoop'],
      holds: 'Stalled',
      candidate: true,
    },
    but: 'whatever the version was taken back for',
  },
};
