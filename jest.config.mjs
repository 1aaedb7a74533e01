/**
 * One jest project per tier (docs/design.md, section 8). A test's tier is in its file name:
 *   *.test.ts              unit         needs nothing
 *   *.integration.test.ts  integration  needs etcd and kube-apiserver (hack/test.ts starts them)
 *   *.simulated.test.ts    simulated    needs the simulated cluster
 *   *.gateway.test.ts      gateway      needs one in a network namespace, where pods answer at their own addresses
 *   *.real.test.ts         real         needs one whose pods run, on a real node (root on Linux)
 */
const swc = {
  '^.+\\.ts$': [
    '@swc/jest',
    {
      jsc: { target: 'es2024', parser: { syntax: 'typescript', explicitResourceManagement: true } },
      module: { type: 'es6' },
      sourceMaps: 'inline',
    },
  ],
};

const common = {
  rootDir: '.',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: swc,
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.cluster'],
};
/** Tiers with a scheduler, controllers and simulated engines beside the tests. */
const withCluster = { ...common, setupFilesAfterEnv: ['<rootDir>/e2e/support/try-again.ts'] };
const all = ['<rootDir>/operator', '<rootDir>/cdk8s', '<rootDir>/cli', '<rootDir>/e2e', '<rootDir>/hack'];

export default {
  projects: [
    {
      ...common,
      displayName: 'unit',
      roots: all,
      testRegex: ['(?<!\\.integration|\\.simulated|\\.gateway|\\.real)\\.test\\.ts$'],
    },
    { ...common, displayName: 'integration', roots: all, testRegex: ['\\.integration\\.test\\.ts$'] },
    { ...withCluster, displayName: 'simulated', roots: all, testRegex: ['\\.simulated\\.test\\.ts$'] },
    { ...withCluster, displayName: 'gateway', roots: all, testRegex: ['\\.gateway\\.test\\.ts$'] },
    // Never tried again: a request that is lost once is lost.
    { ...common, displayName: 'real', roots: all, testRegex: ['\\.real\\.test\\.ts$'] },
  ],
};
