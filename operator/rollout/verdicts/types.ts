import type { GateSpec } from '../../api/index.ts';

/** Where in a rollout something is judged. */
export type Stage = 'Proof' | 'Canary' | 'Watch';

/**
 * Pass: kept, with enough samples to say so. Fail: broken, and not by chance. NotRefuted: too few samples to pass it, and
 * nothing against it. Inconclusive: the measurement contradicts itself or could not be finished. NoData: nothing, or too
 * little, was measured. Only Fail takes a version back; a measurement that was cut short is never a Pass.
 */
export type VerdictKind = 'Pass' | 'Fail' | 'NotRefuted' | 'Inconclusive' | 'NoData';

/** What is said of a version at one gate. */
export interface GateVerdict {
  /** Name of the gate: its metric with its quantile (`TimeToFirstToken P95`), or the name of a query, or what is always judged (`SmokeTests`, `WarmUp`, `Engine`). */
  readonly gate: string;
  readonly stage: Stage;
  readonly verdict: VerdictKind;
  /** Requests or pairs that it rests on. */
  readonly samples: number;
  /** What was measured, in the unit of the metric; absent: nothing. */
  readonly value?: number;
  /** The same of the version that it is compared with. */
  readonly base?: number;
  /** What the gate allows, in the unit of the metric, or as the highest ratio to the base. */
  readonly limit?: number;
  /** For people: `TTFT P95 412 ms against 298 ms: +38 %, allowed +20 %, 95 % confident`. */
  readonly message: string;
}

/** The gates of one stage together: Fail if one fails, else NoData if one has none, else Inconclusive, else NotRefuted, else Pass. */
export interface StageVerdict {
  readonly verdict: VerdictKind;
  readonly gates: readonly GateVerdict[];
}

/** What the old version did just before the switch, stored so that it outlives the operator. */
export interface Baseline {
  readonly requestsPerSecond: number;
  /** By gate name, the value in seconds. */
  readonly values: Readonly<Record<string, number>>;
}

/** A gate as the spec has it. */
export type Gate = GateSpec;
