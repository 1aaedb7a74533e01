import { getHeapStatistics } from 'node:v8';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { DeploymentMetrics } from './deployment-metrics.ts';
import { WebhookMetrics } from './webhook-metrics.ts';

/** client-go's buckets for the work queue: 10 ns to 1,000 s. */
const QUEUE_BUCKETS = Array.from({ length: 12 }, (_, exponent) => 10 ** (exponent - 8));

/** client-go's buckets for requests, seconds. */
const REQUEST_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** controller-runtime's order of magnitude for a pass, seconds; a proof of a new version takes minutes. */
const RECONCILE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** What a work queue knows about itself when it is asked. */
export interface QueueGauges {
  readonly depth: number;
  unfinishedSeconds(): number;
  longestRunningSeconds(): number;
}

/** What a work queue tells as it happens. */
export interface QueueHooks {
  added(): void;
  started(queueSeconds: number): void;
  finished(workSeconds: number): void;
  retried(): void;
}

export interface RequestObservation {
  readonly method: string;
  /** host:port of the API server. */
  readonly host: string;
  /** HTTP status, or `<error>` as client-go has it when there was no answer. */
  readonly code: number | '<error>';
  readonly seconds: number;
}

export interface BuildInfo {
  readonly version: string;
  readonly commit?: string;
}

/**
 * Every metric of the operator, in one registry of its own. Names are client-go's where client-go has one, so that
 * existing dashboards work. No label takes its values from pods, nodes or messages.
 */
export class Metrics {
  readonly registry = new Registry();
  /** What is exported of DeepSeekDeployments and their rollouts. */
  readonly deployments: DeploymentMetrics;
  #webhook: WebhookMetrics | undefined;
  readonly #queues = new Map<string, QueueGauges>();
  readonly #queueAdds = this.#counter('workqueue_adds_total', 'Keys added to the queue.', ['name']);
  readonly #queueRetries = this.#counter('workqueue_retries_total', 'Keys added again after a failure.', ['name']);
  readonly #queueSeconds = this.#histogram(
    'workqueue_queue_duration_seconds',
    'How long keys wait in the queue before they are worked on.',
    ['name'],
    QUEUE_BUCKETS,
  );
  readonly #workSeconds = this.#histogram(
    'workqueue_work_duration_seconds',
    'How long the work on a key takes.',
    ['name'],
    QUEUE_BUCKETS,
  );
  readonly #requests = this.#counter(
    'rest_client_requests_total',
    'HTTP requests to the API server, by status code, method and host.',
    ['code', 'method', 'host'],
  );
  readonly #requestSeconds = this.#histogram(
    'rest_client_request_duration_seconds',
    'Time to the answer of the API server, by verb and host.',
    ['verb', 'host'],
    REQUEST_BUCKETS,
  );
  readonly #leader = this.#gauge('leader_election_master_status', '1 while this process leads, else 0.', ['name']);
  readonly #reconciles = this.#counter('deepseek_operator_reconciles_total', 'Passes of the loop, by result.', [
    'result',
  ]);
  readonly #reconcileSeconds = this.#histogram(
    'deepseek_operator_reconcile_seconds',
    'How long a pass of the loop takes.',
    [],
    RECONCILE_BUCKETS,
  );

  /** `now`: milliseconds since the epoch. */
  constructor(build: BuildInfo, now: () => number = Date.now) {
    collectDefaultMetrics({ register: this.registry });
    this.#gauge('nodejs_heap_size_limit_bytes', 'What the heap may grow to; Node.js ends beyond it.', []).set(
      getHeapStatistics().heap_size_limit,
    );
    this.deployments = new DeploymentMetrics(this.registry, now);
    this.#gauge('deepseek_operator_build_info', 'The running build; always 1.', ['version', 'commit', 'node_version'])
      .labels(build.version, build.commit ?? '', process.version)
      .set(1);
    this.#sampledQueueGauge('workqueue_depth', 'Keys that wait in the queue.', (queue) => queue.depth);
    this.#sampledQueueGauge(
      'workqueue_unfinished_work_seconds',
      'Seconds of work in progress, summed; large values mean that workers hang.',
      (queue) => queue.unfinishedSeconds(),
    );
    this.#sampledQueueGauge(
      'workqueue_longest_running_processor_seconds',
      'How long the oldest work in progress has been running.',
      (queue) => queue.longestRunningSeconds(),
    );
  }

  /** What the webhook exports; where it is off, there is nothing of it. */
  get webhook(): WebhookMetrics {
    this.#webhook ??= new WebhookMetrics(this.registry);
    return this.#webhook;
  }

  /** Hooks for the queue called `name`. */
  queueHooks(name: string): QueueHooks {
    const adds = this.#queueAdds.labels(name);
    const retries = this.#queueRetries.labels(name);
    const waited = this.#queueSeconds.labels(name);
    const worked = this.#workSeconds.labels(name);
    return {
      added: () => adds.inc(),
      retried: () => retries.inc(),
      started: (seconds) => waited.observe(seconds),
      finished: (seconds) => worked.observe(seconds),
    };
  }

  /** Samples the queue's gauges at each scrape. */
  watchQueue(name: string, queue: QueueGauges): void {
    this.#queues.set(name, queue);
  }

  observeRequest({ method, host, code, seconds }: RequestObservation): void {
    this.#requests.labels(String(code), method, host).inc();
    this.#requestSeconds.labels(method, host).observe(seconds);
  }

  /** `result` is one of a fixed few, like `success` or `error`. */
  observeReconcile(result: string, seconds: number): void {
    this.#reconciles.labels(result).inc();
    this.#reconcileSeconds.observe(seconds);
  }

  /** `lease`: the name of the Lease. */
  setLeader(lease: string, leading: boolean): void {
    this.#leader.labels(lease).set(leading ? 1 : 0);
  }

  #sampledQueueGauge(name: string, help: string, sample: (queue: QueueGauges) => number): void {
    const queues = this.#queues;
    new Gauge({
      name,
      help,
      labelNames: ['name'],
      registers: [this.registry],
      collect() {
        for (const [queueName, queue] of queues) this.labels(queueName).set(sample(queue));
      },
    });
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #gauge<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram<L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.registry] });
  }
}
