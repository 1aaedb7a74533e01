import type { EngineType } from '../api/index.ts';
import { CATALOG, type CanonicalMetric } from '../catalog/index.ts';
import { gpuRules } from './gpu-rules.ts';
import { boundLabel, boundPattern, type CanonicalHistogram, HISTOGRAMS, interpolate } from './histograms.ts';
import { ENGINE_LABEL, MAX_NUM_SEQS_METRIC, POD_LABELS, RATE, REVISION_LABELS, SERIES, SERIES_LABEL } from './names.ts';
import { deploymentsOf, enginesOf, type RecordingRule, type RuleGroup, type Scope } from './rules.ts';

/** What the rules of one DeepSeekDeployment know of its revisions, so that they need nothing from the operator's metrics. */
export interface RevisionFacts {
  readonly revision: string;
  readonly engine: EngineType;
  /** Requests that one engine runs at once. */
  readonly maxNumSeqs?: number;
}

const ENGINES = ['vLLM', 'SGLang', 'TensorRT-LLM', 'llama.cpp'] as const satisfies readonly EngineType[];

/** What the scrape says of a pod; the engine is added by the rule. */
const TARGET = POD_LABELS.filter((label) => label !== ENGINE_LABEL).join(', ');
const REVISION = REVISION_LABELS.join(', ');

/** How often signals that autoscalers read are recorded; with a scrape every 10 s they are at most 20 s old. */
const SIGNAL_INTERVAL = '10s';
const LATENCY_INTERVAL = '30s';
export const QUANTILES = [0.5, 0.95, 0.99] as const;

/**
 * The rules that make four engines one, in groups that build upon each other in this order. For one DeepSeekDeployment
 * those of the engines of its revisions.
 */
export function recordingRules(scope: Scope, revisions: readonly RevisionFacts[] = []): RuleGroup[] {
  const groups = allRecordingRules(scope, revisions);
  if (revisions.length === 0) return groups;
  const engines = new Set<string>(revisions.map(({ engine }) => engine));
  const isOurs = ({ labels }: RecordingRule) => {
    const engine = labels?.[ENGINE_LABEL];
    return engine === undefined || engines.has(engine);
  };
  return groups.map((group) => ({ ...group, rules: group.rules.filter(isOurs) }));
}

interface RecordingGroup extends RuleGroup {
  readonly rules: readonly RecordingRule[];
}

function allRecordingRules(scope: Scope, revisions: readonly RevisionFacts[]): RecordingGroup[] {
  const prefix = groupPrefix(scope);
  return [
    { name: `${prefix}signals`, interval: SIGNAL_INTERVAL, rules: signals(scope, revisions) },
    { name: `${prefix}counters`, interval: SIGNAL_INTERVAL, rules: counters(scope) },
    { name: `${prefix}latencies`, interval: LATENCY_INTERVAL, rules: histograms(scope) },
    { name: `${prefix}rates`, interval: LATENCY_INTERVAL, rules: rates(scope) },
    { name: `${prefix}gpus`, interval: LATENCY_INTERVAL, rules: gpuRules(scope) },
    { name: `${prefix}deployments`, interval: LATENCY_INTERVAL, rules: deployments(scope) },
  ];
}

/** Names of groups are unique in a rule file, and better so in a whole Prometheus. */
export function groupPrefix(scope: Scope): string {
  return scope.kind === 'Fleet' ? 'deepseek-' : `deepseek-${scope.namespace}-${scope.name}-`;
}

/** Name of an engine's metric in its newest version in the catalogue that has it. */
export function engineMetric(type: EngineType, metric: CanonicalMetric): string | undefined {
  const versions = CATALOG.engines.find((engine) => engine.type === type)?.versions ?? [];
  return versions.map(({ metrics }) => metrics[metric]).find((name) => name !== undefined);
}

/** One rule for each engine that has the metric. */
function perEngine(
  record: string,
  metric: CanonicalMetric,
  expr: (name: string) => string,
  labels: Readonly<Record<string, string>> = {},
): RecordingRule[] {
  return ENGINES.flatMap((engine) => {
    const name = engineMetric(engine, metric);
    return name === undefined ? [] : [{ record, expr: expr(name), labels: { [ENGINE_LABEL]: engine, ...labels } }];
  });
}

function signals(scope: Scope, revisions: readonly RevisionFacts[]): RecordingRule[] {
  const own = enginesOf(scope);
  const sum = (name: string) => `sum by (${TARGET}) (${name}${own})`;
  return [
    { record: SERIES.up, expr: `max by (${TARGET}) (up${own})` },
    ...perEngine(SERIES.queueDepth, 'requestsWaiting', sum),
    ...perEngine(SERIES.running, 'requestsRunning', sum),
    // Of engines with several ranks the fullest decides: requests that are sent there wait.
    ...perEngine(SERIES.kvCacheUtilization, 'kvCacheUsage', (name) => `max by (${TARGET}) (${name}${own})`),
    ...maxNumSeqs(scope, revisions),
    {
      record: SERIES.batchUtilization,
      expr:
        `${SERIES.running}${own} / on (namespace, deepseekdeployment, revision) group_left ` +
        `max by (namespace, deepseekdeployment, revision) (${SERIES.maxNumSeqs}${own})`,
    },
  ];
}

/** Rules of one DeepSeekDeployment say the number themselves; those for all take it from the operator. */
function maxNumSeqs(scope: Scope, revisions: readonly RevisionFacts[]): RecordingRule[] {
  if (scope.kind === 'Fleet') {
    return [
      { record: SERIES.maxNumSeqs, expr: byDeployment(`${MAX_NUM_SEQS_METRIC}${deploymentsOf(scope)}`, ['revision']) },
    ];
  }
  return revisions.flatMap(({ revision, maxNumSeqs: value }) => {
    if (value === undefined) return [];
    const labels = {
      [SERIES_LABEL.namespace]: scope.namespace,
      [SERIES_LABEL.deployment]: scope.name,
      [SERIES_LABEL.revision]: revision,
    };
    return [{ record: SERIES.maxNumSeqs, expr: `vector(${value})`, labels }];
  });
}

/**
 * A series of the operator about DeepSeekDeployments under the labels of the engines' series. Two operators may say it for
 * a moment while the leader changes.
 */
function byDeployment(series: string, more: readonly string[] = []): string {
  const labels = [SERIES_LABEL.namespace, SERIES_LABEL.deployment, ...more].join(', ');
  return `max by (${labels}) (label_replace(${series}, "${SERIES_LABEL.deployment}", "$1", "name", "(.+)"))`;
}

/** What the operator says of DeepSeekDeployments, recorded; by the name of its metric. */
function deployments(scope: Scope): RecordingRule[] {
  const rule = (record: string, metric: string, more: readonly string[] = []) => ({
    record,
    expr: byDeployment(`deepseek_operator_deployment_${metric}${deploymentsOf(scope)}`, more),
  });
  return [
    rule('deepseek:ready_replicas', 'ready_replicas'),
    rule('deepseek:wanted_replicas', 'wanted_replicas'),
    rule('deepseek:assigned_replicas', 'assigned_replicas'),
    rule('deepseek:has_served', 'has_served'),
    rule('deepseek:scraped', 'scraped'),
    rule('deepseek:max_replicas', 'max_replicas'),
    rule('deepseek:at_max_replicas', 'at_max_replicas'),
    rule('deepseek:last_rollback_timestamp_seconds', 'last_rollback_timestamp_seconds'),
    rule('deepseek:rollout_phase', 'phase', ['phase']),
    rule('deepseek:ready_reason', 'reason', ['reason']),
  ];
}

function counters(scope: Scope): RecordingRule[] {
  const own = enginesOf(scope);
  const counter = (name: string) => `sum by (${TARGET}) (${name}${own})`;
  return [
    ...requestCounters(scope),
    ...perEngine(SERIES.tokens, 'promptTokens', counter, { type: 'prompt' }),
    ...perEngine(SERIES.tokens, 'generationTokens', counter, { type: 'generation' }),
  ];
}

/** The same reading of requests and failures as the operator's own (observe/metrics.ts). */
function requestCounters(scope: Scope): RecordingRule[] {
  const own = (...matchers: string[]) => enginesOf(scope, ...matchers);
  const sum = (series: string) => `sum by (${TARGET}) (${series})`;
  const tagged = (series: string, tag: string) => `label_replace(${sum(series)}, "counted", "${tag}", "", "")`;
  // A failed request is counted by its reason, by its HTTP status, or by both.
  const vllmFailed =
    `max by (${TARGET}) (${tagged(`vllm:request_success_total${own('finished_reason="error"')}`, 'reason')} or ` +
    `${tagged(`http_requests_total${own('handler=~"/v1/.*"', 'status=~"5.*"')}`, 'status')} or ` +
    `${sum(`vllm:request_success_total${own()}`)} * 0)`;
  const rules: readonly (readonly [EngineType, all: string, failed: string])[] = [
    ['vLLM', `${sum(`vllm:request_success_total${own('finished_reason!="error"')}`)} + ${vllmFailed}`, vllmFailed],
    // Those that were aborted, clients that left among them: it does not say why.
    [
      'SGLang',
      sum(`{__name__=~"sglang:num_requests_total|sglang:num_aborted_requests_total",${own().slice(1)}`),
      sum(`sglang:num_aborted_requests_total${own()}`),
    ],
    [
      'TensorRT-LLM',
      sum(`trtllm_request_success_total${own()} or trtllm_request_error_total${own('http_code=~"5.*"')}`),
      `${sum(`trtllm_request_error_total${own('http_code=~"5.*"')}`)} or ${sum(`trtllm_request_success_total${own()}`)} * 0`,
    ],
  ];
  return rules.flatMap(([engine, all, failed]) => [
    { record: SERIES.requests, expr: all, labels: { [ENGINE_LABEL]: engine } },
    { record: SERIES.failedRequests, expr: failed, labels: { [ENGINE_LABEL]: engine } },
  ]);
}

function histograms(scope: Scope): RecordingRule[] {
  const own = enginesOf(scope);
  return HISTOGRAMS.flatMap((histogram) => {
    const { series, metric } = histogram;
    const sum = (suffix: string) => (name: string) => `sum by (${TARGET}) (${name}_${suffix}${own})`;
    return [
      ...perEngine(`${series}_sum`, metric, sum('sum')),
      ...perEngine(`${series}_count`, metric, sum('count')),
      ...ENGINES.flatMap((engine) => buckets(engine, histogram, scope)),
    ];
  });
}

function buckets(engine: EngineType, histogram: CanonicalHistogram, scope: Scope): RecordingRule[] {
  const { series, metric, bounds } = histogram;
  const name = engineMetric(engine, metric);
  if (name === undefined) return [];
  const record = `${series}_bucket`;
  const labels = { [ENGINE_LABEL]: engine };
  const own = engine === 'SGLang' ? histogram.sglang : bounds;
  const at = (...wanted: number[]) => `${name}_bucket${enginesOf(scope, `le=~"${boundPattern(wanted)}"`)}`;
  const shared = bounds.filter((bound) => own.includes(bound));
  const matched = `le=~"${boundPattern(shared)}|[+]Inf"`;
  return [
    { record, expr: `sum by (${TARGET}, le) (${name}_bucket${enginesOf(scope, matched)})`, labels },
    ...bounds.flatMap((bound) => {
      const parts = interpolate(bound, own);
      if (parts === undefined) return [];
      const { below, above } = parts;
      const part = ({ bound: at1, weight }: { bound: number; weight: number }) =>
        `${weight} * sum by (${TARGET}) (${at(at1)})`;
      const expr = below === undefined ? part(above) : `${part(below)} + ${part(above)}`;
      return [{ record, expr, labels: { ...labels, le: boundLabel(bound) } }];
    }),
  ];
}

function rates(scope: Scope): RecordingRule[] {
  const own = enginesOf(scope);
  const rate = (series: string, more = '') => `sum by (${REVISION}${more}) (rate(${series}${own}[5m]))`;
  const quantiles = (record: string, series: string) =>
    QUANTILES.map((quantile) => ({
      record,
      expr: `histogram_quantile(${quantile}, ${rate(`${series}_bucket`, ', le')})`,
      labels: { quantile: String(quantile) },
    }));
  const llamaSeconds = `llamacpp:tokens_predicted_seconds_total${own}`;
  return [
    { record: RATE.requests, expr: rate(SERIES.requests) },
    { record: RATE.errorRatio, expr: `${rate(SERIES.failedRequests)} / ${rate(SERIES.requests)}` },
    { record: RATE.tokens, expr: rate(SERIES.tokens, ', type') },
    ...quantiles(RATE.timeToFirstToken, SERIES.timeToFirstToken),
    ...quantiles(RATE.interTokenLatency, SERIES.interTokenLatency),
    ...quantiles(RATE.requestDuration, SERIES.requestDuration),
    {
      record: RATE.meanInterTokenLatency,
      expr: `${rate(`${SERIES.interTokenLatency}_sum`)} / ${rate(`${SERIES.interTokenLatency}_count`)}`,
    },
    {
      record: RATE.meanInterTokenLatency,
      expr:
        `sum by (${REVISION.replace(`, ${ENGINE_LABEL}`, '')}) (rate(${llamaSeconds}[5m])) / ` +
        `sum by (${REVISION.replace(`, ${ENGINE_LABEL}`, '')}) (rate(llamacpp:tokens_predicted_total${own}[5m]))`,
      labels: { [ENGINE_LABEL]: 'llama.cpp' },
    },
  ];
}
