/** What is changed in small ways, in parts of which each takes at most an hour: globs of sources. */
export const PARTS: Readonly<Record<string, readonly string[]>> = {
  decide: ['operator/controller/decide/**/*.ts'],
  machine: ['operator/rollout/machine/*.ts'],
  planner: ['operator/planner/**/*.ts'],
  resources: ['operator/resources/**/*.ts'],
  rollout: ['operator/rollout/**/*.ts', '!operator/rollout/machine/**'],
  // Queue, store and leader election, with what they are made of.
  runtime: ['work-queue', 'turns', 'heap', 'store', 'kept', 'leader-election', 'lease'].map(
    (name) => `operator/kube/${name}.ts`,
  ),
};

/** Where the report of a part is, from the root; `suffix` with its dot. */
export const reportOf = (part: string, suffix: string): string => `.reports/mutants/${part}${suffix}`;
