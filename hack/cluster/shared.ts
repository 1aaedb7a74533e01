import type { Profile } from './types.ts';

/** Name of the environment variable with the folder of the cluster that the test files of a tier share. */
export function clusterVariable(profile: Profile): string {
  return `DEEPSEEK_CLUSTER_${profile.toUpperCase().replace('-', '_')}`;
}
