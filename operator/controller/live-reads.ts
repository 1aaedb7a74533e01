import { API_VERSION, KIND, LABEL, MANAGER } from '../api/index.ts';
import { isNotFound } from '../kube/errors.ts';
import { resources } from '../kube/resources.ts';
import type { KubeClient } from '../kube/types.ts';
import type { ActContext, WriteTarget } from './act.ts';
import type { Caches } from './caches.ts';
import { covers } from '../resources/drift.ts';
import { childNames } from '../resources/names.ts';
import { requiredSecrets } from '../resources/secret-refs.ts';
import type { Intent, WrittenKind } from './decide/intents.ts';
import { generationIn, isOwnedBy } from './gather.ts';
import type { Obstacle } from './obstacle.ts';
import { DEEPSEEK_DEPLOYMENTS } from './resources.ts';
import type { LiveDeployment, LiveMeta, LiveService, Snapshot } from './snapshot.ts';

/**
 * Where a write must not rely on the caches: the few reads of the API server itself.
 */

/** What these reads need. */
interface Access {
  readonly client: KubeClient;
  readonly children: Readonly<Record<WrittenKind, WriteTarget>>;
}

/** What the caches show is not what is there: nothing may be decided on them before they have caught up. */
export class StaleCacheError extends Error {
  readonly code = 'STALE_CACHE';
  override readonly name = 'StaleCacheError';
}

/**
 * Asks the server itself before pods are deleted that may serve: the watch of Services may be behind that of the rest,
 * above all in a process that has just begun to lead.
 */
export async function checkNotServing(
  owner: LiveMeta,
  deployment: string,
  { client, children }: Access,
  signal: AbortSignal,
): Promise<void> {
  const services = children.Service;
  try {
    const active = await client.get(services.type, { namespace: owner.namespace, name: owner.name }, { signal });
    const { selector } = (active as LiveService).spec ?? {};
    const selected = childNames(owner.name, selector?.[LABEL.revision] ?? '').deployment;
    if (!isOwnedBy(active, owner.uid) || selected !== deployment) return;
    services.observeWrite(active);
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
  throw new StaleCacheError(`Deployment ${deployment} is not deleted: the active Service selects it.`);
}

/**
 * Asks the server for the spec where a child was written for a later one than the cache has: the watch of DeepSeekDeployments is behind that
 * of the rest. On a wish of the past a version that was taken back would be tried again, and users moved to what nobody asks for any more.
 */
export async function checkSpecIsCurrent(
  { deployment, services, revisions }: Pick<Snapshot, 'deployment' | 'services' | 'revisions'>,
  { client, deployments }: { readonly client: KubeClient; readonly deployments: Caches['deepSeekDeployments'] },
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace, uid, generation = 0 } = deployment.metadata;
  const writtenFor = [...services.map(generationIn), ...revisions.map((revision) => revision.generation)];
  // Anybody can write an annotation: what the server says counts.
  if (writtenFor.every((one = 0) => one <= generation)) return;
  // A list of one: to list is a right that the operator has anyway.
  const { items } = await client.list(DEEPSEEK_DEPLOYMENTS, {
    namespace,
    fieldSelector: `metadata.name=${name}`,
    signal,
  });
  const live = items[0];
  if (live?.metadata.uid === uid && (live.metadata.generation ?? 0) <= generation) return;
  if (live !== undefined) deployments.observeWrite(live);
  throw new StaleCacheError(
    `The spec of ${namespace}/${name} that is cached (generation ${generation}) is not the last one.`,
  );
}

/** GitOps tools apply a model beside what makes its Secret (External Secrets, Vault), and give up at the word `Stalled`. */
const SECRET_PATIENCE_MS = 120_000;

/**
 * A Secret without which the first pods of a Deployment could only hold their GPUs and wait. Whether it
 * has the right keys nobody can tell without reading it; the kubelet does. One that nobody answers for is taken to be there.
 */
export async function missingSecret(
  { namespace }: LiveMeta,
  intent: Intent,
  { client }: Pick<Access, 'client'>,
  signal: AbortSignal,
): Promise<Obstacle | undefined> {
  const begins = intent.type === 'Create' || (intent.type === 'Apply' && intent.begins === true);
  if (!begins || intent.kind !== 'Deployment') return undefined;
  const { template, replicas = 1 } = (intent.object as LiveDeployment).spec ?? {};
  for (const name of template === undefined || replicas === 0 ? [] : requiredSecrets(template)) {
    try {
      if (await client.exists(resources.secrets, { namespace, name }, { signal })) continue;
    } catch (error) {
      if (signal.aborted) throw error;
      return undefined;
    }
    const deployment = intent.object.metadata?.name ?? '';
    const message = `Secret ${name}, which the pods of ${deployment} need, is not in namespace ${namespace}. No pods are made before it is there: create it, or correct its name in the spec. It goes on by itself, within a minute.`;
    return { reason: 'SecretNotFound', message, blocking: true, patienceMs: SECRET_PATIENCE_MS };
  }
  return undefined;
}

/**
 * The object is there although the cache has none of ours: a foreign one, our own that the cache has yet to see, or our
 * own without the labels by which the cache follows it.
 */
export async function nameConflict(
  owner: LiveMeta,
  { kind, object }: Extract<Intent, { type: 'Create' }>,
  { client, children, onLabelsRestored }: Access & Pick<ActContext, 'onLabelsRestored'>,
  signal: AbortSignal,
): Promise<Obstacle | undefined> {
  const name = object.metadata?.name ?? '';
  const ref = { namespace: owner.namespace, name };
  const found = await client.get(children[kind].type, ref, { signal });
  if (isOwnedBy(found, owner.uid)) {
    const labels = object.metadata?.labels ?? {};
    if (covers({ metadata: { labels } }, found).length === 0) {
      children[kind].observeWrite(found);
      return undefined;
    }
    const { uid, resourceVersion } = found.metadata;
    const options = { type: 'merge', fieldManager: MANAGER, signal } as const;
    const patch = { metadata: { uid, resourceVersion, labels } };
    children[kind].observeWrite(await client.patch(children[kind].type, ref, patch, options));
    onLabelsRestored(kind, name);
    throw new StaleCacheError(`${kind} ${name} had lost its labels; they are back, and the pass is repeated with it.`);
  }
  const controller = found.metadata.ownerReferences?.find((reference) => reference.controller === true);
  const predecessor =
    controller?.kind === KIND && controller.apiVersion === API_VERSION && controller.name === owner.name;
  const holder = controller ? `${controller.kind} ${controller.name}` : 'nobody that we know';
  const message = predecessor
    ? `${kind} ${name} still belongs to the deleted ${KIND} of the same name; it is made again once that one is gone.`
    : `${kind} ${name} exists and belongs to ${holder}. It is not taken over: delete or rename it, or rename this ${KIND}.`;
  return { reason: 'NameConflict', message, blocking: !predecessor };
}
