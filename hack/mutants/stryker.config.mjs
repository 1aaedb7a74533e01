/**
 * `make mutants [PART=...] [FILE=...]`: changes the sources of a part, or one file, in small ways, one by one, and sees which changes no
 * unit test notices. What was judged of a part is kept in `.reports/mutants`, and only what has changed since is judged again. Half a
 * second a mutant and core.
 */
import process from 'node:process';
import { PARTS, reportOf } from './parts.ts';

const { PART: part = '', FILE: file = '' } = process.env;
const files = file === '' ? PARTS[part] : [file];
if (files === undefined) throw new Error(`PART is one of ${Object.keys(PARTS).join(', ')}; not "${part}"`);
const report = (suffix) => reportOf(file === '' ? part : 'file', suffix);

export default {
  mutate: [...files, '!**/*.test.ts', '!**/testing/**', '!**/test-support.ts', '!**/testdata/**'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
  jest: { projectType: 'custom', configFile: 'hack/mutants/jest.config.mjs', enableFindRelatedTests: true },
  coverageAnalysis: 'perTest',
  // Code that runs when a module is loaded (tables, constants, regular expressions) is left out: which test reaches it is not known, so
  // that each such change would take all tests of all files. The summary says how many they are (`not tried`).
  ignoreStatic: true,
  concurrency: 2,
  incremental: file === '',
  incrementalFile: report('.incremental.json'),
  reporters: ['progress', 'clear-text', 'html', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: report('.html') },
  jsonReporter: { fileName: report('.json') },
  // Of all parts together, by summary.ts.
  thresholds: { high: 85, low: 85, break: null },
  packageManager: 'npm',
  // Tests read samples, pages and charts: all that is in the repository goes along.
  ignorePatterns: ['.cluster', '.reports', 'dist'],
  dryRunTimeoutMinutes: 20,
  tempDirName: '.reports/mutants/sandbox',
  allowEmpty: false,
};
