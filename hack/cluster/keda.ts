import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openApi } from './api.ts';
import { findTool } from './binaries.ts';
import { type Companion, startCompanion } from './companion.ts';
import { installCrds } from './crds.ts';
import { layout } from './layout.ts';
import { moduleCrds } from './module-crds.ts';
import { freePort } from './ports.ts';
import type { Cluster } from './types.ts';

/** Where it looks for what belongs to it. */
const NAMESPACE = 'keda';

export interface KedaOptions {
  readonly onProgress?: (line: string) => void;
  /** Aborts the build and the start. */
  readonly signal: AbortSignal;
}

/**
 * Starts the operator of KEDA beside a cluster, with its CRDs; it is built first where that has not been done (minutes). It
 * wakes what is at 0 and puts it back to sleep by itself; for the counts between, an HPA asks its metrics server, which is
 * another program and not here. A cluster has one at a time.
 */
export async function startKeda(
  cluster: Pick<Cluster, 'dir' | 'kubeconfig'>,
  options: KedaOptions,
): Promise<Companion> {
  const { signal } = options;
  const command = await findTool('keda-operator', options);
  await installCrds(cluster, await moduleCrds('keda', signal), { what: 'KEDA', signal });
  const api = await openApi(cluster, 'keda-installer');
  try {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
    if ((await api.get(`/api/v1/namespaces/${NAMESPACE}`, signal)) === undefined)
      await api.post('/api/v1/namespaces', namespace, signal);
  } finally {
    await api.close();
  }
  const ports = { metrics: await freePort(), probes: await freePort(), grpc: await freePort() };
  const { pki } = layout(cluster.dir);
  return startCompanion(cluster, {
    name: 'keda-operator',
    command,
    args: async (dir) => {
      // Its metrics service wants a certificate of its own authority to start; nobody calls it here.
      const files = { 'ca.crt': 'ca.crt', 'tls.crt': 'apiserver.crt', 'tls.key': 'apiserver.key' };
      for (const [to, from] of Object.entries(files)) await copyFile(join(pki, from), join(dir, to));
      return [
        `--metrics-bind-address=127.0.0.1:${ports.metrics}`,
        `--health-probe-bind-address=127.0.0.1:${ports.probes}`,
        `--metrics-service-bind-address=127.0.0.1:${ports.grpc}`,
        `--cert-dir=${dir}`,
        `--ca-dir=${dir}`,
      ];
    },
    env: {
      KUBECONFIG: await cluster.kubeconfig('keda-operator'),
      POD_NAMESPACE: NAMESPACE,
      WATCH_NAMESPACE: '', // All of them.
      KEDA_CLUSTER_OBJECT_NAMESPACE: NAMESPACE,
    },
    readyUrl: `http://127.0.0.1:${ports.probes}/readyz`,
    signal,
  });
}
