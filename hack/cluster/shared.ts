import type { Profile } from './types.ts';

/** Names the folder for audit logs of clusters that test files start for themselves. */
export const AUDITS_VARIABLE = 'DEEPSEEK_TEST_AUDITS';

/** Name of the environment variable with the folder of the cluster that the test files of a tier share. */
export function clusterVariable(profile: Profile): string {
  return `DEEPSEEK_CLUSTER_${profile.toUpperCase().replace('-', '_')}`;
}
