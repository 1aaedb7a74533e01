import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LABEL } from '../../operator/api/index.ts';
import { type EndpointSlice, resources } from '../../operator/kube/resources.ts';
import { installGatewayApi } from '../../hack/cluster/index.ts';
import { HTTP_ROUTES } from '../../operator/controller/gateway.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';
import { type Connection, connect } from './install.ts';
import { type Promises, TrafficWatch, type Violation } from './traffic.ts';

const NAME = 'chat';
const LIMIT = { timeoutMs: 20_000, intervalMs: 20 };
/** What a healthy switch keeps. */
const ALL: Promises = { minReady: 2, keepsPods: true, keepsService: true, maxGpus: 2 };

/** What must be seen is done by hand: no operator and no controller runs here. */
describe('what watches over the traffic in these suites', () => {
  // One of its own: others want to see what is without Gateway API.
  const cluster = testCluster('control-plane', {});
  const namespace = testNamespace(cluster);
  let connection: Connection;
  let watch: TrafficWatch;

  const signal = (): AbortSignal => AbortSignal.timeout(LIMIT.timeoutMs);
  const ref = (name: string) => ({ namespace: namespace(), name });
  const labels = (revision: string) => ({ [LABEL.name]: NAME, [LABEL.revision]: revision });
  const podOf = (revision: string, index: number): string => `${NAME}-${revision}-${index}`;

  async function makePod(revision: string, index: number): Promise<void> {
    const limits = { 'nvidia.com/gpu': '1' };
    await connection.client.create(
      resources.pods,
      {
        metadata: { ...ref(podOf(revision, index)), labels: labels(revision) },
        spec: { nodeName: 'nobody', containers: [{ name: 'engine', image: 'engine', resources: { limits } }] },
      },
      { signal: signal() },
    );
  }

  /** Puts these pods behind the Service, all of them ready. */
  const behind = (...names: readonly string[]): Promise<void> => behindService(NAME, ...names);

  async function behindService(service: string, ...names: readonly string[]): Promise<void> {
    const slice: EndpointSlice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...ref(`${service}-1`), labels: { 'kubernetes.io/service-name': service } },
      addressType: 'IPv4',
      endpoints: names.map((name, index) => ({
        addresses: [`10.0.0.${index + 1}`],
        conditions: { ready: true },
        targetRef: { kind: 'Pod', name },
      })),
    };
    await connection.client.apply(resources.endpointSlices, slice, {
      ...{ fieldManager: 'nobody', force: true, signal: signal() },
    });
  }

  const select = (revision: string): Promise<unknown> =>
    connection.client.patch(
      resources.services,
      ref(NAME),
      { spec: { selector: labels(revision) } },
      { type: 'merge', signal: signal() },
    );

  /** Waits until the watch has seen it. */
  const seen = (ready: Readonly<Record<string, number>>, selected: string): Promise<void> =>
    eventually(() => expect(watch.now).toMatchObject({ ready, selected }), LIMIT);

  const brokenBy = async (event: () => Promise<unknown>, promises = ALL): Promise<readonly Violation[]> => {
    await event();
    await eventually(() => expect(watch.verdict(promises)).not.toEqual([]), LIMIT);
    return watch.verdict(promises);
  };

  beforeAll(() => installGatewayApi(cluster(), signal()), 60_000);

  beforeEach(async () => {
    connection = await connect(cluster(), 'traffic');
    const { client } = connection;
    await client.create(resources.serviceAccounts, { metadata: ref('default') }, { signal: signal() });
    for (const index of [0, 1]) await makePod('a', index);
    await client.create(
      resources.services,
      { metadata: ref(NAME), spec: { selector: labels('a'), ports: [{ port: 80 }] } },
      { signal: signal() },
    );
    await client.create(
      resources.deployments,
      {
        metadata: { ...ref(`${NAME}-a`), labels: labels('a') },
        spec: {
          selector: { matchLabels: labels('a') },
          template: {
            metadata: { labels: labels('a') },
            spec: { containers: [{ name: 'engine', image: 'engine' }] },
          },
        },
      },
      { signal: signal() },
    );
    await behind(podOf('a', 0), podOf('a', 1));
    watch = await new TrafficWatch(client, namespace(), NAME).start(AbortSignal.timeout(60_000));
    await seen({ a: 2 }, 'a');
  });

  afterEach(async () => {
    await watch.stop();
    await connection.close();
  });

  it('finds nothing where another version takes over and nobody loses anything', async () => {
    await connection.client.delete(resources.pods, ref(podOf('a', 1)), { gracePeriodSeconds: 0, signal: signal() });
    await makePod('b', 0);
    await select('b');
    await behind(podOf('b', 0));
    await seen({ b: 1 }, 'b');
    expect(watch.verdict({ minReady: 1, keepsService: true, maxGpus: 2 })).toEqual([]);
    expect(watch.switches.map(({ to }) => to)).toEqual(['a', 'b']);
  });

  it('sees that a ready endpoint is missing, and for how long', async () => {
    const violations = await brokenBy(() => behind(podOf('a', 0)));
    expect(violations).toMatchObject([{ promise: 'min-ready', detail: '1 ready endpoints, 2 promised' }]);
    await behind(podOf('a', 0), podOf('a', 1));
    await seen({ a: 2 }, 'a');
    expect(watch.verdict(ALL)).toEqual([expect.objectContaining({ promise: 'min-ready', forMs: expect.any(Number) })]);
  });

  it('sees that versions are mixed, and more GPUs than promised', async () => {
    const violations = await brokenBy(async () => {
      await makePod('b', 0);
      await behind(podOf('a', 0), podOf('a', 1), podOf('b', 0));
      await seen({ a: 2, b: 1 }, 'a');
    });
    expect(violations.map(({ promise }) => promise).sort()).toEqual(['max-gpus', 'one-revision']);
    expect(watch.verdict({ ...ALL, mayMix: true, maxGpus: 3 })).toEqual([]);
  });

  it('sees that a pod of what serves is told to go', async () => {
    const violations = await brokenBy(() =>
      connection.client.delete(resources.pods, ref(podOf('a', 0)), { gracePeriodSeconds: 30, signal: signal() }),
    );
    expect(violations).toMatchObject([
      { promise: 'kept-pods', detail: `pod ${podOf('a', 0)} of what serves was told to go` },
    ]);
  });

  it('sees that a container of what serves was started again, and not that one of another version was', async () => {
    const restarted = (name: string, restartCount: number) =>
      connection.client.patch(
        resources.pods,
        ref(name),
        {
          status: { containerStatuses: [{ name: 'engine', image: 'engine', imageID: '', ready: true, restartCount }] },
        },
        { type: 'merge', subresource: 'status', signal: signal() },
      );
    await makePod('b', 0);
    await restarted(podOf('b', 0), 3);
    await eventually(() => expect(watch.maxGpus).toBe(3), LIMIT);
    const violations = await brokenBy(() => restarted(podOf('a', 1), 1), { ...ALL, maxGpus: 3 });
    expect(violations).toMatchObject([
      { promise: 'kept-pods', detail: `pod ${podOf('a', 1)} of what serves was restarted (1)` },
    ]);
  });

  it('sees that the active Service was deleted, also when it is there again at once', async () => {
    const violations = await brokenBy(async () => {
      const { client } = connection;
      await client.delete(resources.services, ref(NAME), { signal: signal() });
      await client.create(
        resources.services,
        { metadata: ref(NAME), spec: { selector: labels('a'), ports: [{ port: 80 }] } },
        { signal: signal() },
      );
    });
    expect(violations).toMatchObject([{ promise: 'kept-service' }]);
  });

  /** The route of the model, with these weights. */
  async function route(weights: Readonly<Record<string, number>>): Promise<void> {
    const backendRefs = Object.entries(weights).map(([revision, weight]) => ({
      ...{ kind: 'Service', name: `${NAME}-${revision}`, port: 80, weight },
    }));
    const object = {
      ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: ref(NAME) },
      spec: { rules: [{ backendRefs }] },
    };
    const options = { fieldManager: 'nobody', force: true, signal: signal() };
    await connection.client.apply(HTTP_ROUTES, object, options);
    await eventually(() => expect(watch.now?.shares?.weights).toEqual(weights), LIMIT);
  }

  it('sees a share of a version without a ready endpoint, and one that falls before its version is selected', async () => {
    const promises: Promises = { ...ALL, keepsShares: true };
    await behindService(`${NAME}-a`, podOf('a', 0), podOf('a', 1));
    await route({ a: 100 });
    await route({ a: 100, b: 0 });
    expect(watch.verdict(promises)).toEqual([]);
    expect(await brokenBy(() => route({ a: 90, b: 10 }), promises)).toMatchObject([
      { promise: 'answered-share', detail: 'nothing of b is ready for its share' },
    ]);
    await behindService(`${NAME}-b`, podOf('a', 0));
    await eventually(() => expect(watch.now?.shares?.behind).toEqual({ a: 2, b: 1 }), LIMIT);
    watch.beginHere();
    await route({ a: 50, b: 50 });
    expect(watch.verdict(promises)).toEqual([]);
    expect(await brokenBy(() => route({ a: 60, b: 40 }), promises)).toMatchObject([
      { promise: 'kept-share', detail: 'the share of b fell from 50 to 40 before it was selected' },
    ]);
    expect(watch.verdict(ALL)).toEqual([]);
  });

  it('sees that the pod template of a revision changes', async () => {
    const violations = await brokenBy(() =>
      connection.client.patch(
        resources.deployments,
        ref(`${NAME}-a`),
        { spec: { template: { metadata: { annotations: { changed: 'yes' } } } } },
        { type: 'merge', signal: signal() },
      ),
    );
    expect(violations).toMatchObject([{ promise: 'fixed-template' }]);
  });
});
