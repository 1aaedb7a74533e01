import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { AuditReader } from '../../hack/cluster/index.ts';
import { MANAGER } from '../../operator/api/index.ts';
import { GatewayCache, HTTP_ROUTES } from '../../operator/controller/gateway.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import type { LiveDeepSeekDeployment } from '../../operator/controller/snapshot.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import { ReflectingInformer } from '../../operator/kube/informer.ts';
import { Transport } from '../../operator/kube/transport.ts';
import { covers, httpRoute, routeVerdict } from '../../operator/resources/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { gatewayBench, MODEL } from './bench.ts';
import { PATIENCE } from './gateway.ts';

const REVISION = 'bbbbbbbbb2';
const signal = () => AbortSignal.timeout(30_000);

const cluster = testCluster('simulated');
const bench = gatewayBench(cluster);

let stop: AbortController;
let ended: Promise<unknown>;
let transport: Transport;
let cache: GatewayCache;
let told: string[];
let user: string;

beforeEach(async () => {
  user = `gateway-cache-${bench().namespace}`;
  const credentials = await loadCredentials({ clock: systemClock, kubeconfig: await cluster().kubeconfig(user) });
  transport = new Transport({ credentials, clock: systemClock, userAgent: user });
  const client = new KubeHttpClient(transport);
  const options = { client, clock: systemClock, namespaces: [bench().namespace] };
  const deployments = new ReflectingInformer<LiveDeepSeekDeployment>({ ...options, type: DEEPSEEK_DEPLOYMENTS });
  cache = new GatewayCache({ ...options, deployments, onReflectorEvent: () => undefined });
  told = [];
  cache.onChange((key) => told.push(key));
  stop = new AbortController();
  ended = Promise.all([deployments.run(stop.signal), cache.run(stop.signal)]);
  await deployments.waitForSync(signal());
}, 60_000);

afterEach(async () => {
  stop.abort();
  await ended;
  await transport.close();
});

it('asks nothing before a deployment wants a gateway, and then follows what the gateway says of its route', async () => {
  const { namespace, client, gateway, own, serve } = bench();
  expect(cache.state).toBeUndefined();
  const audit = new AuditReader(cluster().auditLog, { user });
  const asked = async () => (await audit.read()).filter(({ resource }) => resource === 'httproutes');
  expect(await asked()).toEqual([]);

  const owner = await own({ gateway: { parentRefs: [gateway.parentRef] } });
  await eventually(() => expect(cache.state).toEqual({ installed: true, readable: true }), PATIENCE);
  expect(cache.route(namespace, MODEL)).toBeUndefined();
  await serve(owner, REVISION, 1);

  told = [];
  const desired = httpRoute(owner, { backends: [{ revision: REVISION, weight: 100 }] });
  const written = await client.apply(HTTP_ROUTES, desired, { fieldManager: MANAGER, signal: signal() });
  await eventually(() => {
    const route = cache.route(namespace, MODEL);
    expect(route && routeVerdict(route, written.metadata.generation ?? 0)).toBe('Taken');
  }, PATIENCE);
  expect(new Set(told)).toEqual(new Set([`${namespace}/${MODEL}`]));
  // What the server and the gateway have added is no reason to write it again.
  expect(covers(desired, cache.route(namespace, MODEL) ?? {})).toEqual([]);
  expect(new Set((await asked()).map(({ verb }) => verb))).toEqual(new Set(['list', 'watch']));

  await client.delete(HTTP_ROUTES, { namespace, name: MODEL }, { signal: signal() });
  await eventually(() => expect(cache.route(namespace, MODEL)).toBeUndefined(), PATIENCE);
});
