import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openApi, type Api } from '../../hack/cluster/index.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';
import { condition, gpuNode, pod, type Pod } from './objects.ts';

interface Node {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly taints?: readonly { readonly key: string; readonly effect: string }[] };
  readonly status: Pod['status'] & { readonly allocatable: Readonly<Record<string, string>> };
}

const WAIT = { timeoutMs: 60_000 };
const STATE = 'simulator.deepseek-operator.io/state';

describe('simulated nodes', () => {
  const cluster = testCluster('simulated');
  const namespace = testNamespace(cluster);
  let api: Api;
  beforeAll(async () => {
    api = await openApi(cluster(), 'nodes-test');
  });
  afterAll(async () => api.close());
  const signal = () => AbortSignal.timeout(30_000);
  const node = async (name: string): Promise<Node> => (await api.get<Node>(`/api/v1/nodes/${name}`, signal()))!;

  it('offers the GPUs of the default pools, each under its own dialect of labels', async () => {
    const list = await api.get<{ items: Node[] }>('/api/v1/nodes', signal());
    const gpus = Object.fromEntries(
      list!.items.map(({ metadata, status }) => [metadata.name, status.allocatable['nvidia.com/gpu']]),
    );
    expect(gpus).toMatchObject({
      'a100-80gb-0': '8',
      'a100-80gb-1': '8',
      'a100-40gb-0': '8',
      't4-0': '4',
      't4-1': '4',
      'a10g-0': '4',
      'l40s-0': '8',
      'h100-0': '8',
      'edge-orin-0': '1',
    });
    expect(gpus['cpu-0']).toBeUndefined();
  });

  it('loses a node: Ready turns Unknown, its pods are no longer Ready, and it comes back', async () => {
    const name = `lost-${namespace()}`;
    await api.post('/api/v1/nodes', gpuNode(name, 1), signal());
    const pods = `/api/v1/namespaces/${namespace()}/pods`;
    const nodeSelector = { 'kubernetes.io/hostname': name };
    await api.post(pods, pod('engine', { nodeSelector, annotations: { [STATE]: 'ready' } }), signal());
    const get = async (podName: string) => api.get<Pod>(`${pods}/${podName}`, signal());
    const engine = async (): Promise<Pod> => (await get('engine'))!;
    await eventually(async () => expect(condition(await engine(), 'Ready')?.status).toBe('True'), WAIT);

    let nudges = 0;
    const lose = async () => {
      nudges += 1;
      const annotations = { [STATE]: 'lost', nudge: String(nudges) };
      await api.mergePatch(`/api/v1/nodes/${name}`, { metadata: { annotations } }, signal());
    };
    try {
      await eventually(
        async () => {
          // A renewal of KWOK's that is under way can overwrite the taken lease; a change of the node takes it again.
          await lose();
          const lost = await node(name);
          expect(condition(lost, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'NodeStatusUnknown' });
          expect(lost.spec.taints).toContainEqual(
            expect.objectContaining({ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }),
          );
        },
        { ...WAIT, intervalMs: 2_000 },
      );
      await eventually(async () => expect(condition(await engine(), 'Ready')?.status).toBe('False'), WAIT);
    } finally {
      await api.mergePatch(`/api/v1/nodes/${name}`, { metadata: { annotations: { [STATE]: null } } }, signal());
      await api.delete(`/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`, signal());
    }
    await eventually(async () => {
      const back = await node(name);
      expect(condition(back, 'Ready')?.status).toBe('True');
      expect(back.spec.taints?.filter(({ key }) => key.startsWith('node.kubernetes.io/'))).toEqual([]);
    }, WAIT);
    await api.delete(`${pods}/engine`, signal());
    await eventually(async () => expect(await get('engine')).toBeUndefined(), WAIT);
    await api.delete(`/api/v1/nodes/${name}`, signal());
  });
});
