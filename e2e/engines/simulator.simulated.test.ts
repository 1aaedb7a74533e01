import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openApi } from '../../hack/cluster/index.ts';
import type { Api } from '../../hack/cluster/index.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';
import { SimulatorClient, loopbackAddress, startSimulator } from '../simulator/index.ts';
import type { PodBehaviour } from '../simulator/index.ts';
import { testSimulator } from '../simulator/testing/test-simulator.ts';

const wait = { timeoutMs: 60_000 };
const signal = () => AbortSignal.timeout(30_000);

/** What these tests look at in a pod. */
interface LivePod {
  readonly metadata: { readonly name: string; readonly annotations?: Record<string, string> };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly object[];
  };
}

interface PodShape {
  readonly args?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** What differs from the container of vLLM. */
  readonly container?: object;
}

function enginePod(name: string, { args = [], labels = {}, nodeSelector = {}, container = {} }: PodShape): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: {
      containers: [
        {
          name: 'engine',
          image: 'vllm/vllm-openai:v0.32.0',
          command: ['vllm', 'serve'],
          args: ['org/m', '--served-model-name', name, ...args],
          resources: { limits: { 'nvidia.com/gpu': '1' } },
          startupProbe: { httpGet: { path: '/health', port: 8000 }, periodSeconds: 10, failureThreshold: 30 },
          terminationMessagePolicy: 'FallbackToLogsOnError',
          lifecycle: { preStop: { sleep: { seconds: 1 } } },
          ...container,
        },
      ],
      nodeSelector,
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
      terminationGracePeriodSeconds: 30,
    },
  };
}

describe('simulated engines on a cluster', () => {
  const cluster = testCluster('simulated');
  const namespace = testNamespace(cluster);
  const simulator = testSimulator(cluster, namespace, { timeScale: 0.005 });
  let api: Api;
  beforeAll(async () => {
    api = await openApi(cluster(), 'simulator-test');
  });
  afterAll(async () => api.close());

  const pods = () => `/api/v1/namespaces/${namespace()}/pods`;
  const create = async (name: string, shape: PodShape = {}) => api.post(pods(), enginePod(name, shape), signal());
  const find = async (name: string) => api.get<LivePod>(`${pods()}/${name}`, signal());
  const get = async (name: string): Promise<LivePod> => {
    const pod = await find(name);
    if (pod === undefined) throw new Error(`There is no pod ${name}.`);
    return pod;
  };
  const readiness = (pod: LivePod) => pod.status.conditions?.find(({ type }) => type === 'Ready')?.status;
  const untilReady = async (name: string) =>
    eventually(async () => {
      const pod = await get(name);
      expect(readiness(pod)).toBe('True');
      return pod;
    }, wait);
  const rule = async (behaviour: PodBehaviour) =>
    simulator().control.setRule({ name: 'rule', match: { namespace: namespace() }, behaviour });
  const urlOf = (pod: LivePod) => `http://${loopbackAddress(pod.status.podIP ?? '')}:${simulator().enginePort}`;

  it('become ready after their load, and each answers for its own pod', async () => {
    await create('one');
    await create('two');
    const ready = await Promise.all(['one', 'two'].map(untilReady));
    for (const pod of ready) {
      const answer = await fetch(`${urlOf(pod)}/v1/models`);
      expect(await answer.json()).toMatchObject({ data: [{ id: pod.metadata.name }] });
    }
    const body = JSON.stringify({ model: 'one', prompt: '2+2=' });
    const headers = { 'content-type': 'application/json' };
    const statuses = await Promise.all(
      ready.map(async (pod) => (await fetch(`${urlOf(pod)}/v1/completions`, { method: 'POST', headers, body })).status),
    );
    expect(statuses).toEqual([200, 404]);
    const records = await new SimulatorClient(simulator().controlUrl).pods();
    expect(records.map(({ name, state, requests }) => [name, state, requests.total]).sort()).toEqual([
      ['one', 'ready', 1],
      ['two', 'ready', 1],
    ]);
  });

  it.each<[PodBehaviour, object]>([
    [
      { failure: 'crash', exitCode: 3, message: 'a "quoted"\nmessage' },
      {
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 3, reason: 'Error', message: 'a "quoted"\nmessage' } },
      },
    ],
    [
      { failure: 'oom' },
      {
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
      },
    ],
    [
      { failure: 'image-pull' },
      {
        ready: false,
        state: { waiting: { reason: 'ImagePullBackOff', message: expect.stringContaining('not found') } },
      },
    ],
  ])('show %j as a kubelet does, and heal', async (behaviour, status) => {
    await rule(behaviour);
    await create('engine');
    await eventually(async () => expect((await get('engine')).status.containerStatuses).toMatchObject([status]), wait);
    await simulator().control.reset();
    const healed = await untilReady('engine');
    expect(healed.status.containerStatuses).toMatchObject([{ ready: true, started: true }]);
  });

  it('end with the words of vLLM when their command line has an unknown flag', async () => {
    await create('engine', { args: ['--max-modell-len', '5'] });
    await eventually(async () => {
      expect((await get('engine')).status.containerStatuses).toMatchObject([
        {
          lastState: {
            terminated: {
              exitCode: 2,
              message: expect.stringContaining('vllm: error: unrecognized arguments: --max-modell-len 5'),
            },
          },
        },
      ]);
    }, wait);
  });

  it('know the GPU of their node', async () => {
    await create('engine', {
      args: ['--dtype', 'bfloat16'],
      nodeSelector: { 'cloud.google.com/gke-accelerator': 'nvidia-tesla-t4' },
    });
    await eventually(async () => {
      expect((await get('engine')).status.containerStatuses).toMatchObject([
        { restartCount: expect.any(Number), lastState: { terminated: { exitCode: 1 } } },
      ]);
    }, wait);
  });

  it.each<[string, object]>([
    ['SGLang', { command: ['python3', '-m', 'sglang.launch_server'], args: ['--model-path', 'org/m'] }],
    ['TensorRT-LLM', { command: ['trtllm-serve', 'serve'], args: ['org/m'] }],
    ['llama.cpp', { command: ['/app/llama-server'], args: ['--model', '/models/m.gguf'], resources: {} }],
  ])('of %s become ready, and answer', async (_, container) => {
    // Anywhere else it might meet a T4, on which TensorRT-LLM ends.
    await create('engine', { container, nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB' } });
    const pod = await untilReady('engine');
    expect((await fetch(`${urlOf(pod)}/health`)).status).toBe(200);
    expect((await fetch(`${urlOf(pod)}/v1/models`)).status).toBe(200);
  });

  it('of llama.cpp answer 503 while they load', async () => {
    await rule({ loadSeconds: 250 / 0.005 });
    await create('engine', {
      container: {
        command: ['/app/llama-server'],
        args: ['--model', '/models/m.gguf'],
        resources: {},
        startupProbe: { httpGet: { path: '/health', port: 8080 }, periodSeconds: 10, failureThreshold: 100_000 },
      },
    });
    await eventually(async () => expect((await fetch(`${urlOf(await get('engine'))}/health`)).status).toBe(503), wait);
    expect(readiness(await get('engine'))).not.toBe('True');
  });

  it('finish their streams when their pod is deleted', async () => {
    await create('engine', { args: ['--shutdown-timeout', '20'] });
    const pod = await untilReady('engine');
    const response = await fetch(`${urlOf(pod)}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'x', stream: true, ignore_eos: true, max_tokens: 800 }),
    });
    await api.delete(`${pods()}/engine`, signal());
    expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/);
    await eventually(async () => expect(await find('engine')).toBeUndefined(), { timeoutMs: 15_000 });
    await expect(fetch(`${urlOf(pod)}/health`)).rejects.toThrow();
  });

  it('are taken up again by the next simulator', async () => {
    await create('engine');
    const pod = await untilReady('engine');
    const kubeconfig = await cluster().kubeconfig('engine-simulator');
    await simulator().stop();
    await expect(fetch(`${urlOf(pod)}/health`)).rejects.toThrow();
    await using next = await startSimulator({ kubeconfig, namespaces: [namespace()], signal: signal() });
    const url = `http://${loopbackAddress(pod.status.podIP ?? '')}:${next.enginePort}/health`;
    await eventually(async () => expect((await fetch(url)).status).toBe(200), wait);
    expect(readiness(await get('engine'))).toBe('True');
  });

  it('vanish with their node, and come back with it', async () => {
    const node = `lost-${namespace()}`;
    const resources = { cpu: '8', memory: '64Gi', pods: '110', 'nvidia.com/gpu': '1' };
    await api.post(
      '/api/v1/nodes',
      {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: {
          name: node,
          labels: { 'kubernetes.io/hostname': node },
          annotations: { 'kwok.x-k8s.io/node': 'fake' },
        },
        status: {
          capacity: resources,
          allocatable: resources,
          addresses: [{ type: 'InternalIP', address: '10.243.255.9' }],
          nodeInfo: { architecture: 'amd64', operatingSystem: 'linux' },
        },
      },
      signal(),
    );
    await create('engine', { nodeSelector: { 'kubernetes.io/hostname': node } });
    const pod = await untilReady('engine');
    await eventually(
      async () => {
        await simulator().control.loseNode(node);
        expect(readiness(await get('engine'))).toBe('False');
      },
      { ...wait, intervalMs: 2_000 },
    );
    await expect(fetch(`${urlOf(pod)}/health`)).rejects.toThrow();
    await simulator().control.restoreNode(node);
    await untilReady('engine');
    expect((await fetch(`${urlOf(pod)}/health`)).status).toBe(200);
    await api.delete(`/api/v1/nodes/${node}`, signal());
  });

  it('refuse to lose a node that is not there', async () => {
    await expect(simulator().control.loseNode('nowhere')).rejects.toMatchObject({ code: 'NO_SUCH_NODE' });
  });
});
