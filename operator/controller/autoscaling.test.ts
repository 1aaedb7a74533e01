import { expect, it } from '@jest/globals';
import type { KubeObject } from '../kube/types.ts';
import { autoscalingOf } from './autoscaling.ts';
import type { Caches } from './caches.ts';
import type { LiveDeepSeekDeployment } from './snapshot.ts';

const deployment = (provider: 'HPA' | 'KEDA' | undefined, status: object = {}) =>
  ({
    metadata: { name: 'chat', namespace: 'ai', uid: 'uid-chat' },
    spec: provider === undefined ? {} : { autoscaling: { provider, maxReplicas: 3 } },
    status,
  }) as unknown as LiveDeepSeekDeployment;
/** What is cached: the HPA by the kind of its owner, and what is known of KEDA. */
const caches = (hpaOf?: 'ScaledObject' | 'DeepSeekDeployment', scaledObjects: object = {}) => {
  const ownerReferences = [{ apiVersion: 'a/v1', kind: hpaOf, name: 'chat', uid: 'uid', controller: true }];
  const hpa = hpaOf && ({ metadata: { name: 'chat', ownerReferences } } as unknown as KubeObject);
  return {
    scaledObjects: { installed: undefined, missing: false, get: () => undefined, ...scaledObjects },
    childStores: { horizontalPodAutoscalers: { get: () => hpa } },
  } as unknown as Caches;
};
const NOT_KNOWN = { installed: undefined, missing: false, live: undefined, hpa: undefined };

it.each<[string, LiveDeepSeekDeployment, Caches, object | undefined]>([
  ['nobody asks for KEDA', deployment('HPA'), caches('DeepSeekDeployment'), undefined],
  ['the spec asks for KEDA', deployment('KEDA'), caches(), { keda: NOT_KNOWN }],
  ['a ScaledObject was made before', deployment('HPA', { scaledObject: 'chat' }), caches(), { keda: NOT_KNOWN }],
  [
    'one was made before, and no autoscaling is asked for',
    deployment(undefined, { scaledObject: 'chat' }),
    caches('ScaledObject'),
    { keda: NOT_KNOWN },
  ],
  [
    'the HPA of KEDA outlives its ScaledObject',
    deployment('HPA'),
    caches('ScaledObject'),
    { keda: { ...NOT_KNOWN, hpa: expect.objectContaining({ metadata: expect.anything() }) } },
  ],
  [
    'there is no KEDA',
    deployment('KEDA'),
    caches(undefined, { installed: false, missing: true }),
    { keda: { ...NOT_KNOWN, installed: false, missing: true } },
  ],
])('what a pass knows of KEDA when %s', (_, live, cached, expected) => {
  expect(autoscalingOf(live, cached, undefined)).toEqual(expected);
});
