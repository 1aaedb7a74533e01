import { type DeepSeekDeploymentSpec, type GateSpec, type RolloutSpec, rolloutSpec } from '../api/index.ts';
import { durationMs } from '../api/durations.ts';
import { proofSpec } from '../api/proof.ts';

type Handover = NonNullable<RolloutSpec['handover']>;
type Watch = NonNullable<RolloutSpec['watch']>;
export type ProofSettings = NonNullable<RolloutSpec['proof']>;
export type CanaryStep = NonNullable<RolloutSpec['canary']>['steps'][number];
export type MaintenanceWindow = NonNullable<RolloutSpec['maintenanceWindows']>[number];

/** How versions are switched, with every default filled in and every duration in milliseconds. */
export interface RolloutSettings {
  readonly strategy: RolloutSpec['strategy'];
  readonly ways: RolloutSpec['whenCapacityIsShort'];
  readonly provisionTimeoutMs: number;
  readonly schedulingDeadlineMs: number;
  readonly handover: Handover;
  readonly promotion: RolloutSpec['promotion'];
  readonly canary: RolloutSpec['canary'];
  readonly proof: ProofSettings;
  readonly gates: readonly GateSpec[];
  readonly watch: { readonly durationMs: number; readonly minRequests?: number; readonly onNoData: Watch['onNoData'] };
  /** Absent: from the startup budget of the revision. */
  readonly progressDeadlineMs?: number;
  readonly rollbackWindowMs: number;
  readonly warmReplicasPercent: number;
  readonly maintenanceWindows: readonly MaintenanceWindow[];
  readonly paused: boolean;
  /** How long engines may take to finish what runs after the traffic has left them. */
  readonly drainDeadlineMs: number;
  /** The same for a version that was taken back. */
  readonly rollbackDrainMs: number;
}

const DEFAULT_WATCH = { duration: '10m', onNoData: 'AcceptUnproven' } as const;
const DEFAULT_HANDOVER = { minAvailablePercent: 50, mixedVersions: false } as const;
const DEFAULT_DRAIN_DEADLINE = '330s';
const DEFAULT_ROLLBACK_DRAIN = '60s';

/** The settings of a spec as it is on the wire: the API server fills in the defaults of those blocks alone that are there. */
export function rolloutSettings({ rollout: given, termination }: DeepSeekDeploymentSpec): RolloutSettings {
  const rollout = rolloutSpec.parse(given ?? {}) as RolloutSpec;
  const { proof, watch = DEFAULT_WATCH, handover = DEFAULT_HANDOVER, progressDeadline } = rollout;
  return {
    strategy: rollout.strategy,
    ways: rollout.whenCapacityIsShort,
    provisionTimeoutMs: durationMs(rollout.provisionTimeout),
    schedulingDeadlineMs: durationMs(rollout.schedulingDeadline),
    handover,
    promotion: rollout.promotion,
    canary: rollout.canary,
    proof: proof ?? proofSpec.parse({}),
    gates: rollout.gates ?? [],
    watch: {
      durationMs: durationMs(watch.duration),
      ...('minRequests' in watch && { minRequests: watch.minRequests }),
      onNoData: watch.onNoData,
    },
    ...(progressDeadline !== undefined && { progressDeadlineMs: durationMs(progressDeadline) }),
    rollbackWindowMs: durationMs(rollout.rollbackWindow),
    warmReplicasPercent: rollout.warmReplicasPercent,
    maintenanceWindows: rollout.maintenanceWindows ?? [],
    paused: rollout.paused,
    drainDeadlineMs: durationMs(termination?.drainDeadline ?? DEFAULT_DRAIN_DEADLINE),
    rollbackDrainMs: durationMs(termination?.rollbackDrain ?? DEFAULT_ROLLBACK_DRAIN),
  };
}
