import type { RolloutWay } from '../../../operator/api/index.ts';
import type { CapacityReading } from '../../../operator/rollout/capacity/types.ts';
import { chooseWay, type WayChoice } from '../../../operator/rollout/machine/ways.ts';
import type { RolloutSettings } from '../../../operator/rollout/settings.ts';

/** What the choice depends on beside the settings. */
export interface Situation {
  readonly reading: CapacityReading;
  readonly replicas: number;
  readonly servingReplicas: number;
  readonly warmReplicas: number;
  /** A gateway can split the traffic between both versions. */
  readonly hasGateway: boolean;
}

/** The operator's own choice of the way, for a rollout that begins now. What its users ask of it at the time is not known here. */
export function wayNow(settings: RolloutSettings, { hasGateway, ...situation }: Situation): WayChoice {
  const ways: RolloutWay[] = ['Full', ...settings.ways];
  const mixed = settings.handover.mixedVersions && settings.strategy === 'BlueGreen' && hasGateway;
  return chooseWay({
    ...situation,
    minimum: mixed ? Math.max(1, situation.replicas - 1) : minimumReplicas(settings, situation.replicas),
    mixed: mixed && situation.replicas > 2,
    strategy: settings.strategy,
    ways,
  });
}

/** Fewest replicas that serve during a handover. */
export function minimumReplicas({ handover }: RolloutSettings, replicas: number): number {
  return Math.max(1, Math.ceil((replicas * handover.minAvailablePercent) / 100));
}
