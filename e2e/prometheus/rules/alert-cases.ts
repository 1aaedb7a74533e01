import { counter, gauge, histogram, type InputSeries, POD, type Segment } from './series.ts';

/** What happens: quiet, then this, then quiet again. */
export interface AlertCase {
  readonly alert: string;
  readonly severity: 'critical' | 'warning' | 'info';
  /** Labels that tell whom it is about; none for the operator. */
  readonly about?: string;
  /** The series of a quiet time of `before` minutes, of `during` minutes of what the alert is for, and of quiet again. */
  readonly series: (happens: Happens) => readonly InputSeries[];
  /** Minutes from when it begins until the alert must be there. */
  readonly firesAfter: number;
  /** Minutes into it in which nothing may fire yet; default: one less than half of firesAfter. */
  readonly quietFor?: number;
  /** Minutes from the end of it until the alert must be gone. */
  readonly clearsAfter: number;
  /** The same, just not bad enough. */
  readonly near: (happens: Happens) => readonly InputSeries[];
  /** Other ways of not being bad enough, by what they are. */
  readonly neither?: Readonly<Record<string, (happens: Happens) => readonly InputSeries[]>>;
}

/** A value in the quiet, in what happens, and again in the quiet. */
export type Happens = (quiet: number, bad: number) => readonly Segment[];

const CHAT = 'namespace="ai",name="chat"';
const UP = `up{job="deepseek-engines",${POD}}`;
const DCGM = 'UUID="GPU-1",namespace="ai",pod="chat-a-0",gpu="0",modelName="NVIDIA H100"';
/** Not honoured labels: what dcgm-exporter says of the pod is renamed. */
const EXPORTED = 'UUID="GPU-1",exported_namespace="ai",exported_pod="chat-a-0",gpu="0"';
const operatorGauge = (metric: string, labels: string, ...segments: readonly Segment[]) =>
  gauge(`deepseek_operator_${metric}{instance="op",${labels}}`, ...segments);

/** Of 60 requests a minute so many take as long as the slow bucket. */
const slow = (name: string, fast: string, bound: string, happens: Happens, share: number) =>
  histogram(name, POD, {
    [fast]: happens(60, 60 * (1 - share)),
    [bound]: happens(60, 60),
    '+Inf': happens(60, 60),
  });

/** What is always so, of a model that has served, is scraped and has the replicas that are wanted. */
interface Always {
  readonly hasServed?: number;
  readonly scraped?: number;
  readonly assigned?: readonly Segment[];
}

const replicas = (
  happens: Happens,
  wanted: readonly Segment[],
  ready: readonly [number, number],
  { hasServed = 1, scraped = 1, assigned = wanted }: Always = {},
) => [
  operatorGauge('deployment_ready_replicas', CHAT, ...happens(...ready)),
  operatorGauge('deployment_wanted_replicas', CHAT, ...wanted),
  operatorGauge('deployment_assigned_replicas', CHAT, ...assigned),
  operatorGauge('deployment_has_served', CHAT, ...happens(hasServed, hasServed)),
  operatorGauge('deployment_scraped', CHAT, ...happens(scraped, scraped)),
];

const phase = (name: string) => (happens: Happens) => [
  operatorGauge(`deployment_phase`, `${CHAT},phase="${name}"`, ...happens(Number.NaN, 1)),
  operatorGauge(`deployment_phase`, `${CHAT},phase="Idle"`, ...happens(1, Number.NaN)),
];

const gpu =
  (metric: string, labels = DCGM) =>
  (quiet: number, bad: number) =>
  (happens: Happens) => [gauge(UP, ...happens(1, 1)), gauge(`${metric}{${labels}}`, ...happens(quiet, bad))];

/** Of 80,000 MiB so many are in use; the plan lets the engine fill this share. */
const gpuMemory = (quiet: number, bad: number, planned: number) => (happens: Happens) => [
  gauge(UP, ...happens(1, 1)),
  gauge(`DCGM_FI_DEV_FB_USED{${DCGM}}`, ...happens(quiet, bad)),
  gauge(`DCGM_FI_DEV_FB_FREE{${DCGM}}`, ...happens(80_000 - quiet, 80_000 - bad)),
  operatorGauge('revision_gpu_memory_fraction', `${CHAT},revision="a"`, ...happens(planned, planned)),
];

const reconciles = (share: number) => (happens: Happens) => [
  counter('deepseek_operator_reconciles_total{result="success"}', ...happens(100, 100 * (1 - share))),
  counter('deepseek_operator_reconciles_total{result="error"}', ...happens(0, 100 * share)),
];

const queue = (bound: string) => (happens: Happens) =>
  histogram('workqueue_queue_duration_seconds', 'name="deepseekdeployment"', {
    '0.1': happens(60, 0),
    '1': happens(60, bound === '1' ? 60 : 0),
    '10': happens(60, bound === '1' ? 60 : 0),
    '100': happens(60, 60),
    '+Inf': happens(60, 60),
  });

export const ALERT_CASES: readonly AlertCase[] = [
  {
    alert: 'DeepSeekLatencyHigh',
    severity: 'warning',
    firesAfter: 20,
    clearsAfter: 10,
    series: (happens) => slow('vllm:e2e_request_latency_seconds', '60.0', '120.0', happens, 0.05),
    near: (happens) => slow('vllm:e2e_request_latency_seconds', '60.0', '120.0', happens, 0.005),
  },
  {
    alert: 'DeepSeekTimeToFirstTokenHigh',
    severity: 'warning',
    firesAfter: 20,
    clearsAfter: 10,
    series: (happens) => [
      ...slow('sglang:time_to_first_token_seconds', '4.0', '10.0', happens, 0.5),
      ...histogram('sglang:time_to_first_token_seconds', POD, { '6.0': happens(60, 30) }),
    ],
    near: (happens) => slow('trtllm_time_to_first_token_seconds', '5.0', '10.0', happens, 0.04),
  },
  {
    alert: 'DeepSeekInterTokenLatencyHigh',
    severity: 'warning',
    firesAfter: 20,
    clearsAfter: 10,
    series: (happens) => slow('trtllm_time_per_output_token_seconds', '0.2', '0.5', happens, 0.2),
    near: (happens) => slow('trtllm_time_per_output_token_seconds', '0.2', '0.5', happens, 0.04),
  },
  {
    alert: 'DeepSeekErrorRatioHigh',
    severity: 'critical',
    firesAfter: 12,
    clearsAfter: 10,
    series: (happens) => [
      counter(`vllm:request_success_total{${POD},finished_reason="stop"}`, ...happens(60, 60)),
      counter(`vllm:request_success_total{${POD},finished_reason="error"}`, ...happens(0, 0)),
      counter(`http_requests_total{${POD},handler="/v1/chat/completions",status="5xx"}`, ...happens(0, 6)),
    ],
    // A client's mistakes, and 4 percent of failures.
    near: (happens) => [
      counter(`vllm:request_success_total{${POD},finished_reason="stop"}`, ...happens(96, 96)),
      counter(`vllm:request_success_total{${POD},finished_reason="error"}`, ...happens(0, 4)),
      counter(`http_requests_total{${POD},handler="/v1/chat/completions",status="4xx"}`, ...happens(0, 50)),
      counter(`http_requests_total{${POD},handler="/health",status="5xx"}`, ...happens(0, 50)),
    ],
  },
  {
    alert: 'DeepSeekKVCacheFull',
    severity: 'warning',
    firesAfter: 12,
    clearsAfter: 10,
    series: (happens) => [gauge(`vllm:kv_cache_usage_perc{${POD}}`, ...happens(0.5, 0.99))],
    near: (happens) => [gauge(`vllm:kv_cache_usage_perc{${POD}}`, ...happens(0.5, 0.94))],
  },
  {
    alert: 'DeepSeekQueueGrowing',
    severity: 'warning',
    firesAfter: 12,
    clearsAfter: 10,
    series: (happens) => [gauge(`llamacpp:requests_deferred{${POD}}`, ...happens(0, 25))],
    near: (happens) => [gauge(`llamacpp:requests_deferred{${POD}}`, ...happens(0, 9))],
  },
  {
    alert: 'DeepSeekNoReadyReplica',
    severity: 'critical',
    firesAfter: 4,
    clearsAfter: 3,
    series: (happens) => replicas(happens, happens(2, 2), [2, 0]),
    near: (happens) => replicas(happens, happens(2, 2), [2, 1]),
    neither: {
      'a first version that loads': (happens) => replicas(happens, happens(2, 2), [0, 0], { hasServed: 0 }),
      'one that is off': (happens) => replicas(happens, happens(2, 0), [2, 0]),
      'one that was off and wakes': (happens) => {
        const [quiet, bad, after] = happens(0, 0);
        // Woken ten minutes before the end.
        return replicas(happens, [quiet!, [bad![0] - 10, 0], [10, 1], [after![0], 1]], [0, 0]);
      },
    },
  },
  {
    alert: 'DeepSeekReplicasMissing',
    severity: 'warning',
    firesAfter: 12,
    quietFor: 8,
    clearsAfter: 3,
    series: (happens) => replicas(happens, happens(3, 3), [3, 2]),
    near: (happens) => replicas(happens, happens(3, 2), [3, 2]),
    neither: {
      'a handover': (happens) => replicas(happens, happens(3, 3), [3, 2], { assigned: happens(3, 2) }),
    },
  },
  {
    alert: 'DeepSeekAutoscalerAtMaximum',
    severity: 'warning',
    firesAfter: 18,
    quietFor: 13,
    clearsAfter: 3,
    series: (happens) => [
      operatorGauge('deployment_wanted_replicas', CHAT, ...happens(3, 8)),
      operatorGauge('deployment_at_max_replicas', CHAT, ...happens(0, 1)),
    ],
    near: (happens) => [
      // It has as many as it may, and needs no more.
      operatorGauge('deployment_wanted_replicas', CHAT, ...happens(3, 8)),
      operatorGauge('deployment_at_max_replicas', CHAT, ...happens(0, 0)),
    ],
  },
  {
    alert: 'DeepSeekMetricsMissing',
    severity: 'warning',
    firesAfter: 12,
    quietFor: 8,
    clearsAfter: 3,
    series: (happens) => [...replicas(happens, happens(1, 1), [1, 1]), gauge(UP, ...happens(1, 0))],
    near: (happens) => [
      ...replicas(happens, happens(1, 1), [1, 1]),
      gauge(UP, ...happens(1, 0)),
      gauge(UP.replace('chat-a-0', 'chat-a-1'), ...happens(1, 1)),
    ],
    neither: {
      'one that nobody is to scrape': (happens) => replicas(happens, happens(1, 1), [1, 1], { scraped: 0 }),
    },
  },
  {
    alert: 'DeepSeekStartupTooLong',
    severity: 'warning',
    firesAfter: 3,
    clearsAfter: 3,
    series: (happens) => [
      operatorGauge('deployment_reason', `${CHAT},reason="StartupBudgetExceeded"`, ...happens(Number.NaN, 1)),
    ],
    near: (happens) => [operatorGauge('deployment_reason', `${CHAT},reason="Loading"`, ...happens(Number.NaN, 1))],
  },
  {
    alert: 'DeepSeekRolloutStuck',
    severity: 'warning',
    firesAfter: 125,
    quietFor: 110,
    clearsAfter: 3,
    series: phase('Loading'),
    near: phase('Watching'),
  },
  {
    alert: 'DeepSeekRolloutWaiting',
    severity: 'info',
    firesAfter: 245,
    quietFor: 230,
    clearsAfter: 3,
    series: phase('Waiting'),
    near: phase('Proving'),
  },
  {
    alert: 'DeepSeekStalled',
    severity: 'info',
    firesAfter: 65,
    quietFor: 55,
    clearsAfter: 3,
    series: (happens) => [
      ...phase('Held')(happens),
      operatorGauge('deployment_reason', `${CHAT},reason="RolledBack"`, ...happens(Number.NaN, 1)),
    ],
    near: (happens) => [
      ...phase('Loading')(happens),
      operatorGauge('deployment_reason', `${CHAT},reason="RolledBack"`, ...happens(Number.NaN, 1)),
    ],
  },
  {
    alert: 'DeepSeekRolledBack',
    severity: 'warning',
    firesAfter: 1,
    quietFor: -1,
    clearsAfter: 65,
    // The operator goes on to say when it was; promtool's clock begins at 0.
    series: (happens) => {
      const [quiet, bad, after] = happens(Number.NaN, 0);
      const at = quiet![0] * 60;
      return [
        operatorGauge('deployment_last_rollback_timestamp_seconds', CHAT, quiet!, [bad![0], at], [after![0], at]),
      ];
    },
    // One of long ago, which an operator that was restarted tells of again.
    near: (happens) => [
      operatorGauge('deployment_last_rollback_timestamp_seconds', CHAT, ...happens(Number.NaN, -3_600)),
    ],
  },
  {
    alert: 'DeepSeekGPUTemperatureHigh',
    severity: 'warning',
    firesAfter: 7,
    clearsAfter: 3,
    series: gpu('DCGM_FI_DEV_GPU_TEMP', EXPORTED)(60, 85),
    near: gpu('DCGM_FI_DEV_GPU_TEMP')(60, 80),
  },
  {
    alert: 'DeepSeekGPUMemoryHigh',
    severity: 'warning',
    firesAfter: 7,
    clearsAfter: 3,
    series: gpuMemory(60_000, 73_000, 0.8),
    near: gpuMemory(60_000, 75_000, 0.9),
  },
  {
    alert: 'DeepSeekGPUXidError',
    severity: 'critical',
    firesAfter: 2,
    quietFor: -1,
    clearsAfter: 17,
    // The exporter goes on to show the last one.
    series: (happens) => {
      const [quiet, bad, after] = happens(0, 79);
      return [
        gauge(UP, ...happens(1, 1)),
        gauge(`DCGM_FI_DEV_XID_ERRORS{${DCGM}}`, quiet!, [5, 79], [bad![0] - 5 + after![0], 79]),
      ];
    },
    near: gpu('DCGM_FI_DEV_XID_ERRORS')(79, 79),
  },
  {
    alert: 'DeepSeekOperatorDown',
    severity: 'critical',
    about: '',
    firesAfter: 12,
    quietFor: 4,
    clearsAfter: 3,
    series: (happens) => [operatorGauge('build_info', 'version="1"', ...happens(1, Number.NaN))],
    near: (happens) => [
      operatorGauge('build_info', 'version="1"', ...happens(1, Number.NaN)),
      operatorGauge('build_info', 'version="2"', ...happens(Number.NaN, 1)),
    ],
  },
  {
    alert: 'DeepSeekOperatorNoLeader',
    severity: 'critical',
    about: '',
    firesAfter: 4,
    clearsAfter: 3,
    series: (happens) => [
      operatorGauge('build_info', 'version="1"', ...happens(1, 1)),
      gauge('leader_election_master_status{instance="op",name="deepseek-operator"}', ...happens(1, 0)),
    ],
    near: (happens) => [
      operatorGauge('build_info', 'version="1"', ...happens(1, 1)),
      operatorGauge('build_info', 'version="1",pod="standby"', ...happens(1, 1)),
      gauge('leader_election_master_status{instance="op",name="deepseek-operator"}', ...happens(1, 0)),
      gauge('leader_election_master_status{instance="op",name="deepseek-operator",pod="standby"}', ...happens(0, 1)),
    ],
  },
  {
    alert: 'DeepSeekOperatorReconcileErrors',
    severity: 'warning',
    about: '',
    firesAfter: 18,
    clearsAfter: 7,
    series: reconciles(0.5),
    near: reconciles(0.08),
  },
  {
    alert: 'DeepSeekOperatorQueueSlow',
    severity: 'warning',
    about: 'name="deepseekdeployment"',
    firesAfter: 18,
    clearsAfter: 7,
    series: queue('100'),
    near: queue('1'),
  },
];
