import { describe, expect, it } from '@jest/globals';
import { stripVTControlCharacters } from 'node:util';
import type { Figure, Scenario } from './figure.ts';
import { renderMarkdown, renderTable, type Report } from './report.ts';

const FIGURES: readonly Figure[] = [
  { name: 'writes', title: 'Writes', limit: '<= 9', measured: '9', verdict: 'pass' },
  { name: 'memory', title: 'RSS | own', limit: '<= 110 MB', measured: '164 MB', verdict: 'miss' },
];
const REPORT: Report = {
  startedAt: '2026-01-02T03:04:05.000Z',
  minutes: 12,
  sizes: {
    autoscaling: { pairs: 6 },
    attack: { rounds: 10, flood: 1_000 },
    models: 100,
    restMinutes: 5,
    delivery: false,
    flood: 300,
    pairs: 5,
    rollouts: { models: 1, orders: 1, flips: 1 },
    scale: { models: 1, restMinutes: 1, created: 1, changed: 1, takeovers: 1, foreign: 1 },
    together: { models: 1, alone: 1 },
    soak: { models: 1, minutes: 1 },
  },
  machine: { cpu: 'CPU', cores: 2, memoryGiB: 8, system: 'Linux 6', node: 'v24.0.0', load: 0.5 },
  figures: FIGURES,
};
const SCENARIO: Scenario = { name: 'rest', method: 'By waiting.', run: async () => [] };

describe('the table', () => {
  it('has a row for each figure, with its verdict', () => {
    const lines = stripVTControlCharacters(renderTable(FIGURES)).split('\n');
    expect(lines.find((line) => line.includes('Writes'))).toMatch(/<= 9 .* 9 .* pass/);
    expect(lines.find((line) => line.includes('RSS'))).toMatch(/164 MB .* MISS/);
  });
});

describe('the page', () => {
  const page = renderMarkdown(REPORT, [SCENARIO]);

  it('has a row for each figure, whatever is in its title', () => {
    expect(page).toContain('| Writes | <= 9 | 9 | pass |\n| RSS \\| own | <= 110 MB | 164 MB | MISS |\n');
  });

  it('says when, where, and how it was measured', () => {
    expect(page).toContain('2026-01-02, 2 cores (CPU), 8 GiB, Linux 6, Node v24.0.0, load 0.5 at the start.\n');
    expect(page).toContain('**rest**: By waiting.');
  });

  it('warns of a busy machine, and only of one', () => {
    expect(page).not.toContain('busy');
    const busy = { ...REPORT, machine: { ...REPORT.machine, load: 2.1 } };
    expect(renderMarkdown(busy, [])).toContain('**The machine is busy: a load of 2.1 on 2 cores.');
  });
});
