import { afterEach, beforeEach, expect } from '@jest/globals';
import { readState } from '../../hack/cluster/layout.ts';
import type { Cluster } from '../../hack/cluster/index.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { loadCredentials, type Credentials } from '../../operator/kube/credentials.ts';
import { ReflectingInformer, type InformerOptions } from '../../operator/kube/informer.ts';
import type { ReflectorEvent } from '../../operator/kube/reflector.ts';
import { resources, type ConfigMap } from '../../operator/kube/resources.ts';
import { FaultProxy, type ProxiedRequest } from '../../operator/kube/testing/fault-proxy.ts';
import { Transport } from '../../operator/kube/transport.ts';
import type { Clock, StoreEvent } from '../../operator/kube/types.ts';
import { eventually } from '../support/index.ts';

/** Only a failing test uses it up. */
export const LIMIT = { timeoutMs: 30_000, intervalMs: 10 };

/** The API server at `server` without any credentials: the proxy has them. */
export function anonymous(server: string): Credentials {
  const tls = { verify: true };
  return {
    server,
    tls: () => Promise.resolve(tls),
    headers: () => Promise.resolve({}),
    invalidate: () => undefined,
  };
}

/** An informer of the ConfigMaps of one namespace, and everything that it did. */
export interface Watched {
  readonly informer: ReflectingInformer<ConfigMap>;
  readonly events: StoreEvent<ConfigMap>[];
  readonly log: ReflectorEvent[];
  /** The last value written to `key` of ConfigMap `name` that the store knows. */
  value(name: string, key?: string): string | undefined;
  names(): string[];
  count(type: ReflectorEvent['type']): number;
}

/**
 * A client on a real API server through a fault proxy, and one beside the proxy. What a test starts with it ends with the
 * test.
 */
export class Rig {
  readonly #stop = new AbortController();
  readonly #transports: Transport[] = [];
  readonly #running: Promise<void>[] = [];
  readonly namespace: string;
  readonly proxy: FaultProxy;
  /** Goes straight to the API server. */
  readonly direct: KubeHttpClient;
  readonly directTransport: Transport;

  static async create(cluster: Cluster, namespace: string, tls?: { cert: string; key: string }): Promise<Rig> {
    const credentials = await loadCredentials({
      clock: systemClock,
      kubeconfig: await cluster.kubeconfig('fault-rig'),
    });
    const { ca, cert, key } = await credentials.tls();
    const upstream = { server: cluster.server, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
    const proxy = await FaultProxy.start({ upstream, ...(tls && { tls }) });
    return new Rig(namespace, proxy, credentials);
  }

  private constructor(namespace: string, proxy: FaultProxy, credentials: Credentials) {
    this.namespace = namespace;
    this.proxy = proxy;
    this.directTransport = this.transport(systemClock, credentials);
    this.direct = new KubeHttpClient(this.directTransport);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  transport(clock: Clock, credentials: Credentials = anonymous(this.proxy.url)): Transport {
    const transport = new Transport({ credentials, clock });
    this.#transports.push(transport);
    return transport;
  }

  /** A client through the proxy. */
  client(clock: Clock, credentials?: Credentials): KubeHttpClient {
    return new KubeHttpClient(this.transport(clock, credentials));
  }

  /** Starts an informer through the proxy; resolves when it has synced. */
  async watch(clock: Clock, options: Partial<InformerOptions<ConfigMap>> = {}): Promise<Watched> {
    const watched = this.startWatch(clock, options);
    await watched.informer.waitForSync(AbortSignal.any([this.signal, AbortSignal.timeout(LIMIT.timeoutMs)]));
    return watched;
  }

  startWatch(clock: Clock, options: Partial<InformerOptions<ConfigMap>> = {}): Watched {
    const events: StoreEvent<ConfigMap>[] = [];
    const log: ReflectorEvent[] = [];
    const informer = new ReflectingInformer<ConfigMap>({
      client: options.client ?? this.client(clock),
      type: resources.configMaps,
      clock,
      namespaces: [this.namespace],
      onReflectorEvent: (event) => log.push(event),
      ...options,
    });
    informer.onEvent((event) => events.push(event));
    this.#running.push(informer.run(this.signal));
    return {
      informer,
      events,
      log,
      value: (name, key = 'value') => informer.store.get({ namespace: this.namespace, name })?.data?.[key],
      names: () =>
        informer.store
          .list()
          .map(({ metadata }) => metadata.name)
          .sort(),
      count: (type) => log.filter((event) => event.type === type).length,
    };
  }

  /** Writes a ConfigMap straight to the API server. */
  write(name: string, value: string): Promise<ConfigMap> {
    return this.direct.apply(resources.configMaps, this.configMap(name, value), {
      fieldManager: 'test',
      force: true,
      signal: this.signal,
    });
  }

  remove(name: string): Promise<void> {
    return this.direct.delete(resources.configMaps, { namespace: this.namespace, name }, { signal: this.signal });
  }

  configMap(name: string, value: string): ConfigMap {
    return {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: this.namespace },
      data: { value },
    };
  }

  /** Waits until the proxy carries `count` watches: whatever is written from now on is delivered by one. */
  async watching(count = 1): Promise<void> {
    await eventually(() => expect(this.proxy.openWatches).toBe(count), LIMIT);
  }

  requests(match: (request: ProxiedRequest) => boolean): ProxiedRequest[] {
    return this.proxy.requests.filter(match);
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the test is over'));
    await Promise.all(this.#running);
    for (const transport of this.#transports) await transport.close();
    await this.proxy.close();
  }
}

/** A rig for each test, in the namespace that `namespace` names. */
export function testRig(cluster: () => Cluster, namespace: () => string): () => Rig {
  let rig: Rig | undefined;
  beforeEach(async () => {
    rig = await Rig.create(cluster(), namespace());
  });
  afterEach(async () => {
    await rig?.close();
    rig = undefined;
  });
  return () => {
    if (rig === undefined) throw new Error('The rig exists only while a test runs: call this in a test.');
    return rig;
  };
}

/** Makes etcd forget everything before its present revision, as its compaction does after five minutes. */
export async function compact(cluster: Cluster): Promise<void> {
  const etcd = await etcdUrl(cluster);
  const { header } = (await postJson(`${etcd}/v3/kv/range`, { key: 'AA==' })) as { header: { revision: string } };
  await postJson(`${etcd}/v3/kv/compaction`, { revision: header.revision, physical: true });
}

async function etcdUrl(cluster: Cluster): Promise<string> {
  const state = await readState(cluster.dir);
  if (state === undefined) throw new Error(`there is no cluster in ${cluster.dir}`);
  return `http://127.0.0.1:${state.ports.etcd}`;
}

async function postJson(url: string, body: object): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
