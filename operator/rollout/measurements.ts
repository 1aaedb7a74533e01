/**
 * What is learned of a version outside the API server, as raw as it was measured: plain data that observe/ takes and
 * the verdicts judge. Times are seconds, instants are milliseconds since the epoch.
 */

/** One prompt and what came of it. */
export interface PromptSample {
  /** The whole answer came, with status 200. */
  readonly ok: boolean;
  /** Why not, in the engine’s words; absent when it did. */
  readonly error?: string;
  /** Nothing was there that answered: the engine is gone, or its node, or the way to it. */
  readonly unreachable?: boolean;
  /** Seconds from the request to the first token; of a failed request 0. */
  readonly timeToFirstToken: number;
  /** Seconds per token after the first, the mean of the answer; 0 with fewer than two tokens. */
  readonly timePerOutputToken: number;
  /** Seconds from the request to the end of the answer. */
  readonly requestLatency: number;
  readonly outputTokens: number;
}

/** The same prompt to both versions, close to each other in time; which one is asked first alternates. */
export interface PromptPair {
  /** Requests that were in flight at each version at the time. */
  readonly concurrency: number;
  readonly base: PromptSample;
  readonly candidate: PromptSample;
}

/** One smoke test, at temperature 0. */
export interface SmokeResult {
  readonly prompt: string;
  /** What was expected, for people: `contains "4"`. */
  readonly expected: string;
  readonly outcome: 'Passed' | 'WrongAnswer' | 'TooLate' | 'Failed';
  readonly seconds: number;
  /** The beginning of the answer without what stands in <think>, or the engine’s error. */
  readonly answer: string;
}

/** Whether one pod of the candidate has generated a token for us, after its warm-up requests. */
export interface WarmPod {
  readonly pod: string;
  readonly ok: boolean;
  readonly error?: string;
  readonly unreachable?: boolean;
}

/** All that a candidate has shown before it gets traffic. */
export interface ProofMeasurements {
  readonly pods: readonly WarmPod[];
  readonly smokeTests: readonly SmokeResult[];
  /** Empty when nothing is compared: no pod of the old version answers, or pairedRequests is 0. */
  readonly pairs: readonly PromptPair[];
  /** Why pairs were asked for and none could be taken; absent otherwise. */
  readonly notPaired?: string;
}

/** A cumulative Prometheus histogram over all pods of a version and one window of time. */
export interface Histogram {
  /** Upper bounds of the buckets in seconds, rising; the last is Infinity. */
  readonly bounds: readonly number[];
  /** Samples at or below each bound: never falling. */
  readonly cumulative: readonly number[];
}

/** The latencies that a gate can be about. */
export type LatencyMetric = 'TimeToFirstToken' | 'TimePerOutputToken' | 'RequestLatency';

/** What the users’ traffic did at one version between two instants: differences of the pods’ own counters. */
export interface TrafficMeasurements {
  readonly from: number;
  readonly to: number;
  /** Requests that ended. */
  readonly requests: number;
  /** Those of them that failed; undefined: this engine does not count them. */
  readonly errors: number | undefined;
  readonly latencies: Readonly<Partial<Record<LatencyMetric, Histogram>>>;
  /** Pods whose metrics could be read the last time, and those whose could not, with why. */
  readonly podsRead: number;
  readonly podsFailed: readonly { readonly pod: string; readonly error: string }[];
  /** Requests that run or wait now, over the pods that could be read. */
  readonly running: number;
  readonly waiting: number;
  /** Since when no request has been running or waiting in any pod; absent while one is, or a pod cannot be read. */
  readonly idleSince?: number;
  /**
   * Since when requests have been running and no engine has made a token; absent: engines work, nothing runs, or the
   * engine counts tokens at the end of a request alone.
   */
  readonly stalledSince?: number;
}

/** What a PromQL query said. */
export type QueryResult =
  | {
      readonly kind: 'Value';
      readonly value: number;
      /** When it was asked, by our clock; the sample’s own time where that is earlier. */ readonly at: number;
    }
  /** The query is answered, and there is no number: no series, NaN, or a sample that is too old. */
  | { readonly kind: 'NoData'; readonly message: string }
  /** Prometheus cannot be asked, or refuses the query. */
  | { readonly kind: 'Error'; readonly message: string };
