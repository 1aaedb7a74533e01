import { afterEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../operator/kube/testing/fake-clock.ts';
import type { Informer, KubeObject, ObjectRef, StoreEvent } from '../../operator/kube/types.ts';
import { loopbackAddress } from './addresses.ts';
import type { Annotations, Node, SimulatedCluster } from './cluster.ts';
import { Fleet } from './fleet.ts';
import type { Pod } from './pods/types.ts';
import { freePortOnAllAddresses } from './ports.ts';
import { RuleBook } from './rules.ts';
import { passTimeUntil } from './testing/time.ts';

const PREFIX = 'simulator.deepseek-operator.io/';

/** An informer whose objects the test puts there. */
class FakeInformer<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  #handler: (event: StoreEvent<T>) => void = () => undefined;
  readonly store = {
    get: ({ name }: ObjectRef) => this.#objects.get(name),
    list: () => [...this.#objects.values()],
  };

  onEvent(handler: (event: StoreEvent<T>) => void): void {
    this.#handler = handler;
  }
  run = () => Promise.resolve();
  waitForSync = () => Promise.resolve();

  put(object: T): void {
    this.#objects.set(object.metadata.name, object);
    this.#handler({ type: 'updated', object, initial: false });
  }

  remove(object: T): void {
    this.#objects.delete(object.metadata.name);
    this.#handler({ type: 'deleted', object, initial: false });
  }
}

class Scene {
  readonly clock = new FakeClock();
  readonly pods = new FakeInformer<Pod>();
  readonly nodes = new FakeInformer<Node>();
  readonly written: [string, Annotations][] = [];
  readonly rules = new RuleBook();
  readonly fleet: Fleet;

  constructor(port: number) {
    const cluster: SimulatedCluster = {
      pods: this.pods as unknown as Informer<Pod>,
      nodes: this.nodes as unknown as Informer<Node>,
      annotatePod: async (pod, annotations) => void this.written.push([pod.metadata.name, annotations]),
      annotateNode: async () => undefined,
      deleteNodeLease: async () => undefined,
      readKey: async () => undefined,
      close: async () => undefined,
    };
    this.fleet = new Fleet(cluster, this.rules, {
      clock: this.clock,
      seed: 1,
      timeScale: 1,
      latency: { timeToFirstToken: 0.05, interTokenLatency: 0.02, perPromptToken: 0 },
      addressOf: (podIP) => ({ host: loopbackAddress(podIP), port }),
      readKey: cluster.readKey,
    });
  }

  /** What was last written to the pod. */
  state(pod: string): string | null | undefined {
    return this.written.findLast(([name]) => name === pod)?.[1][`${PREFIX}state`];
  }
}

function node(name: string, annotations: Record<string, string> = { 'kwok.x-k8s.io/node': 'fake' }): Node {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, annotations } };
}

function pod(name: string, nodeName: string, container = 'engine', more: Partial<Pod['metadata']> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ai', uid: `uid-${name}`, ...more },
    spec: {
      nodeName,
      containers: [
        {
          name: container,
          command: ['vllm', 'serve'],
          args: ['m'],
          resources: { limits: { 'nvidia.com/gpu': '1' } },
        },
      ],
    },
    status: { podIP: `10.244.77.${name.length}` },
  };
}

let scene: Scene;
async function start(): Promise<Scene> {
  scene = new Scene(await freePortOnAllAddresses());
  await scene.fleet.start(AbortSignal.timeout(30_000));
  return scene;
}
afterEach(() => scene.fleet.stop());

describe('Fleet', () => {
  it('plays engine pods on simulated nodes, and no others', async () => {
    const { nodes, pods, fleet } = await start();
    nodes.put(node('fake'));
    nodes.put(node('real', {}));
    pods.put(pod('played', 'fake'));
    pods.put(pod('on-a-real-node', 'real'));
    pods.put(pod('without-engine', 'fake', 'main'));
    pods.put(pod('unbound', ''));
    expect(fleet.records().map(({ name, state }) => [name, state])).toEqual([['played', 'pending']]);
    await scene.clock.advance(0);
    expect(scene.written).toEqual([
      [
        'played',
        {
          [`${PREFIX}state`]: 'loading',
          [`${PREFIX}restarts`]: '0',
          [`${PREFIX}exit-code`]: null,
          [`${PREFIX}message`]: null,
          [`${PREFIX}drain`]: 'wait',
        },
      ],
    ]);
  });

  it('takes up pods that it has seen before their node', async () => {
    const { nodes, pods, fleet } = await start();
    pods.put(pod('early', 'late'));
    expect(fleet.records()).toEqual([]);
    nodes.put(node('late'));
    expect(fleet.records()).toHaveLength(1);
  });

  it('tells living pods about new rules', async () => {
    const { nodes, pods, rules } = await start();
    nodes.put(node('fake'));
    pods.put(pod('one', 'fake'));
    await passTimeUntil(scene.clock, () => scene.state('one') === 'ready', 100);
    rules.set({ name: 'r', match: { pod: 'ai/one' }, behaviour: { failure: 'oom' } });
    await passTimeUntil(scene.clock, () => scene.state('one') === 'oom-killed', 100);
  });

  it('lets a deleted pod go when its engine has ended', async () => {
    const { nodes, pods, fleet } = await start();
    nodes.put(node('fake'));
    pods.put(pod('one', 'fake'));
    await passTimeUntil(scene.clock, () => scene.state('one') === 'ready', 100);
    const deleted = pod('one', 'fake', 'engine', {
      deletionTimestamp: '2026-01-01T00:00:30Z',
      deletionGracePeriodSeconds: 30,
    });
    pods.put(deleted);
    await passTimeUntil(scene.clock, () => scene.written.at(-1)?.[1][`${PREFIX}drain`] === 'done', 100);
    pods.remove(deleted);
    expect(fleet.records()).toEqual([]);
  });

  it('is silent about the pods of a lost node, and starts them again with it', async () => {
    const { nodes, pods, fleet } = await start();
    nodes.put(node('fake'));
    pods.put(pod('one', 'fake'));
    await passTimeUntil(scene.clock, () => scene.state('one') === 'ready', 100);
    const said = scene.written.length;
    nodes.put(node('fake', { 'kwok.x-k8s.io/node': 'fake', [`${PREFIX}state`]: 'lost' }));
    pods.put(pod('one', 'fake'));
    pods.put(pod('another', 'fake'));
    await scene.clock.advance(600_000);
    expect(scene.written).toHaveLength(said);
    expect(fleet.lostNodes()).toEqual(['fake']);
    nodes.put(node('fake'));
    await passTimeUntil(scene.clock, () => scene.state('one') === 'ready' && scene.state('another') !== undefined, 100);
    expect(fleet.records().find(({ name }) => name === 'one')?.restarts).toBe(1);
  });

  it('goes on where an earlier simulator has stopped', async () => {
    const { nodes, pods, fleet } = await start();
    nodes.put(node('fake'));
    pods.put(
      pod('one', 'fake', 'engine', { annotations: { [`${PREFIX}state`]: 'ready', [`${PREFIX}restarts`]: '3' } }),
    );
    expect(fleet.records()).toMatchObject([{ state: 'ready', restarts: 3 }]);
    await passTimeUntil(scene.clock, () => scene.state('one') === 'ready', 100);
    expect(scene.clock.monotonic()).toBeLessThan(1_000);
  });

  it('gives the address of a pod that is no more to the one that came back with it, though nobody has said so yet', async () => {
    const { nodes, pods, fleet } = await start();
    nodes.put(node('fake'));
    pods.put(pod('later', 'fake'));
    await passTimeUntil(scene.clock, () => scene.state('later') === 'ready', 100);
    // Names of one length have one address here.
    const annotations = { [`${PREFIX}state`]: 'ready', [`${PREFIX}restarts`]: '0' };
    pods.put(pod('early', 'fake', 'engine', { annotations }));
    await passTimeUntil(scene.clock, () => scene.state('early') === 'ready', 100);
    pods.remove(pod('later', 'fake'));
    expect(fleet.records()).toMatchObject([{ name: 'early', state: 'ready', restarts: 0 }]);
  });
});
