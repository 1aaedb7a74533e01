/**
 * The names under which all engines are seen in Prometheus: labels that the scrape adds, series that the recording rules
 * make, and metrics that autoscalers ask for. Everything else of this folder, the autoscalers and the docs take them here.
 */

/** Labels that every series of an engine's pod bears after the scrape, whatever the engine. */
export const SERIES_LABEL = {
  namespace: 'namespace',
  pod: 'pod',
  /** Name of the DeepSeekDeployment. Adapters map it onto the resource of that name. */
  deployment: 'deepseekdeployment',
  /** Hash of the revision, as in the label of the pod. */
  revision: 'revision',
  /** Catalogue name of the model, or `custom`. */
  model: 'model',
  quantization: 'quantization',
  /** Catalogue name of the accelerator, or `custom`. */
  gpu: 'gpu',
} as const;

/** What the recording rules add: vLLM, SGLang, TensorRT-LLM or llama.cpp. */
export const ENGINE_LABEL = 'engine';

/** Labels of every recorded series of a pod, in this order. */
export const POD_LABELS = [...Object.values(SERIES_LABEL), ENGINE_LABEL] as const;

/** Labels of every recorded series of a revision: those of its pods without the pod. */
export const REVISION_LABELS = POD_LABELS.filter((label) => label !== SERIES_LABEL.pod);

/** Types of `spec.autoscaling.metrics` that are measured in the engines. */
export type EngineMetricType = 'QueueDepth' | 'RunningRequests' | 'BatchUtilization' | 'KVCacheUtilization';

/** The one name of an autoscaling type, whatever the engine: recorded per pod, with the labels {@link POD_LABELS}. */
export interface AutoscalingMetric {
  /** The recorded series, in PromQL. */
  readonly series: string;
  /** The name in `custom.metrics.k8s.io`. */
  readonly metric: string;
  /** Requests: a count per pod. Ratio: 0 to 1, so a target of 70 percent is the quantity 700m. */
  readonly unit: 'Requests' | 'Ratio';
}

/** One canonical metric for each type that is measured in the engines. */
export const AUTOSCALING_METRIC: Readonly<Record<EngineMetricType, AutoscalingMetric>> = {
  QueueDepth: { series: 'deepseek:queue_depth', metric: 'deepseek_queue_depth', unit: 'Requests' },
  RunningRequests: { series: 'deepseek:requests_running', metric: 'deepseek_requests_running', unit: 'Requests' },
  BatchUtilization: { series: 'deepseek:batch_utilization', metric: 'deepseek_batch_utilization', unit: 'Ratio' },
  /** llama.cpp has none. */
  KVCacheUtilization: {
    series: 'deepseek:kv_cache_utilization',
    metric: 'deepseek_kv_cache_utilization',
    unit: 'Ratio',
  },
};

/**
 * What the operator exports of each revision that has pods (labels namespace, name, revision): the requests that one of
 * its engines runs at once, which no engine but TensorRT-LLM says itself. It is what `deepseek:batch_utilization` divides by.
 */
export const MAX_NUM_SEQS_METRIC = 'deepseek_operator_revision_max_num_seqs';

/** Recorded series, per pod unless the comment says otherwise; counters and histograms restart with the engine. */
export const SERIES = {
  queueDepth: AUTOSCALING_METRIC.QueueDepth.series,
  running: AUTOSCALING_METRIC.RunningRequests.series,
  batchUtilization: AUTOSCALING_METRIC.BatchUtilization.series,
  kvCacheUtilization: AUTOSCALING_METRIC.KVCacheUtilization.series,
  /** Requests that an engine of the revision runs at once; per revision. */
  maxNumSeqs: 'deepseek:max_num_seqs',
  /** Requests that ended, those that failed among them. Counter. llama.cpp counts none. */
  requests: 'deepseek:requests_total',
  /** Those of them that failed in the engine. Counter. */
  failedRequests: 'deepseek:requests_failed_total',
  /** Tokens, by `type`: prompt or generation. Counter. */
  tokens: 'deepseek_tokens_consumed_total',
  /** From the request to its last token, seconds. Histogram: _bucket, _sum, _count. */
  requestDuration: 'deepseek_api_duration_seconds',
  /** From the request to its first token, seconds. Histogram. */
  timeToFirstToken: 'deepseek:time_to_first_token_seconds',
  /** Between two tokens of an answer, seconds. Histogram. */
  interTokenLatency: 'deepseek:inter_token_latency_seconds',
  /** 1 for a pod whose engine answers the scrape, else 0. */
  up: 'deepseek:up',
} as const;

/** Recorded per revision over 5 minutes ({@link REVISION_LABELS}). */
export const RATE = {
  /** Requests that ended, per second. */
  requests: 'deepseek:request_rate:5m',
  /** Failed requests of all that ended, 0 to 1. */
  errorRatio: 'deepseek:error_ratio:5m',
  /** Tokens per second, by `type`. */
  tokens: 'deepseek:token_rate:5m',
  /** Quantiles, seconds, by `quantile`: 0.5, 0.95, 0.99. */
  timeToFirstToken: 'deepseek:time_to_first_token_seconds:5m',
  interTokenLatency: 'deepseek:inter_token_latency_seconds:5m',
  requestDuration: 'deepseek:request_duration_seconds:5m',
  /** Mean seconds between two tokens: the one latency that llama.cpp tells, too. */
  meanInterTokenLatency: 'deepseek:inter_token_latency_seconds:mean5m',
} as const;
