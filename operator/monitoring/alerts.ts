import { RATE, SERIES } from './names.ts';
import { GPU_SERIES } from './gpu-rules.ts';
import { groupPrefix } from './recording-rules.ts';
import { type AlertingRule, enginesOf, type RuleGroup, type Scope } from './rules.ts';
import { DEFAULT_THRESHOLDS, type Thresholds } from './thresholds.ts';

/** Critical: users get no answers, wake somebody. Warning: they will, or get bad ones. Info: good to know. */
export type Severity = 'critical' | 'warning' | 'info';

export interface AlertOptions {
  /** Address under which docs/runbooks is read, without the last slash. */
  readonly runbooks?: string;
}

/** What an alert says beside its expression; shared by the alerts of deployments and of the operator. */
export interface AlertText {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly severity: Severity;
  /** What a user feels. */
  readonly summary: string;
  readonly description: string;
}

export const DEFAULT_RUNBOOKS = 'https://github.com/deepseek-operator/deepseek-operator/blob/main/docs/runbooks';

const WHO = '{{ $labels.namespace }}/{{ $labels.deepseekdeployment }}';
const SECONDS = '{{ $value | humanizeDuration }}';
const PERCENT = '{{ $value | humanizePercentage }}';

/** How long what was off may take to answer; what takes longer than its startup budget has an alert of its own. */
const WAKING = '15m';

/** Fewer requests in 5 minutes than these say nothing about a share of them. */
const FEWEST_REQUESTS = 10;
const REVISION_ON = 'namespace, deepseekdeployment, revision';
const DEPLOYMENT_ON = 'namespace, deepseekdeployment';

/** The alerts about DeepSeekDeployments. They stand on the recording rules of the same scope. */
export function deploymentAlerts(
  scope: Scope,
  thresholds: Thresholds = DEFAULT_THRESHOLDS,
  options: AlertOptions = {},
): RuleGroup {
  return {
    name: `${groupPrefix(scope)}alerts`,
    interval: '30s',
    rules: [
      ...latency(scope, thresholds),
      ...serving(scope, thresholds),
      ...rollouts(scope),
      ...gpus(scope, thresholds),
    ].map((text) => alertingRule(text, options)),
  };
}

/** @returns the rule, with its severity and the address of its runbook. */
export function alertingRule(text: AlertText, { runbooks = DEFAULT_RUNBOOKS }: AlertOptions): AlertingRule {
  const { alert, expr, severity, summary, description } = text;
  return {
    alert,
    expr,
    ...(text.for !== undefined && { for: text.for }),
    labels: { severity },
    annotations: { summary, description, runbook_url: `${runbooks}/${alert}.md` },
  };
}

function latency(scope: Scope, limits: Thresholds): AlertText[] {
  const quantile = (series: string, value: string) => `${series}${enginesOf(scope, `quantile="${value}"`)}`;
  return [
    {
      alert: 'DeepSeekLatencyHigh',
      expr: `${quantile(RATE.requestDuration, '0.99')} > ${limits.requestLatencyP99}`,
      for: '10m',
      severity: 'warning',
      summary: `One answer in a hundred of ${WHO} takes longer than ${limits.requestLatencyP99} s`,
      description: `The 99th percentile of whole answers of revision {{ $labels.revision }} is ${SECONDS}.`,
    },
    {
      alert: 'DeepSeekTimeToFirstTokenHigh',
      expr: `${quantile(RATE.timeToFirstToken, '0.95')} > ${limits.timeToFirstTokenP95}`,
      for: '10m',
      severity: 'warning',
      summary: `Users of ${WHO} wait longer than ${limits.timeToFirstTokenP95} s before an answer begins`,
      description: `The 95th percentile of the time to the first token of revision {{ $labels.revision }} is ${SECONDS}.`,
    },
    {
      alert: 'DeepSeekInterTokenLatencyHigh',
      expr: `${quantile(RATE.interTokenLatency, '0.95')} > ${limits.timePerOutputTokenP95}`,
      for: '10m',
      severity: 'warning',
      summary: `Answers of ${WHO} trickle: more than ${limits.timePerOutputTokenP95} s between tokens`,
      description: `The 95th percentile of the time between tokens of revision {{ $labels.revision }} is ${SECONDS}.`,
    },
    {
      alert: 'DeepSeekErrorRatioHigh',
      expr:
        `${RATE.errorRatio}${enginesOf(scope)} > ${limits.errorRatio} ` +
        `and ${RATE.requests}${enginesOf(scope)} * 300 >= ${FEWEST_REQUESTS}`,
      for: '5m',
      severity: 'critical',
      summary: `Users of ${WHO} get errors instead of answers`,
      description: `${PERCENT} of the requests to revision {{ $labels.revision }} failed in the last 5 minutes.`,
    },
  ];
}

function serving(scope: Scope, limits: Thresholds): AlertText[] {
  const own = enginesOf(scope);
  const average = (series: string, by: string, how: string) => `${how} by (${by}) (avg_over_time(${series}${own}[5m]))`;
  return [
    {
      alert: 'DeepSeekKVCacheFull',
      expr: `${average(SERIES.kvCacheUtilization, REVISION_ON, 'max')} > ${limits.kvCacheUtilization}`,
      for: '5m',
      severity: 'warning',
      summary: `Long requests to ${WHO} wait or are computed twice: the KV cache is full`,
      description: `The fullest pod of revision {{ $labels.revision }} uses ${PERCENT} of its KV cache.`,
    },
    {
      alert: 'DeepSeekQueueGrowing',
      expr: `${average(SERIES.queueDepth, REVISION_ON, 'avg')} > ${limits.queueDepth}`,
      for: '5m',
      severity: 'warning',
      summary: `Requests to ${WHO} queue: answers begin late`,
      description: `{{ $value | humanize }} requests wait per pod of revision {{ $labels.revision }}.`,
    },
    {
      alert: 'DeepSeekNoReadyReplica',
      // A first version that still loads has never answered, and what was off a moment ago is waking: these are no outages.
      expr:
        `deepseek:ready_replicas${own} == 0 and deepseek:wanted_replicas${own} > 0 and deepseek:has_served${own} == 1 ` +
        `unless min_over_time(deepseek:wanted_replicas${own}[${WAKING}]) == 0`,
      for: '2m',
      severity: 'critical',
      summary: `${WHO} answers nobody: no replica is ready`,
      description: 'It was served before, replicas are wanted, and none is ready.',
    },
    {
      alert: 'DeepSeekReplicasMissing',
      // In a handover it is given fewer than are wanted, on purpose.
      expr: `deepseek:ready_replicas${own} < deepseek:assigned_replicas${own} and deepseek:ready_replicas${own} > 0`,
      for: '10m',
      severity: 'warning',
      summary: `${WHO} has fewer replicas than it should: users share what is left`,
      description: '{{ $value }} replicas are ready, fewer than are wanted.',
    },
    {
      alert: 'DeepSeekAutoscalerAtMaximum',
      expr: `deepseek:wanted_replicas${own} and deepseek:at_max_replicas${own} == 1`,
      for: '15m',
      severity: 'warning',
      summary: `${WHO} cannot grow further: more load makes every answer slower`,
      description: 'Its metrics ask for more than {{ $value }} replicas, which is the maximum of its autoscaling.',
    },
    {
      alert: 'DeepSeekMetricsMissing',
      expr:
        `deepseek:ready_replicas${own} > 0 and deepseek:scraped${own} == 1 ` +
        `unless on (${DEPLOYMENT_ON}) (${SERIES.up}${own} == 1)`,
      for: '10m',
      severity: 'warning',
      summary: `Nobody sees how users of ${WHO} are served, and it does not scale`,
      description: 'Replicas are ready, and Prometheus has scraped none of them for 10 minutes.',
    },
  ];
}

function rollouts(scope: Scope): AlertText[] {
  const own = enginesOf(scope);
  const phase = (...phases: string[]) => `deepseek:rollout_phase${enginesOf(scope, `phase=~"${phases.join('|')}"`)}`;
  return [
    {
      alert: 'DeepSeekStartupTooLong',
      expr: `deepseek:ready_reason${enginesOf(scope, 'reason="StartupBudgetExceeded"')} > 0`,
      for: '1m',
      severity: 'warning',
      summary: `A version of ${WHO} does not come up: users keep the old one, or have none`,
      description: 'Its pods were not ready within the time that loading may take.',
    },
    {
      alert: 'DeepSeekRolloutStuck',
      expr: `${phase('Scheduling', 'Loading', 'Proving', 'Switching', 'RollingBack', 'Aborting')} > 0`,
      for: '2h',
      severity: 'warning',
      summary: `The new version of ${WHO} does not reach users`,
      description: 'Its rollout has been in the phase {{ $labels.phase }} for two hours.',
    },
    {
      alert: 'DeepSeekRolloutWaiting',
      expr: `${phase('Waiting', 'AwaitingPromotion')} > 0`,
      for: '4h',
      severity: 'info',
      summary: `The new version of ${WHO} waits for GPUs or for a person`,
      description: 'Its rollout has been in the phase {{ $labels.phase }} for four hours.',
    },
    {
      alert: 'DeepSeekRolledBack',
      expr: `time() - deepseek:last_rollback_timestamp_seconds${own} < 3600`,
      severity: 'warning',
      summary: `${WHO} went back to its old version: the new one failed its users`,
      description: 'It was taken back {{ $value | humanizeDuration }} ago.',
    },
    {
      alert: 'DeepSeekStalled',
      expr: `deepseek:ready_reason${own} > 0 and on (${DEPLOYMENT_ON}) deepseek:rollout_phase${enginesOf(scope, 'phase="Held"')} > 0`,
      for: '1h',
      severity: 'info',
      summary: `What was asked of ${WHO} is held back: users stay on the old version`,
      description: 'The version was taken back and is not tried again ({{ $labels.reason }}).',
    },
  ];
}

function gpus(scope: Scope, limits: Thresholds): AlertText[] {
  const own = enginesOf(scope);
  const used = `${GPU_SERIES.memoryUsed}${own}`;
  const planned = `clamp_min(${GPU_SERIES.memoryPlanned}${own}, ${limits.gpuMemory})`;
  return [
    {
      alert: 'DeepSeekGPUTemperatureHigh',
      expr: `${GPU_SERIES.temperature}${own} > ${limits.gpuTemperature}`,
      for: '5m',
      severity: 'warning',
      summary: `A GPU of ${WHO} is too hot: it slows down, and answers with it`,
      description: 'GPU {{ $labels.UUID }} of pod {{ $labels.pod }} has {{ $value }} °C.',
    },
    {
      alert: 'DeepSeekGPUMemoryHigh',
      // Engines fill what they were planned to: that is normal.
      expr: `${used} > on (${REVISION_ON}) group_left ${planned} or (${used} > ${limits.gpuMemory} unless on (${REVISION_ON}) ${planned})`,
      for: '5m',
      severity: 'warning',
      summary: `A pod of ${WHO} is about to run out of GPU memory, which would cut all its answers`,
      description: `${PERCENT} of the memory of GPU {{ $labels.UUID }} of pod {{ $labels.pod }} is in use, more than the plan fills.`,
    },
    {
      alert: 'DeepSeekGPUXidError',
      // The gauge keeps the last error for good: what counts is that it changed.
      expr: `${GPU_SERIES.xid}${own} > 0 and changes(${GPU_SERIES.xid}${own}[15m]) > 0`,
      severity: 'critical',
      summary: `A GPU of ${WHO} reports an error: answers may stop or be wrong`,
      description: 'XID {{ $value }} on GPU {{ $labels.UUID }} of pod {{ $labels.pod }}.',
    },
  ];
}
