import type { ReasonEntry } from './entry.ts';

/** Why a version was not let through, or was taken back. */
export const VERDICTS = {
  ProofFailed: {
    on: ['CandidateHealthy', 'Ready', 'Stalled'],
    meaning:
      'The candidate did not pass its proof: warm-up, smoke tests, or paired prompts. No user’s request reached it.',
    fix: 'See the numbers in the message; change the version, rollout.proof or rollout.gates, or order `kubectl deepseek retry`.',
  },
  GateFailed: {
    on: ['CandidateHealthy', 'Ready', 'Stalled'],
    meaning: 'The version broke a gate on users’ traffic and was taken back.',
    fix: 'See the numbers in the message; change the version or rollout.gates, or order `kubectl deepseek retry`.',
  },
  NotEnoughTraffic: {
    on: ['CandidateHealthy', 'Ready', 'Stalled'],
    meaning: 'There were too few requests to judge the version, and rollout.watch.onNoData is Rollback.',
    fix: 'Try again when there is traffic, lower rollout.watch.minRequests, or set onNoData: AcceptUnproven.',
  },
  LostReadiness: {
    on: ['CandidateHealthy', 'Ready', 'Stalled'],
    meaning: 'After the switch too few pods of the version were ready, while the old version was: it was taken back.',
    fix: 'See what happened to its pods in the message and in their logs.',
  },
  RouteNotTaken: {
    on: ['CandidateHealthy', 'Ready', 'Stalled'],
    meaning: 'The gateway did not take the HTTPRoute with the weights of the canary.',
    fix: 'See the gateway’s words in the message; check traffic.gateway.parentRefs and the gateway’s listeners.',
  },
} as const satisfies Record<string, ReasonEntry>;
