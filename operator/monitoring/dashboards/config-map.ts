import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { type Child, childMetadata, type Owner } from '../../resources/names.ts';
import { MODEL_DASHBOARD } from './models.ts';
import { type Dashboard, renderDashboard } from './panels.ts';

/** What Grafana's sidecar looks for. */
export const DASHBOARD_LABEL = { grafana_dashboard: '1' } as const;

/** The dashboard of one DeepSeekDeployment: its own page, with its name chosen. */
export function dashboardConfigMap(deployment: Owner): Child<IConfigMap> {
  const { namespace, name, uid } = deployment.metadata;
  const metadata = childMetadata(deployment, `${name}-dashboard`);
  const own: Dashboard = {
    ...MODEL_DASHBOARD,
    // At most 40 characters; the object's UID makes it unique.
    uid: `deepseek-${uid.replaceAll('-', '').slice(0, 31)}`,
    title: `DeepSeek / ${namespace}/${name}`,
    variables: [],
    rows: MODEL_DASHBOARD.rows.map((row) => ({
      ...row,
      panels: row.panels.map((panel) => ({
        ...panel,
        queries: panel.queries.map((query) => ({ ...query, expr: choose(query.expr, namespace, name) })),
      })),
    })),
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...metadata, labels: { ...metadata.labels, ...DASHBOARD_LABEL } },
    data: { [`deepseek-${namespace}-${name}.json`]: JSON.stringify(renderDashboard(own)) },
  };
}

/** Puts the values of the model dashboard's variables into a query. */
export function choose(expr: string, namespace: string, deployment: string): string {
  return expr.replaceAll('$namespace', namespace).replaceAll('$deployment', deployment);
}
