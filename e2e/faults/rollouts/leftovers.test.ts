import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { LABEL } from '../../../operator/api/index.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../../operator/kube/types.ts';
import { WRITTEN_TYPES } from '../../rollouts/end-state.ts';
import { leftovers, orphans } from './leftovers.ts';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

type Objects = Readonly<Record<string, readonly KubeObject[]>>;

const object = (
  uid: string,
  ownerUid?: string,
  labels: Record<string, string> = { [LABEL.name]: 'chat' },
): KubeObject => ({
  ...{ apiVersion: 'v1', kind: 'Any' },
  metadata: {
    ...{ name: uid, uid, labels },
    ...(ownerUid !== undefined && { ownerReferences: [{ apiVersion: 'v1', kind: 'Any', name: 'a', uid: ownerUid }] }),
  },
});

/** A namespace in which these are, by kind; what it is told of it changes with the time. */
const place = (now: () => Objects) => ({
  client: {
    list: (type: ResourceType) => Promise.resolve({ items: now()[type.kind] ?? [] }),
  } as unknown as Pick<KubeClient, 'list'>,
  namespace: 'one',
  signal: AbortSignal.timeout(60_000),
});

async function after<T>(found: Promise<T>): Promise<T> {
  await jest.advanceTimersByTimeAsync(30_000);
  return found;
}

const WHOLE: Objects = {
  DeepSeekDeployment: [object('model')],
  Deployment: [object('deployment', 'model')],
  ReplicaSet: [object('set', 'deployment')],
  Pod: [object('pod', 'set'), object('foreign', undefined, {})],
};

it('what is owned by what is there is no orphan, nor is what is not ours', async () => {
  expect(await after(orphans(place(() => WHOLE)))).toEqual([]);
});

it.each([...WRITTEN_TYPES.map(({ kind }) => kind), 'ReplicaSet', 'Pod'])('sees a %s without an owner', async (kind) => {
  const objects = { ...WHOLE, [kind]: [...(WHOLE[kind] ?? []), object('left')] };
  expect(await after(orphans(place(() => objects)))).toEqual([
    { oracle: 'orphan', detail: `${kind} left has no owner` },
  ]);
});

it('sees that the owner of a pod is gone, unless the garbage collector only needs its time', async () => {
  const { ReplicaSet: _, ...objects } = WHOLE;
  expect(await after(orphans(place(() => objects)))).toEqual([{ oracle: 'orphan', detail: 'Pod pod has no owner' }]);
  let looks = 0;
  const healing = () => (++looks > 60 ? {} : objects);
  expect(await after(orphans(place(healing)))).toEqual([]);
});

it('tells what is left of ours', async () => {
  expect(await after(leftovers(place(() => WHOLE)))).toEqual({
    left: ['Deployment deployment', 'ReplicaSet set', 'Pod pod'],
  });
  expect(await after(leftovers(place(() => ({}))))).toEqual({ left: [] });
});
