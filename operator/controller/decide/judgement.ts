import type { DeepSeekDeployment, Reason } from '../../api/index.ts';
import type { Failure } from '../../rollout/failures/index.ts';
import type { ReplicaSetState, RolloutStep } from '../../rollout/next.ts';
import type { RolloutSettings } from '../../rollout/settings.ts';
import type { Revision, RevisionData } from '../../rollout/revision.ts';
import type { Traffic } from '../../rollout/traffic.ts';
import type { WindowState } from '../../rollout/windows.ts';
import type { Capacity } from './capacity.ts';
import type { ClaimWish } from './claims.ts';
import type { Desired, Making } from './desired.ts';
import type { Obstacle } from '../obstacle.ts';
import type { Assignment } from '../observations.ts';
import type { AsDeclared } from '../snapshot.ts';
import type { Exported } from './exported.ts';
import type { EventRecord, Intent } from './intents.ts';
import type { PendingOrder } from './order.ts';
import type { Restart } from './restart.ts';

export type Status = NonNullable<DeepSeekDeployment['status']>;

/** All that one pass does. */
export interface Decision {
  /** Carried out in order; one that meets an obstacle holds back what has to come after it. */
  readonly intents: readonly Intent[];
  /** Why some writes are not among the intents, though they are to be done; absent: all are. */
  readonly obstacle?: Obstacle;
  /** The status once the intents are carried out. */
  readonly status: Status;
  /** The status if nothing is carried out: what is told when a write is refused. */
  readonly unchanged: () => Status;
  /** What to announce with the status. */
  readonly events: readonly EventRecord[];
  /** What to announce of one of the intents as soon as it is carried out: no later pass knows that it was. */
  readonly eventsOfWrite: (written: Intent) => readonly EventRecord[];
  /** Children that are as they are declared, for the next pass; see Upkeep. */
  readonly asDeclared: AsDeclared;
  /** For metrics, beside the status. */
  readonly exported: Exported;
  /** When time alone can change the decision. */
  readonly requeueAfterMs?: number;
  /** Pods whose logs may tell what their termination messages do not: worth reading before anything is done. */
  readonly logsWanted: readonly string[];
  /** Free GPUs have to be counted for this revision before the pass can be decided. */
  readonly capacityWanted?: {
    readonly revision: string;
    /** Of that revision. */
    readonly template: RevisionData['template'];
    readonly serving?: string | undefined;
    readonly warm?: string | undefined;
  };
  /** Somebody lacks room that versions which others keep warm may hold: it is claimed of them. */
  readonly claimWanted?: ClaimWish & NonNullable<Decision['capacityWanted']>;
  /** A revision is rendered in this pass: what its pods take over from the cluster has to be known. */
  readonly rendersRevision: boolean;
  /** What is to be observed from now on; what is missing here is observed no longer. */
  readonly assignments: readonly Assignment[];
  /** Pods of this revision are about to be taken away: worth asking which of them have nothing to do. */
  readonly shrinks?: string | undefined;
  /** For metrics. */
  readonly rollout: RolloutStep;
  /**
   * The candidate has all that it needs but the moment until its Service lists its pods, or they have made a first token. Told
   * with the switch, if that comes in a moment: a write of the status in between would only keep it waiting.
   */
  readonly isPassing: boolean;
  /** The intents change the spec itself: all else, status included, is decided on what comes back. */
  readonly specFirst: boolean;
  /** What is to be done all the same where the spec cannot be changed: what serves needs it. */
  readonly otherwise: readonly Intent[];
}

/** What was found out about one snapshot, for status and events. */
export interface Judgement {
  readonly desired: Desired;
  readonly traffic: Traffic;
  readonly step: RolloutStep;
  /** Replicas wanted of the version that serves. */
  readonly replicas: number;
  readonly revisions: readonly Revision[];
  readonly states: ReadonlyMap<string, ReplicaSetState>;
  /** By revision hash: why its pods do not get ready. */
  readonly failures: ReadonlyMap<string, Failure>;
  /** What the nodes of the cluster say of the accelerator. */
  readonly capacity: Capacity;
  /** Somebody else has changed the active Service while rollout.paused is set: it is left as it is. */
  readonly leaveService: boolean;
  /** Writes to children are switched off by annotation or flag. */
  readonly observeOnly: boolean;
  /** Prometheus that KEDA asks; absent: none is known. */
  readonly prometheusUrl?: string | undefined;
  readonly settings: RolloutSettings;
  /** The maintenance windows: whether one is open, and what is wrong with them. */
  readonly window: WindowState;
  readonly order: PendingOrder | undefined;
  /** An ordered restart of the pods of what serves. */
  readonly restart: Restart | undefined;
}

/** What came of the order that was looked at in this pass; undefined: there was none, or it goes on. */
export function orderResult({
  order,
  step,
  restart,
}: Pick<Judgement, 'order' | 'step' | 'restart'>): RolloutStep['ordered'] {
  if (order === undefined) return undefined;
  return order.refusal === undefined ? (step.ordered ?? restart?.ordered) : { accepted: false, message: order.refusal };
}

/** A condition before it has its times. */
export interface Verdict {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason;
  readonly message: string;
}

/** Settings of the operator that bear on decisions. */
export interface DecideOptions {
  /** Status only, no write to children. */
  readonly observeOnly: boolean;
  /** Prometheus that KEDA asks where the spec names none. */
  readonly prometheusUrl?: string;
  /** Where the operator runs; absent: outside of the cluster. */
  readonly operatorNamespace?: string;
  /** Where Prometheus runs, for NetworkPolicies; absent or empty: anywhere. */
  readonly prometheusNamespaces?: readonly string[];
  /** Labels of the objects of prometheus-operator where the spec names none. */
  readonly monitoringLabels?: Readonly<Record<string, string>>;
  /** How revisions are made; default: as this version of the operator makes them. */
  readonly making?: Making;
}
