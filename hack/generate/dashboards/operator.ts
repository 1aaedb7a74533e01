import { OPERATOR_SERIES } from '../../../operator/monitoring/operator-alerts.ts';
import type { Dashboard, Panel, Unit } from './panels.ts';

function panel(title: string, description: string, unit: Unit, expr: string, legend: string): Panel {
  return { title, description, unit, queries: [{ expr, legend }] };
}

/** Other controllers have series of the same names. */
const OURS = 'and on (instance) deepseek_operator_build_info';

/** The operator itself. */
export const OPERATOR_DASHBOARD: Dashboard = {
  uid: 'deepseek-operator',
  title: 'DeepSeek / Operator',
  description: 'Whether the operator does its work, and what it does.',
  variables: [],
  rows: [
    {
      title: 'Fleet',
      panels: [
        panel(
          'DeepSeekDeployments',
          'By the phase of their rollout.',
          'short',
          'max by (phase) (deepseek_operator_deployments)',
          '{{phase}}',
        ),
        panel(
          'Reasons',
          'By the reason of their Ready condition.',
          'short',
          'max by (reason) (deepseek_operator_deployments_by_reason)',
          '{{reason}}',
        ),
        panel(
          'Versions',
          'Builds that run.',
          'none',
          'count by (version) (deepseek_operator_build_info)',
          '{{version}}',
        ),
        panel(
          'Leader',
          '1 for the replica that leads.',
          'none',
          `max by (pod) (leader_election_master_status ${OURS})`,
          '{{pod}}',
        ),
      ],
    },
    {
      title: 'Passes',
      panels: [
        panel(
          'Passes',
          'Passes of the loop per second, by result.',
          'short',
          'sum by (result) (rate(deepseek_operator_reconciles_total[5m]))',
          '{{result}}',
        ),
        panel(
          'Failed passes',
          'Share of the passes that end in an error.',
          'percentunit',
          OPERATOR_SERIES.reconcileErrorRatio,
          'errors',
        ),
        panel('Duration of a pass', '99th percentile.', 's', OPERATOR_SERIES.reconcileP99, 'p99'),
        panel(
          'Time in the queue',
          '99th percentile of how long a change waits for its pass.',
          's',
          OPERATOR_SERIES.queueP99,
          'p99',
        ),
      ],
    },
    {
      title: 'Queue and API server',
      panels: [
        panel('Queue', 'Keys that wait.', 'short', `max by (name) (workqueue_depth ${OURS})`, '{{name}}'),
        panel(
          'Oldest work',
          'How long the longest pass has been going on.',
          's',
          `max by (name) (workqueue_longest_running_processor_seconds ${OURS})`,
          '{{name}}',
        ),
        panel(
          'Retries',
          'Keys per second that are tried again.',
          'short',
          `sum by (name) (rate(workqueue_retries_total[5m]) ${OURS})`,
          '{{name}}',
        ),
        panel(
          'Requests to the API server',
          'Per second, by answer; a quiet cluster has next to none.',
          'reqps',
          `sum by (code) (rate(rest_client_requests_total[5m]) ${OURS})`,
          '{{code}}',
        ),
      ],
    },
    {
      title: 'Rollouts',
      panels: [
        panel(
          'Attempts',
          'Since the leader began to lead, by how they ended.',
          'short',
          'sum by (outcome) (deepseek_operator_rollout_attempts_total)',
          '{{outcome}}',
        ),
        panel(
          'GPUs kept for a rollback',
          'What old versions hold.',
          'short',
          'sum by (namespace) (deepseek_operator_warm_gpus)',
          '{{namespace}}',
        ),
        panel(
          'Memory',
          'Of the process, bytes.',
          'short',
          `max by (pod) (process_resident_memory_bytes ${OURS})`,
          '{{pod}}',
        ),
        panel('CPU', 'Cores.', 'short', `max by (pod) (rate(process_cpu_seconds_total[5m]) ${OURS})`, '{{pod}}'),
      ],
    },
  ],
};
