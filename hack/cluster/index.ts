/** Real Kubernetes control planes on this machine, for tests, benchmarks and demos. See README.md in this folder. */
export { openApi } from './api.ts';
export type { Api } from './api.ts';
export { AuditReader, countReads, countWrites, readAudit, waitUntilQuiet } from './audit.ts';
export type { AuditEntry, AuditFilter, CountOptions, QuietOptions } from './audit.ts';
export { connectCluster, startCluster } from './cluster.ts';
export { ClusterError } from './errors.ts';
export type { ClusterErrorCode } from './errors.ts';
export { POD_CIDR } from './programs.ts';
export { clusterVariable } from './shared.ts';
export type { ClientLimits, Cluster, ClusterOptions, Profile, Program } from './types.ts';
