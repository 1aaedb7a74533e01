import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** From a switch without waiting to a version that waits for GPUs over a night, seconds. */
const MINUTES_TO_HOURS = [30, 60, 120, 300, 600, 900, 1_200, 1_800, 2_700, 3_600, 7_200, 14_400, 43_200, 86_400];
/** Phases may be over at once. */
const PHASE_BUCKETS = [1, 5, 15, ...MINUTES_TO_HOURS];

/** What one pass has changed of a rollout, as it stands in the status. */
export interface RolloutNews {
  /** Attempts that ended. `seconds` is absent where nobody knows when it began. */
  readonly ended: readonly { readonly outcome: string; readonly way: string; readonly seconds?: number }[];
  /** The phase that is over, with the time in it that was not paused. */
  readonly left?: { readonly phase: string; readonly way: string; readonly seconds: number };
  /** Gates that were judged. */
  readonly verdicts: readonly { readonly stage: string; readonly verdict: string }[];
}

/** What is kept of the old version of one DeepSeekDeployment. */
export interface RollbackSample {
  /** GPUs that its pods hold, those of a version that has the traffic not among them. */
  readonly warmGpus: number;
  /** What a rollback would be; absent: there is nothing to go back to. */
  readonly readiness?: string;
  /** Until when it is kept, milliseconds since the epoch. */
  readonly until?: number;
}

interface Owner {
  readonly namespace: string;
  readonly name: string;
}

/** What is known of one DeepSeekDeployment, with the GPU seconds up to `since`. */
interface Kept extends Owner {
  sample: RollbackSample;
  since: number;
}

/**
 * How rollouts end and how long they take, over all DeepSeekDeployments; and what the way back of each of them costs
 * and offers. Series of a DeepSeekDeployment end with it.
 */
export class RolloutMetrics {
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();
  /** Those that were seen: a handful. */
  readonly #outcomes = new Set<string>();
  readonly #attempts: Counter<'namespace' | 'name' | 'outcome'>;
  readonly #durations: Histogram<'way' | 'outcome'>;
  readonly #phases: Histogram<'phase' | 'way'>;
  readonly #verdicts: Counter<'stage' | 'verdict'>;
  readonly #warmSeconds: Counter<'namespace' | 'name'>;

  /** `now`: milliseconds since the epoch. */
  constructor(registry: Registry, now: () => number) {
    this.#now = now;
    const registers = [registry];
    const owner = ['namespace', 'name'] as const;
    this.#attempts = new Counter({
      name: 'deepseek_operator_rollout_attempts_total',
      help: 'Attempts to change what serves, by how they ended.',
      labelNames: [...owner, 'outcome'],
      registers,
    });
    this.#durations = new Histogram({
      name: 'deepseek_operator_rollout_duration_seconds',
      help: 'From the beginning of an attempt to its end, by the way to its GPUs and how it ended.',
      labelNames: ['way', 'outcome'],
      buckets: MINUTES_TO_HOURS,
      registers,
    });
    this.#phases = new Histogram({
      name: 'deepseek_operator_rollout_phase_duration_seconds',
      help: 'Time in a phase of a rollout, pauses apart; a phase that was passed through at once is not counted.',
      labelNames: ['phase', 'way'],
      buckets: PHASE_BUCKETS,
      registers,
    });
    this.#verdicts = new Counter({
      name: 'deepseek_operator_rollout_verdicts_total',
      help: 'Verdicts of gates, by where they were judged.',
      labelNames: ['stage', 'verdict'],
      registers,
    });
    this.#warmSeconds = new Counter({
      name: 'deepseek_operator_warm_gpu_seconds_total',
      help: 'GPU seconds that old versions were kept for a rollback.',
      labelNames: owner,
      registers,
      collect: () => this.#accrue(),
    });
    const gauge = (name: string, help: string, value: (kept: Kept) => number | undefined): void => {
      const all = this.#kept;
      new Gauge({
        name,
        help,
        labelNames: owner,
        registers,
        collect() {
          this.reset();
          for (const kept of all.values()) {
            const found = value(kept);
            if (found !== undefined) this.labels(kept.namespace, kept.name).set(found);
          }
        },
      });
    };
    gauge('deepseek_operator_warm_gpus', 'GPUs that the old version holds for a rollback.', ({ sample }) => {
      return sample.readiness === undefined ? undefined : sample.warmGpus;
    });
    gauge(
      'deepseek_operator_rollback_window_seconds',
      'Seconds for which the old version is still kept for a rollback.',
      ({ sample: { until } }) => (until === undefined ? undefined : Math.max(0, (until - this.#now()) / 1000)),
    );
    const kept = this.#kept;
    new Gauge({
      name: 'deepseek_operator_rollback_readiness',
      help: '1 for what a rollback would be: Warm, Partial or Cold.',
      labelNames: [...owner, 'readiness'],
      registers,
      collect() {
        this.reset();
        for (const { namespace, name, sample } of kept.values()) {
          if (sample.readiness !== undefined) this.labels(namespace, name, sample.readiness).set(1);
        }
      },
    });
  }

  /** What a pass has changed. */
  observe({ namespace, name }: Owner, { ended, left, verdicts }: RolloutNews): void {
    for (const { outcome, way, seconds } of ended) {
      this.#outcomes.add(outcome);
      this.#attempts.labels(namespace, name, outcome).inc();
      if (seconds !== undefined) this.#durations.labels(way, outcome).observe(seconds);
    }
    if (left) this.#phases.labels(left.phase, left.way).observe(left.seconds);
    for (const { stage, verdict } of verdicts) this.#verdicts.labels(stage, verdict).inc();
  }

  /** What a pass has left of the old version. */
  set(owner: Owner, sample: RollbackSample): void {
    const now = this.#now();
    const before = this.#kept.get(keyOf(owner));
    if (before) this.#accrueOne(before, now);
    const { namespace, name } = owner;
    this.#kept.set(keyOf(owner), { namespace, name, sample, since: now });
  }

  /** Ends all series of a DeepSeekDeployment that is gone. */
  delete(owner: Owner): void {
    this.#kept.delete(keyOf(owner));
    const { namespace, name } = owner;
    this.#warmSeconds.remove(namespace, name);
    for (const outcome of this.#outcomes) this.#attempts.remove(namespace, name, outcome);
  }

  /** Ends all series of DeepSeekDeployments: a process that leads no more knows nothing. */
  clear(): void {
    this.#kept.clear();
    this.#warmSeconds.reset();
    this.#attempts.reset();
  }

  #accrue(): void {
    const now = this.#now();
    for (const kept of this.#kept.values()) this.#accrueOne(kept, now);
  }

  #accrueOne(kept: Kept, now: number): void {
    // A clock that was put back takes nothing away.
    const seconds = Math.max(0, (now - kept.since) / 1000);
    kept.since = now;
    const gpuSeconds = kept.sample.warmGpus * seconds;
    if (gpuSeconds > 0) this.#warmSeconds.labels(kept.namespace, kept.name).inc(gpuSeconds);
  }
}

function keyOf({ namespace, name }: Owner): string {
  return `${namespace}/${name}`;
}
