import { describe, expect, it } from '@jest/globals';
import type { LivePod } from '../snapshot.ts';
import { World } from '../testing/world.ts';
import { decide } from './decide.ts';
import { DELETION_COST } from './deletion-cost.ts';

const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 3 };

describe('a scale-down', () => {
  const pod = (name: string, cost?: string): LivePod => {
    const annotations = cost === undefined ? {} : { annotations: { [DELETION_COST]: cost } };
    return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'ai', uid: `uid-${name}`, ...annotations } };
  };
  function shrinks(
    replicas: number,
    loads: Record<string, number> | undefined,
    costs: Record<string, string> = {},
    statuses: Readonly<Record<string, object>> = {},
  ) {
    const world = new World(SPEC);
    world.conclude();
    const labels = { ...world.snapshot().pods[0]?.metadata.labels };
    const [first] = world.snapshot().pods;
    world.pods.push(
      ...[...new Set(['a', 'b', 'c', ...Object.keys(statuses)])].map((name): LivePod => {
        const own = pod(name, costs[name]);
        const status = { ...first?.status, ...statuses[name] } as LivePod['status'];
        return { ...first, ...own, metadata: { ...own.metadata, labels }, status } as LivePod;
      }),
    );
    world.settle();
    world.edit((spec) => ({ ...spec, replicas }));
    if (loads) world.loads = new Map(Object.entries(loads));
    return decide(world.snapshot()).intents.map((intent) =>
      intent.type === 'SetDeletionCost' ? `${intent.pod.name} ${intent.cost}` : intent.type,
    );
  }

  it.each<[string, number, Record<string, number> | undefined, Record<string, string>, string[]]>([
    ['asks first, and goes on without an answer', 2, undefined, {}, ['Apply']],
    ['marks the idle pod before the Deployment is made smaller', 2, { a: 4, b: 0, c: 2 }, {}, ['b -1', 'Apply']],
    ['marks as many as go', 1, { a: 4, b: 0, c: 2 }, {}, ['b -1', 'c -1', 'Apply']],
    [
      'writes nothing that is there, and takes back what no longer holds',
      2,
      { a: 4, b: 0, c: 2 },
      { a: '-1', b: '-1' },
      ['a null', 'b -1', 'Apply'].filter((step) => step !== 'b -1'),
    ],
    [
      'leaves out a pod that nobody can ask, and not one that is known to be idle',
      2,
      { a: 4, c: 2 },
      {},
      ['c -1', 'Apply'],
    ],
    ['marks nothing when pods are added', 4, { a: 4, b: 0, c: 2 }, {}, ['Apply']],
  ])('%s', (_, replicas, loads, costs, expected) => {
    expect(shrinks(replicas, loads, costs)).toEqual(expected);
  });

  const LOADS = { a: 4, b: 0, c: 2, d: 1 };
  const NOT_READY = { conditions: [] };
  it.each<[string, number, Record<string, object>, string[]]>([
    ['one that has ended does not count', 2, { d: { phase: 'Failed', ...NOT_READY } }, ['b -1', 'Apply']],
    ['one that is not ready goes by itself', 2, { c: NOT_READY }, ['Apply']],
    ['one that has no node yet goes by itself', 2, { c: { phase: 'Pending', ...NOT_READY } }, ['Apply']],
    ['the idlest of the others goes with one that is not ready', 1, { c: NOT_READY }, ['b -1', 'Apply']],
    ['one that an earlier step has not taken away yet goes as well', 2, { d: {} }, ['b -1', 'd -1', 'Apply']],
  ])('counts as a ReplicaSet does: %s', (_, replicas, statuses, expected) => {
    expect(shrinks(replicas, LOADS, {}, statuses)).toEqual(expected);
  });
});
