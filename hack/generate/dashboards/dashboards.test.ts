import { describe, expect, it } from '@jest/globals';
import { FLEET_DASHBOARD, metricsIn, MODEL_DASHBOARD, OPERATOR_DASHBOARD, queriesOf } from './index.ts';

describe('dashboards', () => {
  it('show at least 20 metrics', () => {
    const metrics = [FLEET_DASHBOARD, MODEL_DASHBOARD, OPERATOR_DASHBOARD].flatMap((dashboard) =>
      queriesOf(dashboard).flatMap(({ expr }) => metricsIn(expr)),
    );
    expect(new Set(metrics).size).toBeGreaterThanOrEqual(20);
  });

  it('need nothing of kube-state-metrics', () => {
    const text = JSON.stringify([FLEET_DASHBOARD, MODEL_DASHBOARD, OPERATOR_DASHBOARD]);
    expect(text).not.toMatch(/\bkube_/);
  });
});
