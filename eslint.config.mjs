import eslint from '@eslint/js';
import boundaries from 'eslint-plugin-boundaries';
import jest from 'eslint-plugin-jest';
import tseslint from 'typescript-eslint';

/**
 * The house (docs/design.md, section 2): which folder may import which. Data goes one way, and whatever is not
 * listed here is refused, so a new folder has to say whom it knows before it compiles in CI.
 */
const house = {
  pki: [],
  redaction: [],
  kube: [],
  telemetry: ['redaction'],
  api: [],
  catalog: ['api'],
  planner: ['catalog', 'api'],
  engines: ['planner', 'catalog', 'api'],
  resources: ['engines', 'planner', 'catalog', 'api'],
  monitoring: ['resources', 'engines', 'planner', 'catalog', 'api'],
  autoscaling: ['monitoring', 'resources', 'engines', 'planner', 'catalog', 'api'],
  rollout: ['planner', 'catalog', 'api', 'redaction'],
  observe: ['rollout', 'engines', 'planner', 'catalog', 'api', 'redaction'],
  webhook: ['pki', 'kube', 'telemetry', 'api'],
  controller: [
    'webhook',
    'kube',
    'telemetry',
    'api',
    'catalog',
    'planner',
    'engines',
    'resources',
    'monitoring',
    'autoscaling',
    'rollout',
    'observe',
  ],
  main: ['controller', 'webhook', 'observe', 'kube', 'telemetry', 'api', 'redaction'],
  cli: ['api', 'catalog', 'planner', 'engines', 'resources', 'monitoring', 'rollout', 'kube', 'telemetry', 'redaction'],
  cluster: ['pki'],
  simulator: ['cluster', 'kube'],
  cdk8s: ['api', 'monitoring'],
  stage: ['cluster', 'api', 'monitoring', 'autoscaling'],
  'engine-check': ['cluster', 'api', 'catalog', 'planner', 'engines'],
  image: ['cluster', 'engine-check', 'api', 'catalog', 'resources', 'hack'],
  'proxy-cost': ['cluster', 'image', 'api', 'resources', 'hack'],
  hack: [
    'cluster',
    'resources',
    'image',
    'cdk8s',
    'simulator',
    'stage',
    'api',
    'catalog',
    'planner',
    'engines',
    'monitoring',
    'autoscaling',
    'rollout',
    'kube',
    'controller',
  ],
  e2e: [
    'cluster',
    'cdk8s',
    'simulator',
    'stage',
    'engine-check',
    'image',
    'proxy-cost',
    'api',
    'catalog',
    'planner',
    'engines',
    'resources',
    'monitoring',
    'autoscaling',
    'rollout',
    'observe',
    'kube',
    'telemetry',
    'webhook',
    'controller',
  ],
};

const elements = [
  ...[
    'pki',
    'redaction',
    'kube',
    'telemetry',
    'api',
    'catalog',
    'planner',
    'engines',
    'resources',
    'monitoring',
    'autoscaling',
    'rollout',
    'observe',
    'webhook',
    'controller',
  ].map((type) => ({ type, pattern: `operator/${type}` })),
  // main.ts and config.ts, which lie in the folder itself.
  { type: 'main', pattern: 'operator' },
  { type: 'cdk8s', pattern: 'cdk8s' },
  { type: 'cli', pattern: 'cli' },
  { type: 'cluster', pattern: 'hack/cluster' },
  { type: 'simulator', pattern: 'e2e/simulator' },
  { type: 'engine-check', pattern: 'hack/engine-check' },
  { type: 'image', pattern: 'hack/image' },
  { type: 'stage', pattern: 'hack/stage' },
  { type: 'proxy-cost', pattern: 'hack/bench/drain-proxy' },
  { type: 'hack', pattern: 'hack' },
  { type: 'e2e', pattern: 'e2e' },
];

/** Folders whose code is pure: no clock, no I/O, no randomness. */
const pure = [
  'operator/{redaction,api,catalog,planner,engines,resources,monitoring,autoscaling,rollout}/**/*.ts',
  'operator/controller/decide/**/*.ts',
];

/** What throws where something is not so: `expect`, and the helpers that wait for it until a limit. No pattern that other calls match. */
const assertions = [
  ...['expect', 'fc.assert', 'staysFor', 'eventuallyYields', 'applyAll', 'passTimeUntil'],
  ...['expectFailure', 'expectPasses', 'bench.condition', 'hungry.holds', 'kept', 'traffic.under'],
];

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.cluster/**', '.reports/**'] },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.mjs'] }, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { boundaries },
    settings: {
      'boundaries/elements': elements,
      'import/resolver': { typescript: { alwaysTryTypes: true } },
    },
    rules: {
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: Object.entries(house).map(([from, allow]) => ({
            from: { element: { type: from } },
            allow: [from, ...allow].map((type) => ({ to: { element: { type } } })),
          })),
        },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/require-await': 'off',
      eqeqeq: 'error',
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'kubernetes-models',
              message: 'Import the kind: kubernetes-models/apps/v1/Deployment (the root import costs 700 ms).',
            },
          ],
        },
      ],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: pure,
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': ['error', 'fetch', 'setTimeout', 'setInterval', 'performance', 'process', 'console'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Pure code takes the clock as data.' },
        { object: 'Math', property: 'random', message: 'Pure code has no randomness.' },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Pure code takes the clock as data.',
        },
      ],
    },
  },
  {
    files: ['**/*.test.ts'],
    plugins: { jest },
    rules: {
      'jest/expect-expect': ['error', { assertFunctionNames: assertions }],
      'jest/no-disabled-tests': 'error',
      'jest/no-focused-tests': 'error',
      'jest/no-identical-title': 'error',
      'jest/valid-expect': 'error',
    },
  },
  { files: ['**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['**/*.test.ts', 'e2e/**/*.ts'],
    rules: {
      'max-lines': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
);
