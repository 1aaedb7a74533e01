export { DEFAULT_RUNBOOKS, deploymentAlerts, type Severity } from './alerts.ts';
export { GPU_MEMORY_FRACTION_METRIC, GPU_SERIES } from './gpu-rules.ts';
export * from './names.ts';
export { OPERATOR_SERIES, operatorRules } from './operator-alerts.ts';
export { recordingRules, type RevisionFacts } from './recording-rules.ts';
export { type AlertingRule, FLEET, type RecordingRule, type RuleGroup, type Scope } from './rules.ts';
export { DEFAULT_THRESHOLDS, type Thresholds, thresholdsOf } from './thresholds.ts';
export {
  MONITORING_KINDS,
  type MonitoringKind,
  type MonitoringLabels,
  type MonitoringObject,
  podMonitor,
  prometheusRule,
  ruleGroups,
  scrapeConfig,
  type ScrapeWay,
  scrapeWay,
} from './objects.ts';
export { operatorPodMonitor, prometheusConfig, scrapeJobs, type ScrapeOptions } from './prometheus-config.ts';
export { factAnnotations, type MonitoredRevision, scrapeAnnotations } from './revision.ts';
