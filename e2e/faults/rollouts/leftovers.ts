import { LABEL } from '../../../operator/api/index.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../../operator/controller/resources.ts';
import { resources } from '../../../operator/kube/resources.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../../operator/kube/types.ts';
import { listIfServed, WRITTEN_TYPES } from '../../rollouts/end-state.ts';
import type { Finding } from './oracles.ts';

/** Everything that there is because of a DeepSeekDeployment: what the operator writes, and what comes of it. */
const TYPES: readonly ResourceType[] = [...WRITTEN_TYPES, resources.replicaSets, resources.pods];
/** How long the garbage collector may take, milliseconds: it comes after everybody else. */
const COLLECTED_MS = 15_000;
const LOOK_EVERY_MS = 250;

interface Place {
  readonly client: Pick<KubeClient, 'list'>;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/** Ours, by the label that all of them carry. */
async function ours({ client, namespace, signal }: Place): Promise<readonly (readonly [string, KubeObject])[]> {
  const lists = TYPES.map(async (type) =>
    (await listIfServed(client, type, { namespace, signal })).map((object) => [type.kind, object] as const),
  );
  return (await Promise.all(lists)).flat().filter(([, { metadata }]) => metadata.labels?.[LABEL.name] !== undefined);
}

/** Everything of ours that is left, by kind and name: after a deletion, nothing. */
export async function leftovers(place: Place): Promise<object> {
  const all = await patiently(async () =>
    (await ours(place)).map(([kind, { metadata }]) => `${kind} ${metadata.name}`),
  );
  return { left: all };
}

/** What of ours has no owner, or owners that are gone. */
export async function orphans(place: Place): Promise<Finding[]> {
  return patiently(async () => {
    const { client, namespace, signal } = place;
    const all = await ours(place);
    // Read last: an owner that is younger than the list of what it owns is there.
    const models = await client.list(DEEPSEEK_DEPLOYMENTS, { namespace, signal });
    const uids = new Set([...models.items, ...all.map(([, object]) => object)].map(({ metadata }) => metadata.uid));
    return all
      .filter(([, { metadata }]) => metadata.ownerReferences?.some(({ uid }) => uids.has(uid)) !== true)
      .map(([kind, { metadata }]) => ({ oracle: 'orphan', detail: `${kind} ${metadata.name} has no owner` }));
  });
}

/** What is still found when the garbage collector has had its time. */
async function patiently<T>(look: () => Promise<T[]>): Promise<T[]> {
  const until = performance.now() + COLLECTED_MS;
  for (;;) {
    const found = await look();
    if (found.length === 0 || performance.now() > until) return found;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
