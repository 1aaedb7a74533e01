import type { RolloutWay } from '../../../operator/api/index.ts';
import { durationSeconds } from '../../../operator/api/durations.ts';
import { proofLimitMs } from '../../../operator/rollout/proof-limits.ts';
import type { ProofSettings, RolloutSettings } from '../../../operator/rollout/settings.ts';
import { minimumReplicas } from './way.ts';

/** One stage of a rollout, in seconds. */
export interface Stage {
  readonly what: string;
  /** As it usually goes; absent: nobody can say (a person, a window). */
  readonly expectedSeconds?: number;
  /** When the operator gives up or goes on; absent: no limit, or the same as expected. */
  readonly limitSeconds?: number;
  /** How the time comes about, or what is waited for. */
  readonly note?: string;
  /** It is the model that loads. */
  readonly loading?: true;
}

/** How long one start takes, in seconds. */
export interface StartupTime {
  /** Absent: only the budget is known. */
  readonly expectedSeconds?: number;
  readonly budgetSeconds: number;
}

/** Time that nodes get to follow a switch, seconds. */
const SWITCH_SECONDS = 15;
/** Longest that everything but loading should take: beyond it a rollout is hard to stay awake for. */
export const LONG_SECONDS = 15 * 60;

/** The stages of a rollout from the order until the last of it is over, in their order. */
export function timelineOf(
  way: RolloutWay,
  settings: RolloutSettings,
  replicas: number,
  startup: StartupTime,
  expectedBuySeconds: number | undefined,
): Stage[] {
  const minimum = minimumReplicas(settings, replicas);
  const seconds = (ms: number) => Math.round(ms / 1000);
  const gpus: Record<RolloutWay, Stage> = {
    Full: { what: 'Scheduling', expectedSeconds: 0, limitSeconds: seconds(settings.schedulingDeadlineMs) },
    Provision: {
      what: 'Nodes are bought',
      ...(expectedBuySeconds !== undefined && { expectedSeconds: expectedBuySeconds }),
      limitSeconds: seconds(settings.provisionTimeoutMs),
    },
    Handover: {
      what: 'GPUs are freed',
      expectedSeconds: 0,
      limitSeconds: seconds(settings.schedulingDeadlineMs + settings.drainDeadlineMs),
      note: `${minimum === 1 ? '' : `for each of ${minimum} replicas: `}what runs on the old one is finished first`,
    },
    Recreate: {
      what: 'Old version stops',
      expectedSeconds: 0,
      limitSeconds: seconds(settings.schedulingDeadlineMs + settings.drainDeadlineMs),
      note: 'nothing answers from here until the switch',
    },
    Wait: { what: 'Waiting for GPUs', note: 'nothing is touched until there are enough' },
  };
  const loads = way === 'Handover' ? minimum : 1;
  const { canary } = settings;
  const manualSteps = canary?.steps.filter(({ pause }) => pause === undefined).length ?? 0;
  const pauses = (canary?.steps ?? []).reduce((sum, { pause }) => sum + (pause ? durationSeconds(pause) : 0), 0);
  const proof = proofSeconds(settings.proof, way === 'Handover' ? 1 : replicas);
  return [
    gpus[way],
    {
      what: 'Loading',
      loading: true,
      ...(startup.expectedSeconds !== undefined && { expectedSeconds: startup.expectedSeconds * loads }),
      limitSeconds:
        settings.progressDeadlineMs === undefined
          ? startup.budgetSeconds * loads
          : seconds(settings.progressDeadlineMs * loads),
      ...(loads > 1 && { note: `${loads} replicas, one after the other` }),
    },
    ...(proof.limitSeconds === 0 ? [] : [{ what: 'Proof', ...proof }]),
    ...(settings.promotion === 'Manual' ? [{ what: 'Promotion', note: 'waits for `kubectl deepseek promote`' }] : []),
    ...(settings.maintenanceWindows.length > 0
      ? [
          {
            what: 'Window',
            note: `opens ${settings.maintenanceWindows.map(({ schedule, timeZone = 'UTC' }) => `${schedule} (${timeZone})`).join(', ')}`,
          },
        ]
      : []),
    ...(canary
      ? [
          {
            what: 'Canary',
            expectedSeconds: pauses,
            note: `${canary.steps.length} steps${manualSteps > 0 ? `, ${manualSteps} of which wait for \`kubectl deepseek promote\`` : ''}`,
          },
        ]
      : []),
    { what: 'Switch', expectedSeconds: SWITCH_SECONDS },
    ...(settings.watch.durationMs > 0 ? [{ what: 'Watch', expectedSeconds: seconds(settings.watch.durationMs) }] : []),
    ...drainOf(way, settings),
  ];
}

/** The old set stops after the watch where nothing of it is kept; while it is kept, its requests end meanwhile. */
function drainOf(way: RolloutWay, settings: RolloutSettings): Stage[] {
  const kept = settings.rollbackWindowMs > 0 && settings.warmReplicasPercent > 0;
  if (way === 'Recreate' || (kept && way !== 'Handover')) return [];
  const limit = Math.max(0, settings.drainDeadlineMs - settings.watch.durationMs) / 1000;
  return limit === 0 ? [] : [{ what: 'Old version drains', expectedSeconds: 0, limitSeconds: Math.round(limit) }];
}

/** How long the proof takes: an engine that answers as it should needs less than half of what it may take. */
export function proofSeconds(
  proof: ProofSettings,
  replicas: number,
): { readonly expectedSeconds: number; readonly limitSeconds: number } {
  const { warmUpRequests, smokeTests = [], pairedRequests } = proof;
  const off = warmUpRequests === 0 && smokeTests.length === 0 && pairedRequests === 0;
  const limitMs = off ? 0 : proofLimitMs(proof, replicas);
  return { expectedSeconds: Math.round(limitMs / 2000), limitSeconds: Math.round(limitMs / 1000) };
}

/** Seconds of everything but loading, as it usually goes; what waits for a person or a window is not in it. */
export function secondsBesideLoading(stages: readonly Stage[]): number {
  return stages
    .filter(({ loading }) => loading !== true)
    .reduce((sum, { expectedSeconds = 0 }) => sum + expectedSeconds, 0);
}
