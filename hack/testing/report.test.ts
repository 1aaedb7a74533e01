import { describe, expect, it } from '@jest/globals';
import { formatCounts, judge, total } from './report.ts';

const report = (numbers: Partial<Record<string, number>>): string =>
  JSON.stringify({
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    numRuntimeErrorTestSuites: 0,
    ...numbers,
  });

describe('judge', () => {
  it('names what passed when it was tried again, and nothing else', () => {
    const assertionResults = [
      { fullName: 'at once', status: 'passed', invocations: 1 },
      {
        fullName: 'again',
        status: 'passed',
        invocations: 2,
        retryReasons: ['\u001b[31mError\u001b[39m: lost\n\n  at a'],
      },
      { fullName: 'never', status: 'failed', invocations: 2 },
    ];
    const text = JSON.stringify({
      ...JSON.parse(report({ numPassedTests: 2, numFailedTests: 1 })),
      testResults: [{ assertionResults }],
    });
    expect(judge(text, 1)).toEqual({
      counts: { passed: 2, failed: 1, skipped: 0 },
      flaky: ['again\n    Error: lost\n      at a'],
    });
  });

  it.each([
    [
      'passes',
      report({ numPassedTests: 3, numPendingTests: 1, numTodoTests: 1 }),
      0,
      '3 passed, 0 failed, 2 skipped',
      undefined,
    ],
    ['fails', report({ numPassedTests: 3, numFailedTests: 2 }), 1, '3 passed, 2 failed, 0 skipped', undefined],
    [
      'counts a file that does not run',
      report({ numPassedTests: 3, numRuntimeErrorTestSuites: 1 }),
      1,
      '3 passed, 1 failed, 0 skipped',
      /could not run/,
    ],
    ['refuses a tier without tests', report({}), 0, '0 passed, 1 failed, 0 skipped', /no test ran/],
    [
      'refuses a tier whose tests are all skipped',
      report({ numPendingTests: 4 }),
      0,
      '0 passed, 1 failed, 4 skipped',
      /no test ran/,
    ],
    ['believes the exit status', report({ numPassedTests: 3 }), 1, '3 passed, 1 failed, 0 skipped', /exit status 1/],
    ['reports a killed jest', undefined, null, '0 passed, 1 failed, 0 skipped', /no report/],
    ['reports a cut report', '{"numPassedTests": 3', 0, '0 passed, 1 failed, 0 skipped', /not understood/],
  ] as const)('%s', (_, content, exitCode, counts, problem) => {
    const result = judge(content, exitCode);
    expect(formatCounts(result.counts)).toBe(counts);
    if (problem) expect(result.problem).toMatch(problem);
    else expect(result.problem).toBeUndefined();
  });
});

it('totals the tiers', () => {
  const results = [judge(report({ numPassedTests: 3, numPendingTests: 1 }), 0), judge(undefined, 1)];
  expect(total(results)).toEqual({ passed: 3, failed: 1, skipped: 1 });
});
