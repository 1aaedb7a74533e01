import { expect, it } from '@jest/globals';
import { LABEL } from '../api/index.ts';
import type { KubeObject } from '../kube/types.ts';
import type { Stored } from './look.ts';
import { Pass, type PassContext } from './pass.ts';
import { Remembered } from './remembered.ts';
import { CHILD_KINDS } from './snapshot.ts';
import { ROOM, World } from './testing/world.ts';

const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 1 };
const NO_ROOM = { ...ROOM, slots: 0, slotsWithoutServing: [0], slotsWithoutWarm: [0], freeGpus: 0 };

/** A world in which one version serves, and a candidate waits for GPUs. */
function waiting(): { readonly world: World; readonly serving: string } {
  const world = new World(SPEC);
  world.settle();
  world.conclude();
  const serving = world.deployment.status?.serving?.revision ?? '';
  world.capacity = NO_ROOM;
  world.edit((spec) => ({ ...spec, model: { name: 'deepseek-r1-distill-qwen-14b' } }));
  world.settle();
  expect(world.deployment.status?.rollout?.phase).toBe('Waiting');
  return { world, serving };
}

/** One pass over the world. `admits`: it is its turn to count, which fails then. Returns the sizes that Deployments were given. */
async function pass(world: World, admits: boolean): Promise<{ sizes: Record<string, number>; error?: unknown }> {
  const sizes: Record<string, number> = {};
  const target = (kind: string) => ({ type: { kind }, observeWrite: () => undefined });
  const log = { info: () => undefined, warn: () => undefined };
  const live = world.deployment as unknown as Stored;
  const deepSeekDeployments = { store: { get: () => live, list: () => [live] }, observeWrite: () => undefined };
  const context = {
    ...{ clock: { now: () => world.now }, options: { observeOnly: false }, priorityClasses: {} },
    client: {
      apply: ({ kind }: { kind: string }, object: KubeObject & { spec: { replicas: number } }) => {
        const revision = object.metadata.labels?.[LABEL.revision] ?? '';
        if (kind === 'Deployment') sizes[revision] = object.spec.replicas;
        return Promise.resolve(object);
      },
    },
    caches: {
      ...{ deepSeekDeployments, childStores: world.stores(), nodes: { nodes: world.nodes } },
      gateway: { state: undefined, route: () => undefined, notTakenSince: () => undefined },
      scaledObjects: { installed: undefined, get: () => undefined },
      monitoring: { stateOf: () => ({ has: {}, live: new Map() }), targets: {} },
      children: Object.fromEntries(CHILD_KINDS.map((kind) => [kind, target(kind)])),
    },
    engineLogs: { known: () => new Map(), read: () => Promise.resolve(false) },
    capacity: { read: () => Promise.reject(new Error('500: the webhook is away')) },
    admission: {
      admits: () => admits,
      run: (work: (signal: AbortSignal) => unknown, signal: AbortSignal) => work(signal),
    },
    claims: { record: () => undefined, on: () => [], candidatesBeside: () => [] },
    observer: { known: () => world.observations, want: () => undefined, loads: () => Promise.resolve(new Map()) },
  } as unknown as PassContext;
  const reporting = { client: context.client, events: { record: () => undefined }, deployments: deepSeekDeployments };
  const one = new Pass('ai/chat', live, context, new Remembered(context.clock), reporting as never, log as never);
  try {
    await one.run(new AbortController().signal);
    return { sizes };
  } catch (error) {
    return { sizes, error };
  }
}

it.each<[string, boolean, string | undefined]>([
  ['while others count', false, undefined],
  ['though the count fails', true, '500: the webhook is away'],
])('scales what serves up %s, and gives the candidate nothing', async (_, admits, error) => {
  const { world, serving } = waiting();
  world.edit((spec) => ({ ...spec, replicas: 3 }));
  const found = await pass(world, admits);
  expect(found.sizes).toEqual({ [serving]: 3 });
  expect((found.error as Error | undefined)?.message).toBe(error);
});
