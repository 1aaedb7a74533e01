import { GPU_SERIES } from '../../../operator/monitoring/gpu-rules.ts';
import { RATE, SERIES } from '../../../operator/monitoring/names.ts';
import type { Dashboard, Panel, Unit } from './panels.ts';

/** One curve per this label set. */
interface View {
  readonly by: string;
  readonly legend: string;
  readonly selector: (more?: string) => string;
}

const FLEET_VIEW: View = {
  by: 'namespace, deepseekdeployment',
  legend: '{{namespace}}/{{deepseekdeployment}}',
  selector: (more) =>
    `{namespace=~"$namespace",deepseekdeployment=~"$deployment"${more === undefined ? '' : `,${more}`}}`,
};

/** Versions beside each other. */
const MODEL_VIEW: View = {
  by: 'revision',
  legend: '{{revision}}',
  selector: (more) =>
    `{namespace="$namespace",deepseekdeployment="$deployment"${more === undefined ? '' : `,${more}`}}`,
};

type Aggregation = 'sum' | 'max' | 'avg';

function panel(
  view: View,
  title: string,
  description: string,
  unit: Unit,
  how: Aggregation,
  series: string,
  more?: string,
): Panel {
  const expr = `${how} by (${view.by}) (${series}${view.selector(more)})`;
  return { title, description, unit, queries: [{ expr, legend: view.legend }] };
}

function quantiles(view: View, title: string, description: string, series: string): Panel {
  return {
    title,
    description,
    unit: 's',
    queries: ['0.5', '0.95', '0.99'].map((quantile) => ({
      expr: `max by (${view.by}) (${series}${view.selector(`quantile="${quantile}"`)})`,
      legend: `${view.legend} p${Number(quantile) * 100}`,
    })),
  };
}

function traffic(view: View): readonly Panel[] {
  return [
    panel(
      view,
      'Requests',
      'Requests that ended, per second. llama.cpp does not count them.',
      'reqps',
      'sum',
      RATE.requests,
    ),
    panel(
      view,
      'Failed requests',
      'Share of the requests that failed in the engine.',
      'percentunit',
      'max',
      RATE.errorRatio,
    ),
    {
      title: 'Tokens',
      description: 'Tokens of prompts and answers, per second.',
      unit: 'short',
      queries: [
        { expr: `sum by (${view.by}, type) (${RATE.tokens}${view.selector()})`, legend: `${view.legend} {{type}}` },
      ],
    },
    {
      title: 'Tokens since the start',
      description: 'What the running engines have handled, by type.',
      unit: 'short',
      queries: [
        { expr: `sum by (${view.by}, type) (${SERIES.tokens}${view.selector()})`, legend: `${view.legend} {{type}}` },
      ],
    },
  ];
}

function latencies(view: View): readonly Panel[] {
  return [
    quantiles(view, 'Time to the first token', 'How long users wait before an answer begins.', RATE.timeToFirstToken),
    quantiles(
      view,
      'Time between tokens',
      'How fast answers are written; people read some 5 tokens a second.',
      RATE.interTokenLatency,
    ),
    quantiles(view, 'Time to a whole answer', 'From the request to its last token.', RATE.requestDuration),
    panel(
      view,
      'Mean time between tokens',
      'The one latency that all engines tell, llama.cpp too.',
      's',
      'max',
      RATE.meanInterTokenLatency,
    ),
    {
      title: 'Answers by duration',
      description: 'Answers per second that took at most so long, of deepseek_api_duration_seconds.',
      unit: 'reqps',
      queries: [
        { expr: `sum by (le) (rate(${SERIES.requestDuration}_bucket${view.selector()}[5m]))`, legend: '≤ {{le}} s' },
      ],
    },
  ];
}

function saturation(view: View): readonly Panel[] {
  return [
    panel(
      view,
      'Waiting requests',
      'Requests in the queues of the engines: what autoscaling looks at first.',
      'short',
      'sum',
      SERIES.queueDepth,
    ),
    panel(view, 'Running requests', 'Requests that are being answered.', 'short', 'sum', SERIES.running),
    panel(
      view,
      'Batch in use',
      'Running requests of those that fit at once.',
      'percentunit',
      'avg',
      SERIES.batchUtilization,
    ),
    panel(
      view,
      'KV cache in use',
      'The fullest pod; when it is full, requests wait. llama.cpp does not tell.',
      'percentunit',
      'max',
      SERIES.kvCacheUtilization,
    ),
    panel(view, 'Requests that fit at once', 'Per engine, as it was planned.', 'short', 'max', SERIES.maxNumSeqs),
  ];
}

function hardware(view: View): readonly Panel[] {
  return [
    panel(view, 'GPU temperature', 'The hottest GPU. From dcgm-exporter.', 'celsius', 'max', GPU_SERIES.temperature),
    panel(
      view,
      'GPU memory in use',
      'The fullest GPU; engines fill what was planned.',
      'percentunit',
      'max',
      GPU_SERIES.memoryUsed,
    ),
    panel(view, 'GPU memory planned', 'What is normal, with a margin.', 'percentunit', 'max', GPU_SERIES.memoryPlanned),
    panel(
      view,
      'GPU utilisation',
      'Share of the time in which anything ran: 1 with a single request already.',
      'percentunit',
      'avg',
      GPU_SERIES.utilization,
    ),
    panel(view, 'XID errors', 'The last error of a GPU; 0 is none.', 'none', 'max', GPU_SERIES.xid),
  ];
}

function replicas(view: View): readonly Panel[] {
  // What the operator says is about a DeepSeekDeployment, whatever the revision.
  const whole = { ...view, by: 'namespace, deepseekdeployment', legend: '{{deepseekdeployment}}' };
  return [
    {
      title: 'Replicas',
      description: 'Ready, wanted, and most that autoscaling may ask for.',
      unit: 'short',
      queries: [
        { expr: `max by (${whole.by}) (deepseek:ready_replicas${view.selector()})`, legend: `${whole.legend} ready` },
        { expr: `max by (${whole.by}) (deepseek:wanted_replicas${view.selector()})`, legend: `${whole.legend} wanted` },
        { expr: `max by (${whole.by}) (deepseek:max_replicas${view.selector()})`, legend: `${whole.legend} most` },
      ],
    },
    panel(
      view,
      'Scraped pods',
      'Pods whose engines answer Prometheus; one that loads does not yet.',
      'short',
      'sum',
      SERIES.up,
    ),
    {
      title: 'Rollout',
      description: 'The phase of the rollout.',
      unit: 'none',
      queries: [
        {
          expr: `max by (${whole.by}, phase) (deepseek:rollout_phase${view.selector()})`,
          legend: `${whole.legend} {{phase}}`,
        },
      ],
    },
    {
      title: 'Why',
      description: 'The reason of the Ready condition.',
      unit: 'none',
      queries: [
        {
          expr: `max by (${whole.by}, reason) (deepseek:ready_reason${view.selector()})`,
          legend: `${whole.legend} {{reason}}`,
        },
      ],
    },
  ];
}

const rows = (view: View) => [
  { title: 'Replicas', panels: replicas(view) },
  { title: 'Traffic', panels: traffic(view) },
  { title: 'Latency', panels: latencies(view) },
  { title: 'Saturation', panels: saturation(view) },
  { title: 'GPUs', panels: hardware(view) },
];

/** All DeepSeekDeployments, one curve each. */
export const FLEET_DASHBOARD: Dashboard = {
  uid: 'deepseek-fleet',
  title: 'DeepSeek / Fleet',
  description: 'All models that deepseek-operator serves, whatever their engine.',
  variables: [
    { name: 'namespace', label: 'Namespace', values: `label_values(${SERIES.up}, namespace)`, several: true },
    {
      name: 'deployment',
      label: 'DeepSeekDeployment',
      values: `label_values(${SERIES.up}{namespace=~"$namespace"}, deepseekdeployment)`,
      several: true,
    },
  ],
  rows: rows(FLEET_VIEW),
};

/** One DeepSeekDeployment, one curve for each revision: the versions beside each other during a rollout. */
export const MODEL_DASHBOARD: Dashboard = {
  uid: 'deepseek-model',
  title: 'DeepSeek / Model',
  description: 'One model; during a rollout its versions beside each other.',
  variables: [
    { name: 'namespace', label: 'Namespace', values: `label_values(${SERIES.up}, namespace)`, several: false },
    {
      name: 'deployment',
      label: 'DeepSeekDeployment',
      values: `label_values(${SERIES.up}{namespace="$namespace"}, deepseekdeployment)`,
      several: false,
    },
  ],
  rows: rows(MODEL_VIEW),
};
