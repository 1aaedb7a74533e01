import { setTimeout as sleep } from 'node:timers/promises';
import { ReflectingInformer } from '../../operator/kube/informer.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { BenchCluster } from './bench-cluster.ts';
import { atMost, type Figure } from './figure.ts';
import { connect } from './models.ts';

const NAMESPACE = 'kube-public';
const REF = { namespace: NAMESPACE, name: 'delivery' };
/** A delivery that takes longer has failed. */
const DELIVERY_TIMEOUT_MS = 60_000;

/**
 * How late an informer hears of a change after `idleMs` in which its watch carried nothing but bookmarks. Connections,
 * proxies and timers that die of silence show here.
 */
export async function measureDelivery(
  { cluster, client }: BenchCluster,
  idleMs: number,
  signal: AbortSignal,
): Promise<Figure> {
  const stop = new AbortController();
  const follower = await connect(cluster, 'bench-follower');
  const informer = new ReflectingInformer({
    client: follower,
    clock: systemClock,
    type: resources.configMaps,
    namespaces: [NAMESPACE],
  });
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: REF, data: { value: 'before' } };
  await client.create(resources.configMaps, object, { signal });
  const delivered = Promise.withResolvers<number>();
  informer.onEvent(({ object: { metadata, data } }) => {
    if (metadata.name === REF.name && data?.['value'] === 'after') delivered.resolve(performance.now());
  });
  const running = informer.run(stop.signal);
  try {
    await informer.waitForSync(signal);
    await sleep(idleMs, undefined, { signal });
    const writtenAt = performance.now();
    await client.patch(resources.configMaps, REF, { data: { value: 'after' } }, { type: 'merge', signal });
    const arrivedAt = await Promise.race([delivered.promise, timeout(signal)]);
    return atMost({
      name: 'delivery',
      title: `Delivery of an event after ${idleMs / 60_000} idle minutes`,
      value: (arrivedAt - writtenAt) / 1000,
      limit: 1,
      unit: ' s',
      decimals: 3,
    });
  } finally {
    stop.abort();
    await running;
  }
}

async function timeout(signal: AbortSignal): Promise<number> {
  await sleep(DELIVERY_TIMEOUT_MS, undefined, { signal });
  return Number.POSITIVE_INFINITY;
}
