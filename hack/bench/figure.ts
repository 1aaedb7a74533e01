/** pass and miss are judged against a limit; info has none; skipped was not measured, and says why. */
export type Verdict = 'pass' | 'miss' | 'info' | 'skipped';

/** One row of the table. */
export interface Figure {
  /** Stable name, for whoever compares two reports. */
  readonly name: string;
  /** What is measured, for people. */
  readonly title: string;
  /** What must be reached, e.g. `<= 9`; empty for information. */
  readonly limit: string;
  /** What was measured, with its unit. */
  readonly measured: string;
  readonly verdict: Verdict;
  /** Everything that explains the number; only the JSON report has it. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** How much is measured. */
export interface Sizes {
  /** Models at rest. */
  readonly models: number;
  readonly restMinutes: number;
  /** Whether the delivery of an event after the rest is measured: it says something after ten minutes. */
  readonly delivery: boolean;
  /** Models created at once. */
  readonly flood: number;
  /** Floods of each side. */
  readonly pairs: number;
  readonly rollouts: {
    /** Models that are rolled out at the same time. */
    readonly models: number;
    /** Promote orders, and as many rollback orders. */
    readonly orders: number;
    /** Switches without proof. */
    readonly flips: number;
  };
  readonly autoscaling: {
    /** Models that get a load, and plain Deployments. */
    readonly pairs: number;
  };
  readonly attack: {
    /** Of 20 changes in each of the situations. */
    readonly rounds: number;
    /** Models that somebody else creates at once. */
    readonly flood: number;
  };
  readonly scale: ScaleSizes;
  readonly together: {
    /** Models that are rolled out at once, */
    readonly models: number;
    /** and how many are rolled out one after the other. */
    readonly alone: number;
  };
  readonly soak: { readonly models: number; readonly minutes: number };
  /** Models of each step; absent: the growth is not measured. */
  readonly growth?: readonly number[];
}

/** How much is measured with many models. */
export interface ScaleSizes {
  readonly models: number;
  readonly restMinutes: number;
  /** Models created one after the other after the rest. */
  readonly created: number;
  /** Models that get a new version, which is promoted: some of `models`. */
  readonly changed: number;
  /** Times that a leader is killed, and as many times that one is told to go. */
  readonly takeovers: number;
  /** Of each of the kinds that are not ours: pods, Services, Deployments. */
  readonly foreign: number;
}

/** What a scenario is given. */
export interface BenchContext {
  readonly sizes: Sizes;
  readonly signal: AbortSignal;
  /** One line about what goes on. */
  readonly log: (line: string) => void;
}

/** Measures figures that share a set-up. */
export interface Scenario {
  /** For `--only`. */
  readonly name: string;
  /** How it is measured, in Markdown: stands in docs/benchmarks.md. */
  readonly method: string;
  readonly run: (context: BenchContext) => Promise<readonly Figure[]>;
}

export interface Limited {
  readonly name: string;
  readonly title: string;
  readonly value: number;
  readonly limit: number;
  /** Follows both numbers, e.g. ` s`. */
  readonly unit?: string;
  /** Decimals shown; the verdict is given on the exact value. Default 0. */
  readonly decimals?: number;
  /** Follows the measured value, e.g. the spread. */
  readonly note?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A figure that passes up to and including its limit. */
export function atMost({ name, title, value, limit, unit = '', decimals = 0, note, details }: Limited): Figure {
  return {
    name,
    title,
    limit: `${limit === 0 ? '' : '<= '}${limit}${unit}`,
    measured: `${value.toFixed(decimals)}${unit}${note === undefined ? '' : ` (${note})`}`,
    verdict: value <= limit ? 'pass' : 'miss',
    details: { value, limit, ...details },
  };
}
