import { HTTP_ROUTES } from '../../../operator/controller/gateway.ts';
import { routeVerdict } from '../../../operator/resources/index.ts';
import { Load } from '../../simulator/index.ts';
import type { Run } from './run.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A gateway that takes every route of the namespace, as soon as it changes. */
export async function gateway(run: Run, end: AbortSignal): Promise<void> {
  while (!end.aborted) {
    const routes = await run.client.list(HTTP_ROUTES, { namespace: run.namespace, signal: run.signal });
    for (const { metadata, spec, status } of routes.items) {
      const { generation } = metadata;
      const seen = status?.parents?.[0]?.conditions?.[0]?.observedGeneration;
      if (seen === generation) continue;
      const lastTransitionTime = new Date().toISOString();
      const conditions = ['Accepted', 'ResolvedRefs'].map((type) => ({
        ...{ type, status: 'True', reason: type, message: '', observedGeneration: generation, lastTransitionTime },
      }));
      const [parentRef = { name: 'public' }] = spec?.parentRefs ?? [];
      const patch = { status: { parents: [{ parentRef, controllerName: 'example.com/gateway', conditions }] } };
      const options = { type: 'merge', subresource: 'status', signal: run.signal } as const;
      await run.client
        .patch(HTTP_ROUTES, { namespace: run.namespace, name: metadata.name }, patch, options)
        // It has gone, or has changed since: looked at again.
        .catch(() => undefined);
    }
    await pause(100);
  }
}

/** Longer than any fault keeps from the operator what has happened: no time may pass before it knows. */
const KNOWN_MS = 3_000;

/** Waits until the gateway has taken the routes as they are, and the operator knows. */
export async function taken(run: Run): Promise<void> {
  await run.until(async () => {
    const { items } = await run.client.list(HTTP_ROUTES, { namespace: run.namespace, signal: run.signal });
    const isTaken = items.every((route) => routeVerdict(route, route.metadata.generation ?? 0) === 'Taken');
    if (!isTaken) throw new Error('no gateway has taken the route yet');
  });
  await pause(KNOWN_MS);
}

/** Users who ask the active Service all the time. */
export async function users(run: Run, end: AbortSignal): Promise<void> {
  const port = run.enginePort;
  const load = new Load(() => run.stage.traffic.endpoints(), port, 'chat', { rps: 20 }).start();
  while (!end.aborted) await pause(50);
  await load.stop();
}
