import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { type AlertingRule, deploymentAlerts, FLEET, operatorRules } from './index.ts';

const RUNBOOKS = new URL('../../docs/runbooks/', import.meta.url);
const alerts = [deploymentAlerts(FLEET), ...operatorRules()].flatMap(({ rules }) =>
  rules.filter((rule): rule is AlertingRule => 'alert' in rule),
);

describe.each(alerts.map((rule) => [rule.alert, rule] as const))('%s', (alert, { labels, annotations }) => {
  it('has a severity, and says in one line what a user feels', () => {
    expect(['critical', 'warning', 'info']).toContain(labels['severity']);
    expect(annotations['summary']).toMatch(/^[^\n]{20,160}$/);
    expect(annotations['description']).toMatch(/\.$/);
  });

  it('has a runbook that says what it means, where to look and what to do', () => {
    expect(annotations['runbook_url']).toMatch(new RegExp(`/docs/runbooks/${alert}\\.md$`));
    const page = readFileSync(new URL(`${alert}.md`, RUNBOOKS), 'utf8');
    expect(page.split('\n').filter((line) => line.startsWith('#'))).toEqual([
      `# ${alert}`,
      '## What it means',
      '## Look here',
      '## Do this',
    ]);
  });
});

it('no runbook is about an alert that there is not', () => {
  expect(readdirSync(RUNBOOKS).sort()).toEqual(alerts.map(({ alert }) => `${alert}.md`).sort());
});
