import { Counter, Gauge, Histogram, Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;

/** A set of metrics as an engine shows them: the same labels on all, some with one more. */
export interface MetricTable {
  readonly labels: Labels;
  /** Read at every scrape. */
  readonly gauges: Readonly<Record<string, () => number>>;
  /** Names, with the further label that some have. */
  readonly counters: Readonly<Record<string, string | undefined>>;
  readonly histograms: Readonly<Record<string, { readonly buckets: readonly number[]; readonly label?: string }>>;
}

/** Counts under an engine's own names. Series without a further label exist from the start, as in Python's client. */
export class MetricSet {
  readonly #registry = new Registry();
  readonly #labels: Labels;
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, Histogram>();

  constructor({ labels, gauges, counters, histograms }: MetricTable) {
    this.#labels = labels;
    const names = Object.keys(labels);
    const registers = [this.#registry];
    for (const [name, read] of Object.entries(gauges)) {
      const gauge: Gauge = new Gauge({
        name,
        help: help(name),
        labelNames: names,
        registers,
        collect: () => gauge.set(labels, read()),
      });
    }
    for (const [name, label] of Object.entries(counters)) {
      const labelNames = label === undefined ? names : [...names, label];
      const counter = new Counter({ name, help: help(name), labelNames, registers });
      if (label === undefined) counter.inc(labels, 0);
      this.#counters.set(name, counter);
    }
    for (const [name, { buckets, label }] of Object.entries(histograms)) {
      const labelNames = label === undefined ? names : [...names, label];
      const histogram = new Histogram({ name, help: help(name), buckets: [...buckets], labelNames, registers });
      if (label === undefined) histogram.zero(labels);
      this.#histograms.set(name, histogram);
    }
  }

  count(name: string, value = 1, more: Labels = {}): void {
    this.#counters.get(name)?.inc({ ...this.#labels, ...more }, value);
  }

  observe(name: string, value: number, more: Labels = {}): void {
    this.#histograms.get(name)?.observe({ ...this.#labels, ...more }, value);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The text exposition format, version 0.0.4. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }
}

function help(name: string): string {
  return `${name.replace(/^[a-z]+[:_]/, '').replaceAll('_', ' ')}.`;
}
