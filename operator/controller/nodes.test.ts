import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiError } from '../kube/errors.ts';
import type { Node } from '../kube/resources.ts';
import { FakeClock, settle } from '../kube/testing/fake-clock.ts';
import { NodeCache } from './nodes.ts';

let stop: AbortController;
let clock: FakeClock;
let running: Promise<void> | undefined;
let changes: number;
/** What the server has; an error: the operator may not list. */
let answer: readonly Node[] | Error;
let lists: number;
let send: ((event: object) => void) | undefined;

beforeEach(() => {
  stop = new AbortController();
  clock = new FakeClock();
  changes = 0;
  lists = 0;
  send = undefined;
});
afterEach(async () => {
  stop.abort(new Error('test is over'));
  await running;
});

/** Everything that can happen without time passing has happened. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 20; i++) await settle();
}

const forbidden = () => new ApiError(403, { reason: 'Forbidden', message: 'nodes is forbidden' });

function node(
  name: string,
  version: string,
  gpus = '8',
  labels: Record<string, string> = { gpu: 'a' },
  { spec = {}, ready = 'True' }: { readonly spec?: Node['spec']; readonly ready?: string } = {},
): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: name, resourceVersion: version, labels, annotations: { seen: version } },
    spec: { podCIDR: '10.0.0.0/24', providerID: `cloud://${name}`, ...spec },
    status: {
      allocatable: { cpu: '64', memory: '512Gi', 'hugepages-1Gi': '0', pods: '110', 'nvidia.com/gpu': gpus },
      capacity: { cpu: '64' },
      conditions: [
        { type: 'MemoryPressure', status: 'False' },
        { type: 'Ready', status: ready, lastHeartbeatTime: version },
      ],
      images: [{ names: [version] }],
    },
  } as unknown as Node;
}

function start(): NodeCache {
  const cache = new NodeCache({
    clock,
    client: {
      async *listPages() {
        lists++;
        await settle();
        if (answer instanceof Error) throw answer;
        yield { items: [...answer] as never[], resourceVersion: '10' };
      },
      remembers: () => Promise.resolve(true),
      watch: (_, { signal }) =>
        Promise.resolve(
          (async function* () {
            while (!signal.aborted) {
              const event = await new Promise<object | undefined>((resolve) => {
                send = resolve;
                signal.addEventListener('abort', () => resolve(undefined), { once: true });
              });
              if (event) yield Buffer.from(`${JSON.stringify(event)}\n`);
            }
          })(),
        ),
    },
    onReflectorEvent: () => undefined,
  });
  cache.onChange(() => changes++);
  running = cache.run(stop.signal);
  return cache;
}

describe('NodeCache', () => {
  it('knows the nodes, with the little that is read of them', async () => {
    answer = [node('a', '5')];
    const cache = start();
    expect(cache.nodes).toBeUndefined();
    expect(cache.isKnown).toBe(false);
    await cache.waitUntilKnown(stop.signal);
    expect(cache.nodes).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'a', uid: 'a', resourceVersion: '5', labels: { gpu: 'a' } },
        status: {
          allocatable: { cpu: '64', memory: '512Gi', pods: '110', 'nvidia.com/gpu': '8' },
          conditions: [{ type: 'Ready', status: 'True' }],
        },
      },
    ]);
    expect(changes).toBe(0);
  });

  it('tells of nodes that come, go and change, and not of heartbeats', async () => {
    answer = [node('a', '5')];
    const cache = start();
    await cache.waitUntilKnown(stop.signal);
    const told = async (type: string, object: Node) => {
      await quiet();
      changes = 0;
      send?.({ type, object });
      await quiet();
      return changes;
    };
    expect(await told('MODIFIED', node('a', '11'))).toBe(0);
    expect(cache.nodes?.[0]?.metadata.resourceVersion).toBe('11');
    expect(await told('MODIFIED', node('a', '12', '7'))).toBe(1);
    expect(await told('MODIFIED', node('a', '13', '7', { gpu: 'b' }))).toBe(1);
    expect(await told('ADDED', node('b', '14'))).toBe(1);
    expect(await told('DELETED', node('b', '15'))).toBe(1);
    const taints = [{ key: 'k', effect: 'NoExecute' as const, timeAdded: '2026-01-01T00:00:00Z' }];
    const labels = { gpu: 'b' };
    expect(await told('MODIFIED', node('a', '16', '7', labels, { spec: { unschedulable: true } }))).toBe(1);
    expect(await told('MODIFIED', node('a', '17', '7', labels, { spec: { taints } }))).toBe(1);
    expect(cache.nodes?.[0]?.spec).toEqual({ taints: [{ key: 'k', effect: 'NoExecute' }] });
    expect(await told('MODIFIED', node('a', '18', '7', labels, { spec: { taints } }))).toBe(0);
    expect(await told('MODIFIED', node('a', '19', '7', labels, { spec: { taints }, ready: 'Unknown' }))).toBe(1);
  });

  it('goes on without nodes that may not be listed, asks rarely, and takes them up when they may', async () => {
    answer = forbidden();
    const cache = start();
    await cache.waitUntilKnown(stop.signal);
    expect(cache.nodes).toBeUndefined();
    await quiet();
    await clock.advance(60_000);
    expect(lists).toBe(1);
    answer = [node('a', '5')];
    await clock.advance(300_000);
    await quiet();
    expect(lists).toBe(2);
    expect(cache.nodes).toHaveLength(1);
    expect(changes).toBe(1);
  });

  it('does not take a server in trouble for a missing right', async () => {
    answer = new ApiError(503, { message: 'unavailable' });
    const cache = start();
    await quiet();
    expect(cache.isKnown).toBe(false);
    answer = [];
    await clock.advance(10_000);
    await cache.waitUntilKnown(stop.signal);
    expect(cache.nodes).toEqual([]);
  });
});
