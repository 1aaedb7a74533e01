import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openApi, type Api } from '../../hack/cluster/index.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';
import { condition, container, gpuNode, pod, type Pod, type PodOptions } from './objects.ts';

const PREFIX = 'simulator.deepseek-operator.io/';
const WAIT = { timeoutMs: 30_000 };

describe('simulated pods', () => {
  const cluster = testCluster('simulated');
  const namespace = testNamespace(cluster);
  let api: Api;
  beforeAll(async () => {
    api = await openApi(cluster(), 'pods-test');
  });
  afterAll(async () => api.close());

  const signal = () => AbortSignal.timeout(30_000);
  const pods = () => `/api/v1/namespaces/${namespace()}/pods`;
  const create = async (name: string, options: PodOptions = {}) => api.post(pods(), pod(name, options), signal());
  const annotate = async (name: string, annotations: Record<string, string | null>) => {
    const prefixed = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [PREFIX + key, value]));
    await api.mergePatch(`${pods()}/${name}`, { metadata: { annotations: prefixed } }, signal());
  };
  const get = async (name: string): Promise<Pod> => {
    const found = await api.get<Pod>(`${pods()}/${name}`, signal());
    if (!found) throw new Error(`There is no pod ${name}.`);
    return found;
  };

  it('leaves the third pod of 4 GPUs for an 8-GPU node Pending, and says which resource is missing', async () => {
    const node = `eight-${namespace()}`;
    await api.post('/api/v1/nodes', gpuNode(node, 8), signal());
    const nodeSelector = { 'kubernetes.io/hostname': node };
    for (const name of ['one', 'two', 'three']) await create(name, { gpus: 4, nodeSelector });

    await eventually(async () => {
      const all = await Promise.all(['one', 'two', 'three'].map(get));
      expect(all.filter(({ spec }) => spec.nodeName === node)).toHaveLength(2);
      const left = all.filter(({ spec }) => spec.nodeName === undefined);
      expect(left).toHaveLength(1);
      expect(condition(left[0]!, 'PodScheduled')).toMatchObject({
        reason: 'Unschedulable',
        message: expect.stringContaining('Insufficient nvidia.com/gpu'),
      });
    }, WAIT);
    await api.delete(`/api/v1/nodes/${node}`, signal());
  });

  it('keeps an engine pod in ContainerCreating, with an address of its own, until the simulator acts', async () => {
    await create('engine');
    await eventually(async () => {
      const { status } = await get('engine');
      expect(status.podIP).toMatch(/^10\.244\.\d+\.\d+$/);
      expect(status).toMatchObject({
        phase: 'Pending',
        containerStatuses: [{ ready: false, started: false, state: { waiting: { reason: 'ContainerCreating' } } }],
      });
    }, WAIT);
  });

  const running = expect.objectContaining({ running: { startedAt: expect.any(String) } });
  const backOff = expect.objectContaining({
    waiting: { reason: 'CrashLoopBackOff', message: expect.stringContaining('restarting failed container=engine') },
  });
  it.each([
    ['loading', {}, 'Running', { ready: false, started: false, state: running, lastState: {} }],
    ['ready', {}, 'Running', { ready: true, started: true, state: running, lastState: {} }],
    ['unready', {}, 'Running', { ready: false, started: true, state: running, lastState: {} }],
    [
      'crashed',
      { 'exit-code': '2', message: 'error: unrecognized "--flag"\nusage: vllm', restarts: '3' },
      'Running',
      {
        ready: false,
        started: false,
        restartCount: 3,
        state: backOff,
        lastState: {
          terminated: expect.objectContaining({
            exitCode: 2,
            reason: 'Error',
            message: 'error: unrecognized "--flag"\nusage: vllm',
          }),
        },
      },
    ],
    [
      'oom-killed',
      { restarts: '1' },
      'Running',
      {
        restartCount: 1,
        state: backOff,
        lastState: { terminated: expect.objectContaining({ exitCode: 137, reason: 'OOMKilled' }) },
      },
    ],
    [
      'config-error',
      { message: 'secret "hf" not found' },
      'Pending',
      { ready: false, state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "hf" not found' } } },
    ],
    [
      'completed',
      {},
      'Succeeded',
      { ready: false, state: { terminated: expect.objectContaining({ exitCode: 0, reason: 'Completed' }) } },
    ],
    [
      'failed',
      { 'exit-code': '9' },
      'Failed',
      { ready: false, state: { terminated: expect.objectContaining({ exitCode: 9, reason: 'Error' }) } },
    ],
  ])('shows the state %s', async (state, annotations, phase, engine) => {
    await create('engine');
    await annotate('engine', { state, ...annotations });

    await eventually(async () => {
      const observed = await get('engine');
      expect(observed.status.phase).toBe(phase);
      expect(container(observed, 'engine')).toMatchObject(engine);
      expect(condition(observed, 'Ready')?.status).toBe(state === 'ready' ? 'True' : 'False');
      expect(condition(observed, 'ContainersReady')?.status).toBe(state === 'ready' ? 'True' : 'False');
    }, WAIT);
  });

  it('goes from ErrImagePull to ImagePullBackOff, as a kubelet does, and keeps the cause in the message', async () => {
    await create('engine');
    await annotate('engine', { state: 'image-pull-failed', message: 'manifest unknown' });

    const waiting = async () => container(await get('engine'), 'engine')?.state.waiting;
    await eventually(async () => {
      expect(await waiting()).toEqual({
        reason: 'ImagePullBackOff',
        message: 'Back-off pulling image "registry.example/engine:1": ErrImagePull: manifest unknown',
      });
    }, WAIT);

    await annotate('engine', { state: 'loading', message: null });
    await eventually(async () => expect(container(await get('engine'), 'engine')?.state).toEqual(running), WAIT);
  });

  it('keeps the last termination and its count through a restart, and the time of a condition that did not change', async () => {
    await create('engine');
    await annotate('engine', { state: 'crashed', restarts: '1', message: 'CUDA out of memory' });
    await eventually(async () => expect(container(await get('engine'), 'engine')?.restartCount).toBe(1), WAIT);
    const notReadySince = condition(await get('engine'), 'Ready')?.lastTransitionTime;

    await annotate('engine', { state: 'loading' });
    await eventually(async () => {
      const observed = await get('engine');
      expect(container(observed, 'engine')).toMatchObject({
        restartCount: 1,
        state: running,
        lastState: { terminated: { message: 'CUDA out of memory' } },
      });
      expect(condition(observed, 'Ready')).toMatchObject({ status: 'False', lastTransitionTime: notReadySince });
    }, WAIT);

    await annotate('engine', { state: 'ready' });
    await eventually(async () => {
      const ready = condition(await get('engine'), 'Ready');
      expect(ready).toMatchObject({ status: 'True' });
      expect(ready).not.toHaveProperty('reason');
      expect(ready).not.toHaveProperty('message');
    }, WAIT);
  });

  it('runs the other containers and sidecars of an engine pod beside it', async () => {
    await create('engine', {
      containers: [
        { name: 'engine', image: 'registry.example/engine:1' },
        { name: 'exporter', image: 'registry.example/exporter:1' },
      ],
      initContainers: [
        { name: 'fetch', image: 'registry.example/fetch:1' },
        { name: 'drain-proxy', image: 'registry.example/proxy:1', restartPolicy: 'Always' },
      ],
    });
    await eventually(async () => {
      expect(container(await get('engine'), 'engine')?.state.waiting?.reason).toBe('PodInitializing');
    }, WAIT);

    await annotate('engine', { state: 'crashed', restarts: '1' });
    await eventually(async () => {
      const observed = await get('engine');
      expect(container(observed, 'engine')).toMatchObject({ ready: false, restartCount: 1 });
      expect(container(observed, 'exporter')).toMatchObject({ ready: true, restartCount: 0, state: running });
      expect(observed.status.initContainerStatuses).toMatchObject([
        { name: 'fetch', ready: true, state: { terminated: { exitCode: 0 } } },
        { name: 'drain-proxy', ready: true, state: running },
      ]);
    }, WAIT);
  });

  it('makes any other pod Ready at once', async () => {
    await create('web', { containers: [{ name: 'nginx', image: 'registry.example/nginx:1' }] });
    await eventually(async () => {
      const observed = await get('web');
      expect(observed.status.phase).toBe('Running');
      expect(condition(observed, 'Ready')?.status).toBe('True');
    }, WAIT);
  });

  it('completes the pods of a Job', async () => {
    const template = {
      spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'registry.example/work:1' }] },
    };
    const jobs = `/apis/batch/v1/namespaces/${namespace()}/jobs`;
    await api.post(
      jobs,
      { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'work' }, spec: { template } },
      signal(),
    );
    await eventually(async () => {
      const job = await api.get<{ status: { succeeded?: number } }>(`${jobs}/work`, signal());
      expect(job?.status.succeeded).toBe(1);
    }, WAIT);
  });

  it('holds a deleted pod back while its engine drains', async () => {
    await create('draining', { gracePeriodSeconds: 600 });
    await create('idle', { gracePeriodSeconds: 600 });
    await annotate('draining', { state: 'ready', drain: 'wait' });
    await annotate('idle', { state: 'ready' });
    for (const name of ['draining', 'idle']) {
      await eventually(async () => expect(condition(await get(name), 'Ready')?.status).toBe('True'), WAIT);
      await api.delete(`${pods()}/${name}`, signal());
    }

    const gone = async (name: string) => expect(await api.get(`${pods()}/${name}`, signal())).toBeUndefined();
    await eventually(async () => gone('idle'), WAIT);
    expect((await get('draining')).metadata.deletionTimestamp).toBeDefined();

    await annotate('draining', { drain: 'done' });
    await eventually(async () => gone('draining'), WAIT);
  });
});
