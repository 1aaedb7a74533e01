import type { MonitoringSpec } from '../api/index.ts';
import { durationSeconds } from '../api/durations.ts';

/** Limits of the alerts: seconds, shares of 1, requests per pod, degrees Celsius. */
export interface Thresholds {
  readonly requestLatencyP99: number;
  readonly timeToFirstTokenP95: number;
  readonly timePerOutputTokenP95: number;
  readonly errorRatio: number;
  readonly queueDepth: number;
  readonly kvCacheUtilization: number;
  readonly gpuTemperature: number;
  /** Or what the plan lets the engine fill and a margin, where that is more. */
  readonly gpuMemory: number;
}

/** What people stop waiting for, and what breaks hardware: to be set per DeepSeekDeployment where a model is slower. */
export const DEFAULT_THRESHOLDS: Thresholds = {
  requestLatencyP99: 60,
  timeToFirstTokenP95: 5,
  // 5 tokens a second: about the speed of reading.
  timePerOutputTokenP95: 0.2,
  errorRatio: 0.05,
  queueDepth: 10,
  kvCacheUtilization: 0.95,
  gpuTemperature: 80,
  gpuMemory: 0.9,
};

/** The limits of one DeepSeekDeployment: those that its spec sets, and the defaults. */
export function thresholdsOf(spec: MonitoringSpec['thresholds']): Thresholds {
  const { requestLatencyP99, timeToFirstTokenP95, timePerOutputTokenP95, errorRatio } = spec ?? {};
  const { queueDepth, kvCacheUtilizationPercent, gpuTemperatureCelsius, gpuMemoryPercent } = spec ?? {};
  return {
    ...DEFAULT_THRESHOLDS,
    ...(requestLatencyP99 !== undefined && { requestLatencyP99: durationSeconds(requestLatencyP99) }),
    ...(timeToFirstTokenP95 !== undefined && { timeToFirstTokenP95: durationSeconds(timeToFirstTokenP95) }),
    ...(timePerOutputTokenP95 !== undefined && { timePerOutputTokenP95: durationSeconds(timePerOutputTokenP95) }),
    ...(errorRatio !== undefined && { errorRatio: Number(errorRatio) }),
    ...(queueDepth !== undefined && { queueDepth }),
    ...(kvCacheUtilizationPercent !== undefined && { kvCacheUtilization: kvCacheUtilizationPercent / 100 }),
    ...(gpuTemperatureCelsius !== undefined && { gpuTemperature: gpuTemperatureCelsius }),
    ...(gpuMemoryPercent !== undefined && { gpuMemory: gpuMemoryPercent / 100 }),
  };
}
