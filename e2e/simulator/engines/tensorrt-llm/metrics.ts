import type { EngineCore, Timing } from '../core.ts';
import { MetricSet } from '../openai/metric-set.ts';
import type { EngineSpec } from '../types.ts';

/** Buckets of tensorrt_llm/metrics/collector.py@050f80de. */
const request = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];
const firstToken = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
];
const perToken = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];
const prefill = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 640, 2560];

/** What /prometheus/metrics shows; those of speculative decoding, cache tiers and perplexity are left out. */
export class TensorRTLLMMetrics extends MetricSet {
  constructor(engine: EngineSpec, core: EngineCore) {
    super({
      labels: { model_name: engine.servedNames[0] ?? engine.model, engine_type: 'trtllm' },
      gauges: {
        trtllm_num_requests_running: () => core.running,
        trtllm_num_requests_waiting: () => core.waiting,
        trtllm_kv_cache_utilization: () => Math.min(1, core.heldTokens / engine.kvCacheTokens),
        trtllm_kv_cache_hit_rate: () => 0,
        trtllm_max_num_active_requests: () => engine.maxNumSeqs,
      },
      counters: {
        trtllm_request_success_total: 'finished_reason',
        trtllm_request_error_total: 'http_code',
        trtllm_prompt_tokens_total: undefined,
        trtllm_generation_tokens_total: undefined,
        trtllm_num_requests_completed_total: undefined,
      },
      histograms: {
        trtllm_e2e_request_latency_seconds: { buckets: request },
        trtllm_time_to_first_token_seconds: { buckets: firstToken },
        trtllm_time_per_output_token_seconds: { buckets: perToken },
        trtllm_request_queue_time_seconds: { buckets: request },
        trtllm_request_prefill_time_seconds: { buckets: prefill },
        trtllm_request_decode_time_seconds: { buckets: request },
        trtllm_request_inference_time_seconds: { buckets: request },
      },
    });
  }

  onError(status: number): void {
    this.count('trtllm_request_error_total', 1, { http_code: String(status) });
  }

  onFinished(promptTokens: number, timing: Timing, reason: string): void {
    this.count('trtllm_request_success_total', 1, { finished_reason: reason });
    this.count('trtllm_num_requests_completed_total');
    this.count('trtllm_prompt_tokens_total', promptTokens);
    this.count('trtllm_generation_tokens_total', timing.tokens);
    this.observe('trtllm_e2e_request_latency_seconds', timing.total);
    this.observe('trtllm_request_queue_time_seconds', timing.queued);
    this.observe('trtllm_request_prefill_time_seconds', timing.prefill);
    this.observe('trtllm_request_decode_time_seconds', timing.decode);
    this.observe('trtllm_request_inference_time_seconds', timing.prefill + timing.decode);
    if (timing.timeToFirstToken !== undefined) {
      this.observe('trtllm_time_to_first_token_seconds', timing.timeToFirstToken);
    }
    if (timing.tokens > 1) {
      this.observe('trtllm_time_per_output_token_seconds', timing.decode / (timing.tokens - 1));
    }
  }
}
