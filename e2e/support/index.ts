/** What suites on a cluster share: the cluster, a namespace per test, and waiting. */
export { testCluster } from './cluster.ts';
export { testClient } from './client.ts';
export { eventually, type EventuallyOptions } from './eventually.ts';
export { kubectl, type KubectlOptions, type Printed, runKubectl } from './kubectl.ts';
export { testNamespace } from './namespace.ts';
export { type OperatorProgram, operatorUser, startOperatorProgram } from './operator-program.ts';
