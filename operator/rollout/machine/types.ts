import type { RolloutPhase, RolloutWay } from '../../api/index.ts';
import type { CapacityReading } from '../capacity/types.ts';
import type { Order } from '../orders.ts';
import type { Revision } from '../revision.ts';
import type { RolloutSettings } from '../settings.ts';
import type { Traffic } from '../traffic.ts';
import type { Baseline, GateVerdict, StageVerdict } from '../verdicts/types.ts';

/** The pods of one revision, as its Deployment and the pods themselves tell. */
export interface ReplicaSetState {
  /** spec.replicas of the Deployment; 0 when there is none. */
  readonly replicas: number;
  readonly readyReplicas: number;
  /** Ready for at least minReadySeconds, all of the current template, counted by a Deployment controller that has seen the current spec. */
  readonly availableReplicas: number;
  /** Pods that exist and have not ended, those on their way out included. */
  readonly pods: number;
  /** Those of them on their way out: they hold their GPUs until they are gone. */
  readonly terminating: number;
  /** Pods that are to stay and have a node. */
  readonly placed: number;
  /** Pods that the scheduler has refused so far. */
  readonly unschedulable: number;
  /** Pods that a ResourceQuota keeps from existing: no count of nodes knows of them. Default 0. */
  readonly overQuota?: number;
}

/** What is known of a set of pods beyond its counts. */
export interface SetHealth {
  /** Why the pods do not get ready, as `<reason>: <message>`. */
  readonly failure?: string | undefined;
  /** All its pods are out of service for a reason of their own that waiting will not cure. */
  readonly down?: boolean;
  /** Every pod that still loads has used up its startup budget. */
  readonly overdue?: boolean;
  /** What the engines did wrong since the revision got the traffic, or since its proof began (an end, lost readiness), as `<reason>: <message>`. */
  readonly trouble?: string | undefined;
}

/** What is being observed, or was. Absent members: nothing is known yet. */
export interface Observed {
  /** The judgement of the finished proof of this attempt. */
  readonly proof?: StageVerdict | undefined;
  /** Whether every ready pod of the candidate has generated a token for us. */
  readonly warmedUp?: boolean | undefined;
  /** The judgement of ready pods that came after the proof and have generated none. */
  readonly warmUp?: StageVerdict | undefined;
  /** The judgement so far of the users’ traffic at the version that is watched, or at the candidate of a canary. */
  readonly traffic?: StageVerdict | undefined;
  /** Since when the traffic of what serves has been measured: an operator that has begun in the middle of a watch saw less of it. */
  readonly trafficFrom?: number | undefined;
  /** Requests that run and wait at what serves. */
  readonly load?: { readonly running: number; readonly waiting: number } | 'Unknown' | undefined;
  /** What the version that serves did lately: the baseline of the watch. */
  readonly baseline?: Baseline | undefined;
  /** By revision: since when no request has run there, milliseconds since the epoch. */
  readonly idleSince: ReadonlyMap<string, number>;
}

/** Ready endpoints of a Service, by the revision of their pods. */
export type Endpoints = ReadonlyMap<string, number>;

/** Everything that the next step of a rollout follows from. */
export interface RolloutInput {
  /** Milliseconds since the epoch, of a clock that does not jump. */
  readonly now: number;
  readonly settings: RolloutSettings;
  readonly traffic: Traffic;
  /** All stored revisions, the one that the spec asks for among them if it was accepted. */
  readonly revisions: readonly Revision[];
  /** Hash of the revision that the spec asks for; absent when the planner refused the spec. */
  readonly desired?: string | undefined;
  /** By revision hash; a revision without Deployment and without pods has no entry. */
  readonly sets: ReadonlyMap<string, ReplicaSetState>;
  readonly health: ReadonlyMap<string, SetHealth>;
  /** Replicas wanted of the version that serves. */
  readonly replicas: number;
  /** Requests that one replica of what serves carries at once (ServingPlan.maxConcurrency). */
  readonly concurrencyPerReplica?: number;
  /** What the status remembers. */
  readonly memory: Memory | undefined;
  /** Read in this pass; absent: nobody has asked. */
  readonly capacity?: CapacityReading | undefined;
  /** Read after it, for what serves: a candidate that waits has found no room. */
  readonly servingCapacity?: CapacityReading | undefined;
  readonly observed: Observed;
  /** Ready endpoints of the active Service; undefined: none is known. */
  readonly activeEndpoints: Endpoints | undefined;
  /** Ready endpoints of the candidate’s own Service. */
  readonly candidateEndpoints: number | undefined;
  /** An order that was not handled yet, for this object. */
  readonly order?: Order | undefined;
  /** When traffic may be switched. */
  readonly window: { readonly open: boolean; readonly changesAt?: number };
  /** Somebody else’s selector is on the active Service and is left there: no traffic can be moved. */
  readonly trafficLeft?: boolean;
  /** A number from 0 to 1 that differs between objects and attempts: spreads retries. */
  readonly jitter: number;
  /** Another rollout or a scale-up that needs GPUs which a warm set of ours holds: for whom, and how many replicas it leaves. */
  readonly claims: readonly { readonly holder: string; readonly keep: number }[];
  /** Whether a gateway takes the route: 'Taken', or why not yet. Absent: no gateway. */
  readonly route?:
    | {
        readonly taken: boolean;
        readonly message: string;
        readonly refused: boolean;
        /** Since when it is known that none has taken it, milliseconds since the epoch; absent: it is not known. */
        readonly since?: number;
      }
    | undefined;
}

/** What a rollout remembers between passes; all of it is in the status. Instants in milliseconds since the epoch. */
export interface Memory {
  readonly phase: RolloutPhase;
  readonly attempt: number;
  /** When the phase began, moved on by pauses. */
  readonly since: number;
  readonly candidate?: string;
  readonly way?: RolloutWay;
  /** Where a rollback goes. */
  readonly target?: string;
  /** Step of the canary, from 0; absent before the first. */
  readonly step?: number;
  readonly promoted?: boolean;
  readonly missed?: readonly RolloutWay[];
  readonly retryAt?: number;
  readonly frozenReplicas?: number;
  /** Replicas of what serves that were available when it got the traffic: those that are added later are not missed. */
  readonly switchedReplicas?: number;
  readonly pausedAt?: number;
  readonly verdicts?: readonly GateVerdict[];
  readonly baseline?: Baseline;
  /** Most replicas that the old set may keep: it has given GPUs away. */
  readonly warmLimit?: number;
  /** Why a wait waits, until something changes. */
  readonly message?: string;
}

/** A mark that a step puts on a revision, for its ControllerRevision. */
export type Mark =
  | { readonly kind: 'proven' | 'accepted'; readonly revision: string }
  /** `<reason>: <message>`. */
  | { readonly kind: 'failed' | 'held'; readonly revision: string; readonly cause: string };

/** What has to be learned before the rollout can go on. The controller asks, and the answer comes with a later input. */
export type Question =
  | { readonly kind: 'Capacity'; readonly revision: string }
  | { readonly kind: 'Proof'; readonly candidate: string; readonly base?: string }
  | { readonly kind: 'WarmUp'; readonly candidate: string }
  | {
      readonly kind: 'Traffic';
      readonly revision: string;
      /** Since when it counts, milliseconds since the epoch; 0: since somebody asked. */
      readonly since: number;
      /** Nobody waits for the answer: whoever looks next takes it. */
      readonly background?: boolean;
      /** Both versions of a canary are measured from the same beginning: that of its first step. */
      readonly stage?: 'Canary';
    };

/** How an attempt ended. */
export type Outcome = 'Promoted' | 'AcceptedUnproven' | 'RolledBack' | 'Aborted' | 'Failed' | 'Superseded';

/** What one pass is to bring about. */
export interface RolloutStep {
  readonly memory: Memory;
  readonly phase: RolloutPhase;
  /** The revision that serves after this step; absent before the first one. */
  readonly serving?: string | undefined;
  /** The revision that a rollback would go to after this step. */
  readonly previous?: string | undefined;
  /** Instant at which the serving revision got the traffic; absent: unknown, or it was the first. */
  readonly switchedAt?: number | undefined;
  readonly attempt: number;
  /** The revision that is to serve next, or that is held. */
  readonly candidate?: string | undefined;
  /** Replicas wanted of each revision that keeps its Deployment, what serves first. A revision that is missing here goes. */
  readonly replicas: ReadonlyMap<string, number>;
  /** Who has to let the candidate have the traffic; absent: nobody, or it is not that far. */
  readonly awaits?: 'Person' | 'Window';
  /** Percent of the traffic that the candidate gets through the gateway. */
  readonly weight: number;
  /** Revisions whose pods a PodDisruptionBudget protects. */
  readonly protect: readonly string[];
  readonly marks: readonly Mark[];
  /** Revisions whose `failed` or `held` mark is cleared: the spec has asked for something else, or somebody ordered a retry. */
  readonly forgive: readonly string[];
  /** This step moves the active Service to another revision. */
  readonly switched: boolean;
  /** Pods of this revision are given only so many seconds more: its drain is over. */
  readonly cutShort?: { readonly revision: string; readonly graceSeconds: number };
  readonly questions: readonly Question[];
  /** When time alone changes something, milliseconds since the epoch. */
  readonly wakeAt?: number | undefined;
  /** When the phase has to be over. */
  readonly deadline?: number | undefined;
  /** What is being waited for, for people. */
  readonly message: string;
  /** GPUs of the candidate: needed in all, free now, reserved and not held yet. */
  readonly capacity?: { readonly needed: number; readonly free?: number; readonly reserved?: number };
  /** An attempt that ended in this step. */
  readonly ended?: { readonly revision: string; readonly outcome: Outcome };
  /** Transitions that were taken in this step, for events and logs. */
  readonly taken: readonly Taken[];
  /** What came of the order in the input; absent: there was none. */
  readonly ordered?: { readonly accepted: boolean; readonly message: string };
}

/** One transition that was taken, and why. */
export interface Taken {
  readonly from: RolloutPhase;
  readonly to: RolloutPhase;
  readonly event: EventName;
  readonly says: string;
}

/** Everything that can happen to a rollout: the rows of the transition table. */
export const EVENTS = [
  'SpecWantsServing',
  'SpecWantsPrevious',
  'SpecWantsOther',
  'OrderAbort',
  'OrderRollback',
  'OrderPromote',
  'OrderRetry',
  'OrderRelease',
  'ScaledToZero',
  'Failed',
  'CapacityLost',
  'Missed',
  'Admitted',
  'Placed',
  'Displaced',
  'Loaded',
  'Proved',
  'Grown',
  'StepOver',
  'StepReady',
  'Ready',
  'TargetLost',
  'Confirmed',
  'Unwatched',
  'WatchPassed',
  'WatchUnproven',
  'RollbackDone',
  'Dropped',
] as const;
export type EventName = (typeof EVENTS)[number];
