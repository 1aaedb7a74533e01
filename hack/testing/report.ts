import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';

/** So many lines of what a test said that passed at the second try are repeated. */
const REASON_LINES = 8;

/** How the tests of a tier, or of all, ended. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What is read of the file that `jest --json --outputFile` writes. */
const JestReport = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  numRuntimeErrorTestSuites: z.int(),
  testResults: z
    .array(
      z.object({
        assertionResults: z.array(
          z.object({
            fullName: z.string(),
            status: z.string(),
            invocations: z.int().default(1),
            retryReasons: z.array(z.string()).default([]),
          }),
        ),
      }),
    )
    .default([]),
});

export interface TierResult {
  readonly counts: Counts;
  /** What is wrong beside failed tests; absent when nothing is. */
  readonly problem?: string;
  /** The tests that failed at first and passed when they were tried again, each with why, over some lines; absent: none. */
  readonly flaky?: readonly string[];
}

/**
 * Judges a tier by jest's report and exit status. A file that could not run counts as a failure, as does a tier without a
 * result, one that ran no test, and one that jest calls failed for any other reason: the counts never look better than
 * the exit status.
 */
export function judge(report: string | undefined, exitCode: number | null): TierResult {
  if (report === undefined) return failure(`jest wrote no report (exit status ${exitCode ?? 'none: killed'})`);
  const parsed = JestReport.safeParse(parseJson(report));
  if (!parsed.success) return failure('jest wrote a report that is not understood');
  const flaky = parsed.data.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status, invocations }) => status === 'passed' && invocations > 1)
    .map(({ fullName, retryReasons: [reason = ''] }) => [fullName, ...linesOf(reason)].join('\n    '));
  return { ...judgeCounts(parsed.data, exitCode), ...(flaky.length > 0 && { flaky }) };
}

/** The first lines of a failure that say something. */
function linesOf(reason: string): string[] {
  const lines = stripVTControlCharacters(reason).split('\n');
  return lines.filter((line) => line.trim() !== '').slice(0, REASON_LINES);
}

function judgeCounts(report: z.infer<typeof JestReport>, exitCode: number | null): TierResult {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } = report;
  const counts = {
    passed: numPassedTests,
    failed: numFailedTests + numRuntimeErrorTestSuites,
    skipped: numPendingTests + numTodoTests,
  };
  const brokenFiles =
    numRuntimeErrorTestSuites > 0 ? `${numRuntimeErrorTestSuites} test files could not run` : undefined;
  if (counts.failed > 0) return brokenFiles === undefined ? { counts } : { counts, problem: brokenFiles };
  if (counts.passed === 0) return { counts: { ...counts, failed: 1 }, problem: 'no test ran' };
  if (exitCode === 0) return { counts };
  return { counts: { ...counts, failed: 1 }, problem: `jest failed with exit status ${exitCode ?? 'none: killed'}` };
}

/** A tier that could not be run at all. */
export function failure(problem: string): TierResult {
  return { counts: { passed: 0, failed: 1, skipped: 0 }, problem };
}

export function total(results: readonly TierResult[]): Counts {
  const sum = (key: keyof Counts): number => results.reduce((amount, { counts }) => amount + counts[key], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

/** The line that scripts look for: `12 passed, 0 failed, 1 skipped`. */
export function formatCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
