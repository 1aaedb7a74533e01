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
    name = await createNamespace(api, cluster().profile === 'simulated');
  }, TIMEOUT_MS + 5_000);
  afterEach(async () => {
    if (name !== undefined) await api?.delete(`/api/v1/namespaces/${name}`, AbortSignal.timeout(TIMEOUT_MS));
    await api?.close();
    name = undefined;
  }, TIMEOUT_MS + 5_000);
  return () => {
    if (name === undefined) throw new Error('The namespace exists only while a test runs: call this in a test.');
    return name;
  };
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
