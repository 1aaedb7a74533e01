import type { KubeHttpClient } from '../../../operator/kube/client.ts';
import { ApiError, isTransportError } from '../../../operator/kube/errors.ts';
import type { ReflectingInformer } from '../../../operator/kube/informer.ts';
import { isNewer } from '../../../operator/kube/resource-version.ts';
import { resources, type ConfigMap } from '../../../operator/kube/resources.ts';
import type { Random } from '../../simulator/random.ts';

/** Few names, so that objects are created, hidden, deleted and created again, and writers meet. */
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];

/** The label that says which run an object belongs to; the informer under test selects by it. */
export const RUN_LABEL = 'fault-run';

export interface WriterOptions {
  readonly run: string;
  readonly namespace: string;
  readonly random: Random;
  readonly operations: number;
  readonly signal: AbortSignal;
}

const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;

function object({ run, namespace, random }: WriterOptions, hidden: boolean): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: `${run}-${pick(random, NAMES)}`,
      namespace,
      labels: { [RUN_LABEL]: hidden ? `${run}-hidden` : run },
    },
    data: { value: `${random()}`, text: 'ä€😀'.repeat(Math.floor(random() * 100)) },
  };
}

/** Somebody else: writes straight to the API server. One in six of its writes takes the object out of the selector. */
export async function foreignWriter(client: KubeHttpClient, options: WriterOptions): Promise<void> {
  const { random, operations, signal, namespace } = options;
  for (let i = 0; i < operations; i += 1) {
    const one = object(options, random() < 1 / 6);
    const choice = random();
    if (choice < 0.6) await client.apply(resources.configMaps, one, { fieldManager: 'foreign', force: true, signal });
    else {
      const ref = { namespace, name: one.metadata.name };
      await tolerate(client.delete(resources.configMaps, ref, { signal }), [404]);
    }
  }
}

/**
 * The owner of the informer: writes through the faults and tells the informer what it wrote. Any answer may be missing.
 * Returns what was wrong with the store right after a write that had an answer.
 */
export async function ownWriter(
  client: KubeHttpClient,
  informer: ReflectingInformer<ConfigMap>,
  options: WriterOptions,
): Promise<string[]> {
  const problems: string[] = [];
  const { random, operations, signal, namespace } = options;
  for (let i = 0; i < operations; i += 1) {
    const one = object(options, false);
    const ref = { namespace, name: one.metadata.name };
    const known = informer.store.get(ref);
    if (random() < 0.7) {
      const create = known === undefined && random() < 0.5;
      const write = create
        ? client.create(resources.configMaps, one, { signal })
        : client.apply(resources.configMaps, one, { fieldManager: 'own', force: true, signal });
      const answer = await tolerate(write, [409]);
      if (answer === undefined) continue;
      informer.observeWrite(answer);
      const stored = informer.store.get(ref);
      if (stored !== undefined && isNewer(answer.metadata.resourceVersion, stored.metadata.resourceVersion)) {
        problems.push(`the store is older than the own write of ${ref.name}@${answer.metadata.resourceVersion ?? ''}`);
      }
    } else if (known?.metadata.uid !== undefined) {
      const { uid } = known.metadata;
      const done = await tolerate(
        client.delete(resources.configMaps, ref, { uid, signal }).then(() => true),
        [404, 409],
      );
      if (done !== true) continue;
      informer.observeDelete({ ...ref, uid });
      if (informer.store.get(ref)?.metadata.uid === uid)
        problems.push(`the store has ${ref.name} after its own deletion`);
    }
  }
  return problems;
}

/** Undefined when the answer is one of `expected`, or one that faults explain; anything else is thrown. */
async function tolerate<T>(promise: Promise<T>, expected: readonly number[]): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    const byFault = isTransportError(error) || (error instanceof ApiError && [429, 500, 503].includes(error.status));
    if (byFault || (error instanceof ApiError && expected.includes(error.status))) return undefined;
    throw error;
  }
}
