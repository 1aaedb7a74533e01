import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';
import type { EngineCore, Timing } from '../core.ts';
import type { EngineSpec } from '../types.ts';

/** Bucket bounds of vLLM 0.32.0 (vllm/v1/metrics/loggers.py), as its /metrics shows them. */
const timeToFirstToken = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
];
const perToken = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];
const requestLatency = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];
const iterationTokens = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384];
/** Of prometheus_fastapi_instrumentator, which vLLM mounts. */
const httpLatency = [0.1, 0.5, 1];
const httpLatencyHighResolution = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 7.5, 10, 30, 60,
];

/** 1, 2, 5, 10, ... up to the longest sequence. */
function oneTwoFive(maximum: number): number[] {
  const buckets: number[] = [];
  for (let power = 1; ; power *= 10) {
    for (const step of [1, 2, 5]) {
      if (step * power > maximum) return buckets;
      buckets.push(step * power);
    }
  }
}

/** Counters that stay at zero here: the simulator has no cache, no images, no preemption and no second device. */
const idleCounters = [
  'vllm:prefix_cache_hits_total',
  'vllm:external_prefix_cache_queries_total',
  'vllm:external_prefix_cache_hits_total',
  'vllm:mm_cache_queries_total',
  'vllm:mm_cache_hits_total',
  'vllm:num_preemptions_total',
  'vllm:prompt_tokens_cached_total',
  'vllm:admission_rejections_total',
  'vllm:estimated_flops_per_gpu_total',
  'vllm:estimated_read_bytes_per_gpu_total',
  'vllm:estimated_write_bytes_per_gpu_total',
];

export type FinishedReason = 'stop' | 'length' | 'abort' | 'error' | 'repetition';

/** One generation request that has ended. */
export interface FinishedRequest {
  readonly reason: FinishedReason;
  readonly timing: Timing;
  readonly promptTokens: number;
  readonly maxTokens: number;
}

/** One answered HTTP request; its status is counted by class (2xx, 4xx, 5xx), as the instrumentator does. */
export interface HttpRequestRecord {
  /** The route, e.g. `/v1/completions`. */
  readonly handler: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** The metrics of one vLLM server, in its names, labels and buckets; counted from requests, read from the scheduler. */
export class VllmMetrics {
  readonly #registry = new Registry();
  readonly #labels: { readonly engine: string; readonly model_name: string };
  readonly #histograms = new Map<string, Histogram>();
  readonly #counters = new Map<string, Counter>();
  readonly #httpRequests: Counter;
  readonly #httpDuration: Histogram;
  readonly #httpDurationHighResolution: Histogram;
  readonly #httpRequestSize: Summary;
  readonly #httpResponseSize: Summary;

  constructor(engine: EngineSpec, core: EngineCore) {
    this.#labels = { engine: '0', model_name: engine.servedNames[0] ?? engine.model };
    this.#gauges(engine, core);
    const tokenCounts = oneTwoFive(engine.maxModelLen);
    const histograms: readonly (readonly [string, readonly number[]])[] = [
      ['vllm:time_to_first_token_seconds', timeToFirstToken],
      ['vllm:inter_token_latency_seconds', perToken],
      ['vllm:request_time_per_output_token_seconds', perToken],
      ['vllm:e2e_request_latency_seconds', requestLatency],
      ['vllm:request_queue_time_seconds', requestLatency],
      ['vllm:request_inference_time_seconds', requestLatency],
      ['vllm:request_prefill_time_seconds', requestLatency],
      ['vllm:request_decode_time_seconds', requestLatency],
      ['vllm:request_prompt_tokens', tokenCounts],
      ['vllm:request_generation_tokens', tokenCounts],
      ['vllm:request_max_num_generation_tokens', tokenCounts],
      ['vllm:request_params_max_tokens', tokenCounts],
      ['vllm:request_prefill_kv_computed_tokens', tokenCounts],
      ['vllm:request_params_n', [1, 2, 5, 10, 20]],
      ['vllm:request_num_preemptions', [0, 1, 2, 5, 10]],
      ['vllm:iteration_tokens_total', iterationTokens],
    ];
    for (const [name, buckets] of histograms) {
      const histogram = new Histogram({
        name,
        help: help(name),
        buckets: [...buckets],
        labelNames: ['engine', 'model_name'],
        registers: [this.#registry],
      });
      histogram.zero(this.#labels);
      this.#histograms.set(name, histogram);
    }
    this.#tokenCounters();
    const http = { labelNames: ['handler', 'method', 'status'], registers: [this.#registry] };
    this.#httpRequests = new Counter({
      name: 'http_requests_total',
      help: 'Total number of requests by method, status and handler.',
      ...http,
    });
    this.#httpDuration = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Latency with only few buckets by handler.',
      buckets: httpLatency,
      labelNames: ['handler', 'method'],
      registers: [this.#registry],
    });
    this.#httpDurationHighResolution = new Histogram({
      name: 'http_request_duration_highr_seconds',
      help: 'Latency with many buckets but no API specific labels.',
      buckets: httpLatencyHighResolution,
      registers: [this.#registry],
    });
    const size = { labelNames: ['handler'], percentiles: [], registers: [this.#registry] };
    this.#httpRequestSize = new Summary({
      name: 'http_request_size_bytes',
      help: 'Content length of incoming requests by handler.',
      ...size,
    });
    this.#httpResponseSize = new Summary({
      name: 'http_response_size_bytes',
      help: 'Content length of outgoing responses by handler.',
      ...size,
    });
  }

  onToken(sinceLast: number | undefined): void {
    this.#count('vllm:generation_tokens_total', 1);
    this.#observe('vllm:iteration_tokens_total', 1);
    if (sinceLast !== undefined) this.#observe('vllm:inter_token_latency_seconds', sinceLast);
  }

  onFinished({ reason, timing, promptTokens, maxTokens }: FinishedRequest): void {
    this.#counters.get('vllm:request_success_total')?.inc({ ...this.#labels, finished_reason: reason });
    this.#count('vllm:prompt_tokens_total', promptTokens);
    this.#count('vllm:prefix_cache_queries_total', promptTokens);
    this.#counters
      .get('vllm:prompt_tokens_by_source_total')
      ?.inc({ ...this.#labels, source: 'local_compute' }, promptTokens);
    if (timing.timeToFirstToken !== undefined)
      this.#observe('vllm:time_to_first_token_seconds', timing.timeToFirstToken);
    if (timing.tokens > 1)
      this.#observe('vllm:request_time_per_output_token_seconds', timing.decode / (timing.tokens - 1));
    this.#observe('vllm:e2e_request_latency_seconds', timing.total);
    this.#observe('vllm:request_queue_time_seconds', timing.queued);
    this.#observe('vllm:request_inference_time_seconds', timing.prefill + timing.decode);
    this.#observe('vllm:request_prefill_time_seconds', timing.prefill);
    this.#observe('vllm:request_decode_time_seconds', timing.decode);
    this.#observe('vllm:request_prompt_tokens', promptTokens);
    this.#observe('vllm:request_prefill_kv_computed_tokens', promptTokens);
    this.#observe('vllm:request_generation_tokens', timing.tokens);
    this.#observe('vllm:request_max_num_generation_tokens', timing.tokens);
    this.#observe('vllm:request_params_max_tokens', maxTokens);
    this.#observe('vllm:request_params_n', 1);
    this.#observe('vllm:request_num_preemptions', 0);
  }

  onHttp(request: HttpRequestRecord): void {
    const { handler, method } = request;
    this.#httpRequests.inc({ handler, method, status: `${Math.floor(request.status / 100)}xx` });
    this.#httpDuration.observe({ handler, method }, request.seconds);
    this.#httpDurationHighResolution.observe(request.seconds);
    this.#httpRequestSize.observe({ handler }, request.requestBytes);
    this.#httpResponseSize.observe({ handler }, request.responseBytes);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The text exposition format, version 0.0.4. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  #gauges(engine: EngineSpec, core: EngineCore): void {
    const labels = this.#labels;
    const gauge = (name: string, read: () => number): void => {
      const metric: Gauge = new Gauge({
        name,
        help: help(name),
        labelNames: ['engine', 'model_name'],
        registers: [this.#registry],
        collect: () => {
          metric.set(labels, read());
        },
      });
    };
    gauge('vllm:num_requests_running', () => core.running);
    gauge('vllm:num_requests_waiting', () => core.waiting);
    gauge('vllm:kv_cache_usage_perc', () => Math.min(1, core.heldTokens / engine.kvCacheTokens));
    const byReason: Gauge = new Gauge({
      name: 'vllm:num_requests_waiting_by_reason',
      help: help('vllm:num_requests_waiting_by_reason'),
      labelNames: ['engine', 'model_name', 'reason'],
      registers: [this.#registry],
      collect: () => {
        byReason.set({ ...labels, reason: 'capacity' }, core.waiting);
        byReason.set({ ...labels, reason: 'deferred' }, 0);
      },
    });
    const sleep = new Gauge({
      name: 'vllm:engine_sleep_state',
      help: help('vllm:engine_sleep_state'),
      labelNames: ['engine', 'model_name', 'sleep_state'],
      registers: [this.#registry],
    });
    for (const [state, value] of [
      ['awake', 1],
      ['weights_offloaded', 0],
      ['discard_all', 0],
    ] as const) {
      sleep.set({ ...labels, sleep_state: state }, value);
    }
    const cache = {
      block_size: '16',
      cache_dtype: 'auto',
      enable_prefix_caching: 'True',
      engine: '0',
      gpu_memory_utilization: String(engine.gpuMemoryUtilization),
      num_gpu_blocks: String(Math.floor(engine.kvCacheTokens / 16)),
    };
    new Gauge({
      name: 'vllm:cache_config_info',
      help: 'Information of the LLMEngine CacheConfig',
      labelNames: Object.keys(cache),
      registers: [this.#registry],
    }).set(cache, 1);
  }

  #tokenCounters(): void {
    const counter = (name: string, ...extraLabels: string[]): Counter => {
      const metric = new Counter({
        name,
        help: help(name),
        labelNames: ['engine', 'model_name', ...extraLabels],
        registers: [this.#registry],
      });
      this.#counters.set(name, metric);
      return metric;
    };
    for (const name of [
      'vllm:prompt_tokens_total',
      'vllm:generation_tokens_total',
      'vllm:prefix_cache_queries_total',
      ...idleCounters,
    ]) {
      counter(name).inc(this.#labels, 0);
    }
    const success = counter('vllm:request_success_total', 'finished_reason');
    for (const reason of ['stop', 'length', 'abort', 'error', 'repetition'])
      success.inc({ ...this.#labels, finished_reason: reason }, 0);
    for (const name of ['vllm:prompt_tokens_by_source_total', 'vllm:prompt_tokens_cached_by_source_total']) {
      counter(name, 'source').inc({ ...this.#labels, source: 'local_compute' }, 0);
    }
  }

  #observe(name: string, value: number): void {
    this.#histograms.get(name)?.observe(this.#labels, value);
  }

  #count(name: string, value: number): void {
    this.#counters.get(name)?.inc(this.#labels, value);
  }
}

function help(name: string): string {
  return `${name.replace('vllm:', '').replaceAll('_', ' ')}.`;
}
