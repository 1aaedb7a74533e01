/** Real Kubernetes control planes on this machine, for tests, benchmarks and demos. See README.md in this folder. */
export { openApi } from './api.ts';
export type { Api } from './api.ts';
export { AuditReader, countReads, countWrites, readAudit, waitUntilQuiet } from './audit.ts';
export type { AuditEntry, AuditFilter, CountOptions, QuietOptions } from './audit.ts';
export { connectCluster, startCluster } from './cluster.ts';
export type { Companion } from './companion.ts';
export { ClusterError } from './errors.ts';
export type { ClusterErrorCode } from './errors.ts';
export { installGatewayApi } from './gateway-api.ts';
export { POD_CIDR } from './programs.ts';
export { startPrometheus } from './prometheus.ts';
export type { PrometheusOptions, PrometheusServer } from './prometheus.ts';
export { clusterVariable } from './shared.ts';
export { startTraefik, TRAEFIK_CONTROLLER } from './traefik.ts';
export type { TraefikOptions, TraefikServer } from './traefik.ts';
export type { ClientLimits, Cluster, ClusterOptions, Profile, Program } from './types.ts';
