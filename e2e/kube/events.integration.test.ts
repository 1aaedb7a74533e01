import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RIGHTFUL } from '../../hack/cluster/index.ts';
import type { KubeHttpClient } from '../../operator/kube/client.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import type { EventInput } from '../../operator/kube/event-object.ts';
import { EventRecorder } from '../../operator/kube/events.ts';
import { namespaced, resources, type ConfigMap, type Event } from '../../operator/kube/resources.ts';
import type { KubeObject } from '../../operator/kube/types.ts';
import { type Connection, connect, installCrd } from '../reconcile/install.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';

const LIMIT = { timeoutMs: 30_000, intervalMs: 20 };

const cluster = testCluster('control-plane');
const namespace = testNamespace(cluster);

let client: KubeHttpClient;
let recorder: EventRecorder;
let losses: string[];
let stop: AbortController;
let ended: Promise<void>;
let connections: readonly Connection[] = [];

beforeAll(() => installCrd(cluster()), 60_000);

beforeEach(async () => {
  // With the rights of the operator, and none beside them.
  const writer = await connect(cluster(), 'event-recorder', { groups: [RIGHTFUL] });
  const reader = await connect(cluster(), 'event-reader');
  connections = [writer, reader];
  client = reader.client;
  losses = [];
  recorder = new EventRecorder({
    client: writer.client,
    clock: systemClock,
    source: { controller: 'example.com/operator', instance: 'x'.repeat(200) },
    seriesIntervalMs: 100,
    onLoss: (why, _event, error) => losses.push(`${why}: ${String(error)}`),
  });
  stop = new AbortController();
  ended = recorder.run(stop.signal);
});

afterEach(async () => {
  stop.abort();
  await ended;
  for (const { close } of connections) await close();
});

const signal = (): AbortSignal => AbortSignal.timeout(LIMIT.timeoutMs);

/** The Events about an object, through events.k8s.io/v1. */
async function eventsAbout(name: string, inNamespace = namespace()): Promise<Event[]> {
  const { items } = await client.list(resources.events, { namespace: inNamespace, signal: signal() });
  return items.filter((event) => event.regarding?.name === name);
}

async function regarding(name: string): Promise<ConfigMap> {
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: namespace(), name } };
  return client.create(resources.configMaps, configMap, { signal: signal() });
}

const story: Omit<EventInput, 'regarding'> = {
  type: 'Warning',
  reason: 'Unschedulable',
  action: 'Scale',
  note: 'No A100-80GB is free.',
};

describe('events on a real API server', () => {
  it('are accepted, and shown to those who read core/v1', async () => {
    const object = await regarding('chat');
    recorder.record({ ...story, regarding: object, related: await regarding('chat-0') });
    const [event] = await eventually(async () => {
      const events = await eventsAbout('chat');
      expect(events).toHaveLength(1);
      return events;
    }, LIMIT);
    expect(event).toMatchObject({
      type: 'Warning',
      reason: 'Unschedulable',
      action: 'Scale',
      note: 'No A100-80GB is free.',
      reportingController: 'example.com/operator',
      regarding: { kind: 'ConfigMap', name: 'chat', uid: object.metadata.uid },
      related: { name: 'chat-0' },
    });
    const coreEvents = namespaced('', 'v1', 'Event', 'events');
    const { items } = await client.list(coreEvents, {
      namespace: namespace(),
      fieldSelector: `involvedObject.uid=${String(object.metadata.uid)}`,
      signal: signal(),
    });
    expect(items).toMatchObject([{ message: 'No A100-80GB is free.', reportingComponent: 'example.com/operator' }]);
    expect(losses).toEqual([]);
  });

  it('are accepted at the limits of every field', async () => {
    const name = `${'n'.repeat(63)}.${'m'.repeat(63)}.${'o'.repeat(63)}.${'p'.repeat(61)}`;
    const object = await regarding(name);
    recorder.record({
      regarding: object,
      type: 'Normal',
      reason: 'R'.repeat(500),
      action: 'A'.repeat(500),
      note: '模'.repeat(5000),
    });
    const [event] = await eventually(async () => {
      const events = await eventsAbout(name);
      expect([events.length, losses]).toEqual([1, []]);
      return events;
    }, LIMIT);
    expect(Buffer.byteLength(event?.note ?? '')).toBeLessThanOrEqual(1024);
  });

  it('about what has no namespace go to the namespace default', async () => {
    const node: KubeObject = { apiVersion: 'v1', kind: 'Node', metadata: { name: `node-of-${namespace()}` } };
    recorder.record({ ...story, regarding: node });
    await eventually(async () => expect(await eventsAbout(node.metadata.name, 'default')).toHaveLength(1), LIMIT);
    expect(losses).toEqual([]);
  });

  it('that repeat become one with a count', async () => {
    const object = await regarding('chat');
    for (let repeat = 0; repeat < 5; repeat++) recorder.record({ ...story, regarding: object });
    await eventually(async () => expect(await eventsAbout('chat')).toMatchObject([{ series: { count: 5 } }]), LIMIT);
    recorder.record({ ...story, regarding: object });
    await eventually(async () => expect(await eventsAbout('chat')).toMatchObject([{ series: { count: 6 } }]), LIMIT);
    expect(losses).toEqual([]);
  });

  it('are told anew when the server has forgotten them', async () => {
    const object = await regarding('chat');
    recorder.record({ ...story, regarding: object });
    const [event] = await eventually(async () => {
      const events = await eventsAbout('chat');
      expect(events).toHaveLength(1);
      return events;
    }, LIMIT);
    await client.delete(
      resources.events,
      { namespace: namespace(), name: String(event?.metadata.name) },
      { signal: signal() },
    );
    recorder.record({ ...story, regarding: object });
    await eventually(async () => {
      const events = await eventsAbout('chat');
      expect(events).toHaveLength(1);
      expect(events[0]?.metadata.name).not.toBe(event?.metadata.name);
    }, LIMIT);
  });
});
