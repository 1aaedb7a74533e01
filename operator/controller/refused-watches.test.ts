import { expect, it } from '@jest/globals';
import { ApiError } from '../kube/errors.ts';
import type { ReflectorEvent } from '../kube/reflector.ts';
import { RefusedWatches } from './refused-watches.ts';

const failed = (code: number): ReflectorEvent => ({
  ...{ type: 'watch-failed', error: new ApiError(code, {}), retryInMs: 200, relist: false },
});
const watching: ReflectorEvent = { type: 'watching', resourceVersion: '1' };

it('tells of a refused watch once for each kind and namespace, until it is allowed', () => {
  const told: string[] = [];
  const tell =
    (level: string) =>
    (_: string, { kind, namespace = '*' }: Readonly<Record<string, string>>) =>
      void told.push(`${level} ${kind ?? ''} ${namespace}`);
  const watches = new RefusedWatches({ info: tell('info'), warn: tell('warn') });
  const met = (kind: string, namespace: string | undefined, ...events: ReflectorEvent[]) => {
    told.length = 0;
    for (const event of events) watches.on(kind, event, namespace);
    return [...told];
  };
  expect(met('Pod', undefined, watching, failed(503), failed(410), watching)).toEqual([]);
  expect(met('Pod', undefined, failed(403), failed(401), failed(403))).toEqual(['warn Pod *']);
  expect(met('Pod', 'ai', failed(404), failed(404))).toEqual(['warn Pod ai']);
  expect(met('Service', 'ai', failed(403))).toEqual(['warn Service ai']);
  expect(met('Pod', undefined, failed(503), failed(403))).toEqual([]);
  expect(met('Pod', undefined, watching, watching, failed(403))).toEqual(['info Pod *', 'warn Pod *']);
});
