import { afterEach, beforeEach } from '@jest/globals';
import { openApi, type Api, type Cluster } from '../../hack/cluster/index.ts';
import { eventually } from './eventually.ts';

/** User of the requests that these helpers make, in the audit log. */
const USER = 'test-support';
const TIMEOUT_MS = 30_000;

/**
 * Gives each test an empty namespace, and deletes it afterwards (a control-plane cluster has no namespace controller:
 * there it stays, Terminating, until the cluster goes).
 *
 *     const namespace = testNamespace(cluster);
 *     it('...', async () => { await client.create(PODS, pod(namespace()), ...); });
 */
export function testNamespace(cluster: () => Cluster): () => string {
  let api: Api | undefined;
  let name: string | undefined;
  beforeEach(async () => {
    api = await openApi(cluster(), USER);
    name = await createNamespace(api, cluster().profile !== 'control-plane');
  }, TIMEOUT_MS + 5_000);
  afterEach(async () => {
    if (api && name !== undefined) await deleteNamespace(api, name);
    await api?.close();
    name = undefined;
  }, TIMEOUT_MS + 5_000);
  return () => {
    if (name === undefined) throw new Error('The namespace exists only while a test runs: call this in a test.');
    return name;
  };
}

/**
 * Deletes the namespace, and its pods without their grace period: an engine drains for minutes, and the GPUs of its node
 * belong to the next test.
 */
async function deleteNamespace(api: Api, name: string): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  await api.delete(`/api/v1/namespaces/${name}`, signal);
  await eventually(
    async () => {
      const pods = await api.get<{ items: unknown[] }>(`/api/v1/namespaces/${name}/pods`, signal);
      if (!pods || pods.items.length === 0) return;
      await api.delete(`/api/v1/namespaces/${name}/pods?gracePeriodSeconds=0`, signal);
      throw new Error(`${pods.items.length} pods of ${name} are still there`);
    },
    { timeoutMs: TIMEOUT_MS, signal },
  );
}

async function createNamespace(api: Api, waitForAccount: boolean): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const name = `test-${crypto.randomUUID().slice(0, 8)}`;
  await api.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, signal);
  if (waitForAccount) {
    // Pods are refused until the controller has made the namespace's ServiceAccount.
    await eventually(
      async () => {
        if (!(await api.get(`/api/v1/namespaces/${name}/serviceaccounts/default`, signal))) {
          throw new Error(`Namespace ${name} has no ServiceAccount yet.`);
        }
      },
      { timeoutMs: TIMEOUT_MS, signal },
    );
  }
  return name;
}
