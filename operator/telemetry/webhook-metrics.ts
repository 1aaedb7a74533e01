import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** From a verdict out of the caches to the two seconds that the API server waits, seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2];

/** What the webhook is asked and says. */
export class WebhookMetrics {
  readonly #reviews: Counter<'verdict'>;
  readonly #seconds: Histogram;
  readonly #notAfter: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#reviews = new Counter({
      name: 'deepseek_operator_admission_reviews_total',
      help: 'Specs that the API server has asked about, by verdict: allowed, warned, refused, error (let through).',
      labelNames: ['verdict'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'deepseek_operator_admission_review_seconds',
      help: 'How long such a verdict takes.',
      buckets: BUCKETS,
      registers,
    });
    this.#notAfter = new Gauge({
      name: 'deepseek_operator_webhook_certificate_expiry_timestamp_seconds',
      help: 'When the certificate expires that this replica serves; 0: it has none.',
      registers,
    });
  }

  observe({ verdict, seconds }: { readonly verdict: string; readonly seconds: number }): void {
    this.#reviews.labels(verdict).inc();
    this.#seconds.observe(seconds);
  }

  /** Milliseconds since the epoch. */
  setCertificateExpiry(notAfter: number): void {
    this.#notAfter.set(notAfter / 1000);
  }
}
