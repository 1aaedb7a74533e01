import { stringify } from 'yaml';
import {
  deploymentAlerts,
  FLEET,
  MONITORING_KINDS,
  operatorPodMonitor,
  operatorRules,
  prometheusConfig,
  recordingRules,
  type RuleGroup,
} from '../../operator/monitoring/index.ts';
import {
  type Dashboard,
  FLEET_DASHBOARD,
  MODEL_DASHBOARD,
  OPERATOR_DASHBOARD,
  renderDashboard,
} from './dashboards/index.ts';
import { GENERATED, type GeneratedFile } from './file.ts';

/** What Grafana's sidecar looks for. */
const DASHBOARD_LABEL = { grafana_dashboard: '1' } as const;

const DASHBOARDS: Readonly<Record<string, Dashboard>> = {
  'deepseek-fleet': FLEET_DASHBOARD,
  'deepseek-model': MODEL_DASHBOARD,
  'deepseek-operator': OPERATOR_DASHBOARD,
};

/** What Prometheus reads itself: rules about all DeepSeekDeployments and about the operator. */
const RULES: Readonly<Record<string, () => readonly RuleGroup[]>> = {
  'deepseek-rules': () => [...recordingRules(FLEET), deploymentAlerts(FLEET)],
  'deepseek-operator-rules': () => operatorRules(),
};

function yaml(...documents: readonly object[]): string {
  const options = { lineWidth: 0, aliasDuplicateObjects: false };
  return `# ${GENERATED}\n${documents.map((document) => stringify(document, options)).join('---\n')}`;
}

/** Grafana shows JSON as it is, so it says nothing of where it comes from. */
const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

/** Everything that is applied or read as it is: manifests/prometheus, manifests/prometheus-operator, manifests/grafana. */
export const monitoringFiles: readonly GeneratedFile[] = [
  { path: 'manifests/prometheus/prometheus.yaml', render: () => yaml(prometheusConfig()) },
  ...Object.entries(RULES).flatMap(([name, groups]) => [
    { path: `manifests/prometheus/${name}.yaml`, render: () => yaml({ groups: groups() }) },
    {
      path: `manifests/prometheus-operator/${name}.yaml`,
      render: () => {
        const { apiVersion, kind } = MONITORING_KINDS.PrometheusRule;
        return yaml({ apiVersion, kind, metadata: { name }, spec: { groups: groups() } });
      },
    },
  ]),
  {
    path: 'manifests/prometheus-operator/deepseek-operator-pod-monitor.yaml',
    render: () => yaml(operatorPodMonitor()),
  },
  ...Object.entries(DASHBOARDS).map(([name, dashboard]) => ({
    path: `manifests/grafana/${name}.json`,
    render: () => json(renderDashboard(dashboard)),
  })),
  {
    path: 'manifests/grafana/config-maps.yaml',
    render: () =>
      yaml(
        ...Object.entries(DASHBOARDS).map(([name, dashboard]) => ({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name, labels: DASHBOARD_LABEL },
          data: { [`${name}.json`]: json(renderDashboard(dashboard)) },
        })),
      ),
  },
];
