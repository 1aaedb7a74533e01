export { FLEET_DASHBOARD, MODEL_DASHBOARD } from './models.ts';
export { OPERATOR_DASHBOARD } from './operator.ts';
export { type Dashboard, metricsIn, queriesOf, renderDashboard } from './panels.ts';
