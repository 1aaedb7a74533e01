/**
 * `make mutants PART=...`: changes the sources of a part in small ways, one by one, and sees which changes no unit test notices.
 * What was judged is kept in `.reports/mutants`, and only what has changed since is judged again. Half a second a mutant and core.
 */
import process from 'node:process';

const PARTS = {
  decide: ['operator/controller/decide/**/*.ts'],
  machine: ['operator/rollout/machine/*.ts'],
  planner: ['operator/planner/**/*.ts'],
  resources: ['operator/resources/**/*.ts'],
  rollout: ['operator/rollout/**/*.ts', '!operator/rollout/machine/**'],
  runtime: ['operator/kube/work-queue.ts', 'operator/kube/store.ts', 'operator/kube/leader-election.ts'],
};
const part = process.env['PART'] ?? '';
const files = PARTS[part];
if (files === undefined) throw new Error(`PART is one of ${Object.keys(PARTS).join(', ')}; not "${part}"`);
const report = (suffix) => `.reports/mutants/${part}${suffix}`;

export default {
  mutate: [...files, '!**/*.test.ts', '!**/testing/**', '!**/test-support.ts', '!**/testdata/**'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
  jest: { projectType: 'custom', configFile: 'hack/mutants/jest.config.mjs', enableFindRelatedTests: true },
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  concurrency: 2,
  incremental: true,
  incrementalFile: report('.incremental.json'),
  reporters: ['progress', 'clear-text', 'html', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: report('.html') },
  jsonReporter: { fileName: report('.json') },
  // Of all parts together; docs/benchmarks.md has what each reached.
  thresholds: { high: 85, low: 85, break: null },
  packageManager: 'npm',
  // Tests read samples, pages and charts: all that is in the repository goes along.
  ignorePatterns: ['.cluster', '.reports', 'dist'],
  dryRunTimeoutMinutes: 20,
  tempDirName: '.reports/mutants/sandbox',
  allowEmpty: false,
};
