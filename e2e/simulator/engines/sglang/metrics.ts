import type { EngineCore, Timing } from '../core.ts';
import { MetricSet } from '../openai/metric-set.ts';
import type { EngineSpec } from '../types.ts';

/** Buckets of sglang 0.5.23 (srt/observability/metrics_collector.py). */
const firstToken = [0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400];
const wholeRequest = [...firstToken, 600, 1200, 1800, 2400];
const betweenTokens = [
  0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.06, 0.08, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4,
  6, 8,
];
const queue = [0, 0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 3, 4, 5, 10, 15, 20, 30, 40, 50, 60, 100, 200, 400];

/** The metrics of an SGLang server in its names; those of features that are off are left out. */
export class SglangMetrics extends MetricSet {
  constructor(engine: EngineSpec, core: EngineCore) {
    super({
      labels: { model_name: engine.servedNames[0] ?? engine.model, engine_type: 'unified' },
      gauges: {
        'sglang:num_running_reqs': () => core.running,
        'sglang:num_queue_reqs': () => core.waiting,
        'sglang:token_usage': () => Math.min(1, core.heldTokens / engine.kvCacheTokens),
        'sglang:num_used_tokens': () => core.heldTokens,
        'sglang:max_total_num_tokens': () => engine.kvCacheTokens,
        'sglang:context_len': () => engine.maxModelLen,
        'sglang:cache_hit_rate': () => 0,
        'sglang:gen_throughput': () => 0,
        'sglang:utilization': () => 0,
      },
      counters: {
        'sglang:prompt_tokens_total': 'is_streaming',
        'sglang:generation_tokens_total': 'is_streaming',
        'sglang:num_requests_total': 'is_streaming',
        'sglang:num_aborted_requests_total': undefined,
      },
      histograms: {
        'sglang:time_to_first_token_seconds': { buckets: firstToken, label: 'is_streaming' },
        'sglang:inter_token_latency_seconds': { buckets: betweenTokens },
        'sglang:request_time_per_output_token_seconds': { buckets: betweenTokens, label: 'is_streaming' },
        'sglang:e2e_request_latency_seconds': { buckets: wholeRequest, label: 'is_streaming' },
        'sglang:queue_time_seconds': { buckets: queue },
      },
    });
  }

  onToken(sinceLast: number | undefined): void {
    if (sinceLast !== undefined) this.observe('sglang:inter_token_latency_seconds', sinceLast);
  }

  onFinished(promptTokens: number, timing: Timing, stream: boolean, completed: boolean): void {
    const more = { is_streaming: String(stream) };
    this.observe('sglang:queue_time_seconds', timing.queued);
    if (timing.timeToFirstToken !== undefined) {
      this.observe('sglang:time_to_first_token_seconds', timing.timeToFirstToken, more);
    }
    if (!completed) {
      this.count('sglang:num_aborted_requests_total');
      return;
    }
    this.count('sglang:num_requests_total', 1, more);
    this.count('sglang:prompt_tokens_total', promptTokens, more);
    this.count('sglang:generation_tokens_total', timing.tokens, more);
    this.observe('sglang:e2e_request_latency_seconds', timing.total, more);
    if (timing.tokens > 1) {
      this.observe('sglang:request_time_per_output_token_seconds', timing.decode / (timing.tokens - 1), more);
    }
  }
}
