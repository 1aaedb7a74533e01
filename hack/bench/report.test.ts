import { describe, expect, it } from '@jest/globals';
import { stripVTControlCharacters } from 'node:util';
import type { Figure, Scenario } from './figure.ts';
import type { Records } from './record.ts';
import { renderMarkdown, renderTable } from './report.ts';

const FIGURES: readonly Figure[] = [
  { name: 'writes', title: 'Writes', limit: '<= 9', measured: '9', verdict: 'pass' },
  { name: 'memory', title: 'RSS | own', limit: '<= 110 MB', measured: '164 MB', verdict: 'miss' },
];
const RECORDS: Records = {
  note: 'Read with care.',
  scenarios: [
    {
      scenario: 'rest',
      date: '2026-01-02',
      machine: { cpu: 'CPU', cores: 2, memoryGiB: 8, system: 'Linux 6', node: 'v24.0.0' },
      load: [0.5, 3.25],
      figures: FIGURES,
    },
    {
      scenario: 'gone',
      date: '2026-01-01',
      machine: { cpu: 'CPU', cores: 2, memoryGiB: 8, system: 'Linux 6', node: 'v24.0.0' },
      figures: [{ name: 'gone', title: 'Gone', limit: '', measured: '1', verdict: 'info' }],
    },
  ],
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
  const other: Scenario = { name: 'growth', method: 'By counting.', run: async () => [] };
  const page = renderMarkdown(RECORDS, [other, SCENARIO]);

  it('has a row for each figure, whatever is in its title', () => {
    expect(page).toContain('| Writes | <= 9 | 9 | pass |\n| RSS \\| own | <= 110 MB | 164 MB | MISS |\n');
  });

  it('says when, where, and how each was measured', () => {
    expect(page).toContain('\nRead with care.\n');
    expect(page).toContain('**rest** (2026-01-02, 2 cores (CPU), 8 GiB, load 0.5 before and 3.3 after): By waiting.');
  });

  it('has nothing of what was not measured, and of what is measured no longer', () => {
    expect(page).not.toContain('By counting.');
    expect(page).not.toContain('growth.svg');
    expect(page).not.toContain('Gone');
  });
});
