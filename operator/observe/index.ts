export type { Clock } from './clock.ts';
export type { EngineEndpoint, Resolve } from './endpoint.ts';
export { EngineClient, type EngineClientOptions, type Generation, type Prompt } from './engine-client.ts';
export type { EngineMetrics, MetricsResult } from './metrics.ts';
export { compilePattern, type Pattern } from './pattern.ts';
export { MAX_SAMPLE_AGE_MS, PrometheusClient, type PrometheusOptions, renderQuery } from './prometheus.ts';
export { type Proof, runProof } from './proof.ts';
export { TrafficMeter, type TrafficMeterOptions } from './traffic-meter.ts';
