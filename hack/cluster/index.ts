/** Real Kubernetes control planes on this machine, for tests, benchmarks and demos. See README.md in this folder. */
export { connectCluster, startCluster } from './cluster.ts';
export type { ClientLimits, Cluster, ClusterOptions, Profile, Program } from './types.ts';
