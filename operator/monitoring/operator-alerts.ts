import { alertingRule, type AlertOptions, type AlertText } from './alerts.ts';
import type { RecordingRule, RuleGroup } from './rules.ts';

/** Passes of the loop that may fail: conflicts with other writers and a busy API server are ordinary. */
const ERROR_RATIO = 0.1;
/** Seconds that a change may wait for its pass. */
const QUEUE_SECONDS = 10;
/** Seconds that one pass may take: most ask the API server for milliseconds. */
const PASS_SECONDS = 300;

export const OPERATOR_SERIES = {
  reconcileErrorRatio: 'deepseek:operator_reconcile_error_ratio:5m',
  queueP99: 'deepseek:operator_queue_duration_seconds:p99_5m',
  reconcileP99: 'deepseek:operator_reconcile_duration_seconds:p99_5m',
} as const;

/** Recording rules and alerts about the operator itself. */
export function operatorRules(options: AlertOptions = {}): RuleGroup[] {
  return [
    { name: 'deepseek-operator', interval: '30s', rules: recording() },
    {
      name: 'deepseek-operator-alerts',
      interval: '30s',
      rules: operatorAlerts().map((text) => alertingRule(text, options)),
    },
  ];
}

function recording(): RecordingRule[] {
  const rate = (selector: string) => `sum(rate(${selector}[5m]))`;
  const reconciles = 'deepseek_operator_reconciles_total';
  return [
    {
      record: OPERATOR_SERIES.reconcileErrorRatio,
      expr: `(${rate(`${reconciles}{result="error"}`)} or ${rate(reconciles)} * 0) / ${rate(reconciles)}`,
    },
    {
      record: OPERATOR_SERIES.queueP99,
      expr: 'histogram_quantile(0.99, sum by (name, le) (rate(workqueue_queue_duration_seconds_bucket{name="deepseekdeployment"}[5m])))',
    },
    {
      record: OPERATOR_SERIES.reconcileP99,
      expr: 'histogram_quantile(0.99, sum by (le) (rate(deepseek_operator_reconcile_seconds_bucket[5m])))',
    },
  ];
}

function operatorAlerts(): AlertText[] {
  return [
    {
      alert: 'DeepSeekOperatorDown',
      expr: 'absent(deepseek_operator_build_info)',
      for: '5m',
      severity: 'critical',
      summary: 'Nobody looks after the models: what serves goes on, and nothing is rolled out, scaled or repaired',
      description: 'Prometheus has had no operator to scrape for 5 minutes.',
    },
    {
      alert: 'DeepSeekOperatorNoLeader',
      expr: 'sum(leader_election_master_status and on (instance) deepseek_operator_build_info) == 0',
      for: '2m',
      severity: 'critical',
      summary: 'The operator runs and does nothing: nothing is rolled out, scaled or repaired',
      description: 'None of its replicas has held the lease for 2 minutes.',
    },
    {
      alert: 'DeepSeekOperatorReconcileErrors',
      expr: `${OPERATOR_SERIES.reconcileErrorRatio} > ${ERROR_RATIO}`,
      for: '10m',
      severity: 'warning',
      summary: 'Changes to some models are not carried out',
      description: '{{ $value | humanizePercentage }} of the passes of the operator end in an error.',
    },
    {
      alert: 'DeepSeekOperatorQueueSlow',
      expr:
        `${OPERATOR_SERIES.queueP99} > ${QUEUE_SECONDS} ` +
        `or max by (name) (workqueue_longest_running_processor_seconds{name="deepseekdeployment"}) > ${PASS_SECONDS}`,
      for: '10m',
      severity: 'warning',
      summary: 'Changes to models, scaling among them, are carried out late',
      description: 'A key waits, or a pass takes, {{ $value | humanizeDuration }}.',
    },
  ];
}
