import { KIND, MANAGER } from '../api/index.ts';
import { isAlreadyExists, isConflict, isForbidden, isInvalid, isBadRequest, isNotFound } from '../kube/errors.ts';
import type { Informer, KubeClient, KubeObject, ResourceType } from '../kube/types.ts';
import { classifyRefusal } from '../rollout/failures/index.ts';
import type { Intent } from './decide/intents.ts';
import type { Obstacle } from './obstacle.ts';
import { DEEPSEEK_DEPLOYMENTS } from './resources.ts';
import { checkNotServing, nameConflict } from './live-reads.ts';
import type { ChildKind, LiveMeta } from './snapshot.ts';

/** What carrying out intents needs. */
export interface ActContext {
  readonly client: KubeClient;
  /** The cache of each child kind: it learns of every write at once. */
  readonly children: Readonly<Record<ChildKind, Informer<KubeObject>>>;
  /** Called after each write, with what was done. */
  readonly onWrite: (intent: Intent) => void;
}

/** A resourceVersion that no object has: server-side apply with it creates, and answers 409 when the object exists. */
const MUST_NOT_EXIST = '1';

/**
 * Carries out the intents in order. Resolves to what stands in the way when only a change by somebody else can help
 * (a foreign object of the same name, a refusal by admission); throws on what trying again may cure.
 */
export async function act(
  owner: LiveMeta,
  intents: readonly Intent[],
  context: ActContext,
  signal: AbortSignal,
): Promise<Obstacle | undefined> {
  for (const intent of intents) {
    const obstacle = await carryOut(owner, intent, context, signal);
    if (obstacle) return obstacle;
    context.onWrite(intent);
  }
  return undefined;
}

async function carryOut(
  owner: LiveMeta,
  intent: Intent,
  context: ActContext,
  signal: AbortSignal,
): Promise<Obstacle | undefined> {
  try {
    await write(owner, intent, context, signal);
    return undefined;
  } catch (error) {
    if (intent.type === 'Create' && (isConflict(error) || isAlreadyExists(error))) {
      return nameConflict(owner, intent, context, signal);
    }
    // The preconditions of a JSON patch fail with 422: somebody was faster, and the next pass looks again.
    if (intent.type === 'ReplaceTemplate' && isInvalid(error)) throw error;
    if (isForbidden(error) || isInvalid(error) || isBadRequest(error)) return refusal(intent, error as Error);
    throw error;
  }
}

async function write(
  owner: LiveMeta,
  intent: Intent,
  { client, children }: ActContext,
  signal: AbortSignal,
): Promise<void> {
  const { namespace } = owner;
  switch (intent.type) {
    case 'Create': {
      const { type } = children[intent.kind];
      const metadata = { ...intent.object.metadata, resourceVersion: MUST_NOT_EXIST };
      const options = { fieldManager: MANAGER, force: true, signal };
      children[intent.kind].observeWrite(await client.apply(type, { ...intent.object, metadata }, options));
      return;
    }
    case 'Apply': {
      const { type } = children[intent.kind];
      const options = { fieldManager: MANAGER, force: true, signal };
      children[intent.kind].observeWrite(await client.apply(type, intent.object, options));
      return;
    }
    case 'ReplaceTemplate': {
      const patch = [
        { op: 'test', path: '/metadata/uid', value: intent.uid },
        { op: 'test', path: '/metadata/resourceVersion', value: intent.resourceVersion },
        { op: 'replace', path: '/spec/template', value: intent.template },
      ];
      const { type } = children.Deployment;
      const options = { type: 'json', fieldManager: MANAGER, signal } as const;
      children.Deployment.observeWrite(await client.patch(type, { namespace, name: intent.name }, patch, options));
      return;
    }
    case 'Delete': {
      const ref = { namespace, name: intent.name, uid: intent.uid };
      if (intent.kind === 'Deployment') await checkNotServing(owner, intent.name, { client, children }, signal);
      try {
        await client.delete(children[intent.kind].type, ref, {
          uid: intent.uid,
          propagationPolicy: 'Background',
          signal,
        });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      children[intent.kind].observeDelete(ref);
      return;
    }
    case 'SetReplicas': {
      // The parent's own type: /scale answers with a Scale, which no cache holds.
      const type = DEEPSEEK_DEPLOYMENTS as ResourceType;
      const scale = {
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        // With the version that was read: an HPA or a person that was faster keeps the last word.
        metadata: { name: owner.name, resourceVersion: owner.resourceVersion },
        spec: { replicas: intent.replicas },
      };
      const options = { type: 'merge', subresource: 'scale', fieldManager: MANAGER, signal } as const;
      await client.patch(type, { namespace, name: owner.name }, scale, options);
      return;
    }
  }
}

function refusal(intent: Intent, error: Error): Obstacle {
  const what =
    intent.type === 'SetReplicas'
      ? KIND
      : intent.type === 'Create' || intent.type === 'Apply'
        ? `${intent.kind} ${intent.object.metadata?.name ?? ''}`
        : intent.name;
  return classifyRefusal(what, error.message);
}
