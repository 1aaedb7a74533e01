import { randomInt } from 'node:crypto';
import type { KubeHttpClient } from '../../../operator/kube/client.ts';
import { isConflict, isNotFound } from '../../../operator/kube/errors.ts';
import { resources } from '../../../operator/kube/resources.ts';
import { MODELS } from '../../demo/manifests.ts';
import { createModel } from '../models.ts';

/** Rollouts that go by themselves and are soon over. */
export const SPEC = {
  replicas: 1,
  termination: { preStopDelay: '0s', drainDeadline: '1s', rollbackDrain: '1s' },
  rollout: {
    promotion: 'Automatic',
    proof: { warmUpRequests: 1, pairedRequests: 0 },
    watch: { duration: '5s' },
    rollbackWindow: '10s',
  },
};

export interface Target {
  readonly client: KubeHttpClient;
  readonly namespace: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

/** Something that people and programs do to a model; out of a few values each, so that there is no more of anything after hours. */
type Edit = (target: Target) => Promise<unknown>;

const patch =
  (body: () => object): Edit =>
  ({ client, namespace, name, signal }) =>
    client.patch(MODELS, { namespace, name }, body(), { type: 'merge', signal });

const EDITS: Readonly<Record<string, Edit>> = {
  version: patch(() => ({ spec: { model: { maxModelLen: 4_096 * randomInt(1, 4) } } })),
  replicas: patch(() => ({ spec: { replicas: randomInt(1, 3) } })),
  label: patch(() => ({ metadata: { labels: { team: `team-${randomInt(5)}` } } })),
  // Of a child, which the operator puts right.
  child: ({ client, namespace, name, signal }) =>
    client.delete(resources.services, { namespace, name }, { propagationPolicy: 'Background', signal }),
  anew: async ({ client, namespace, name, signal }) => {
    await client.delete(MODELS, { namespace, name }, { propagationPolicy: 'Background', signal });
    await createModel(client, { namespace, name, spec: SPEC, signal });
  },
};

/** One edit, drawn at random; returns its name. Somebody else who was faster is no failure. */
export async function editAtRandom(target: Target): Promise<string> {
  const names = Object.keys(EDITS);
  const name = names[randomInt(names.length)] ?? '';
  try {
    await EDITS[name]?.(target);
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
  return name;
}
