import { MANAGER } from '../api/index.ts';
import {
  isAlreadyExists,
  isBadRequest,
  isConflict,
  isForbidden,
  isInvalid,
  isNotFound,
  isPatchMisfit,
  isServerError,
  isTooLarge,
  isTooManyRequests,
  isTransportError,
  isWebhookFailure,
} from '../kube/errors.ts';
import { resources } from '../kube/resources.ts';
import type { Informer, KubeClient, KubeObject, ResourceType } from '../kube/types.ts';
import { classifyFailedWrite, classifyRefusal } from '../rollout/failures/index.ts';
import { type ChildObject, type Intent, targetOf, type WrittenKind } from './decide/intents.ts';
import { isUnsent } from './current.ts';
import { prerequisitesOf } from './decide/prerequisites.ts';
import { type FailedWrites, SHORT_LIMIT_MS, WRITE_LIMIT_MS } from './failed-writes.ts';
import type { Obstacle } from './obstacle.ts';
import { DEEPSEEK_DEPLOYMENTS } from './resources.ts';
import { checkNotServing, missingSecret, nameConflict } from './live-reads.ts';
import { HTTP_ROUTES } from './gateway.ts';
import type { LiveMeta } from './snapshot.ts';
import { DELETION_COST } from './decide/deletion-cost.ts';

/** What carrying out intents needs. */
export interface ActContext {
  readonly client: KubeClient;
  /** The cache of each kind: it learns of every write at once. */
  readonly children: Readonly<Record<WrittenKind, WriteTarget>>;
  /** Called after each write, with what was done; not for what was found to be done already. */
  readonly onWrite: (intent: Intent) => void;
  /** Called when a child that somebody had stripped of its labels has them back. */
  readonly onLabelsRestored: (kind: string, name: string) => void;
}

/** What learns of own writes. */
export type WriteTarget = Pick<Informer<KubeObject>, 'type' | 'observeWrite' | 'observeDelete'>;

/** A resourceVersion that no object has: server-side apply with it creates, and answers 409 when the object exists. */
const MUST_NOT_EXIST = '1';

/** What carrying out the intents of a pass needs. */
export interface NeededContext extends ActContext {
  readonly failedWrites: Pick<FailedWrites, 'again' | 'over'>;
}

/** What came of the intents. */
export interface Acted {
  /** The first thing that stands in the way of an intent, when only a change by somebody else can help. */
  readonly obstacle?: Obstacle;
  /** Why a pod of a restart may not be evicted now, in the API server’s words: a PodDisruptionBudget, mostly. */
  readonly blocked?: string;
}

/**
 * Carries out the intents in order. One that meets an obstacle (a foreign object of the same name, a refusal by
 * admission, a webhook that does not answer) is left undone with all that has to come after it, and the rest goes on: a
 * candidate that is refused does not keep what serves from being repaired. Throws on what trying again may cure, unless
 * it has failed to for a while.
 */
export async function act(
  owner: LiveMeta,
  intents: readonly Intent[],
  context: NeededContext,
  signal: AbortSignal,
): Promise<Acted> {
  const undone = new Set<string>();
  let first: Obstacle | undefined;
  let blocked: string | undefined;
  let hasFailed = false;
  for (const intent of intents) {
    const held = prerequisitesOf(owner.name, intent).some((target) => undone.has(target));
    const limitMs = hasFailed ? SHORT_LIMIT_MS : WRITE_LIMIT_MS;
    let outcome: Outcome | undefined;
    try {
      if (intent.type === 'Evict' && !held) {
        blocked = await evict(owner, intent, context, signal, limitMs);
        continue;
      }
      outcome = held ? undefined : await attempt(owner, intent, context, signal, limitMs);
    } catch (error) {
      if (!isServerError(error) && !isTransportError(error)) throw error;
      hasFailed = true;
      outcome = first ?? failure(owner, intent, context, error as Error);
      if (outcome === undefined) throw error;
    }
    if (outcome === 'Written') context.onWrite(intent);
    // All else is decided on the spec that comes back.
    if (outcome === 'Written' && intent.type === 'SetReplicas') break;
    if (outcome === 'Written' || outcome === 'Found') continue;
    const { kind, name } = targetOf(owner.name, intent);
    undone.add(kind).add(`${kind}/${name}`);
    first ??= outcome;
  }
  if (!hasFailed) context.failedWrites.over(owner.uid);
  return { ...(first && { obstacle: first }), ...(blocked !== undefined && { blocked }) };
}

/** What is to be told of a write that the API server has failed to do; undefined: nothing yet. */
function failure(owner: LiveMeta, intent: Intent, { failedWrites }: NeededContext, error: Error): Obstacle | undefined {
  const { kind, name } = targetOf(owner.name, intent);
  const isWebhook = isWebhookFailure(error);
  const classify = isWebhook ? classifyRefusal : classifyFailedWrite;
  return failedWrites.again(owner.uid, `${kind}/${name}`, classify(`${kind} ${name}`, error.message), isWebhook);
}

/** Evicts a pod, and returns why it may not go yet. The API server answers 429 for one budget, and 500 for two of one pod. */
async function evict(
  owner: LiveMeta,
  intent: Extract<Intent, { readonly type: 'Evict' }>,
  context: ActContext,
  signal: AbortSignal,
  limitMs: number,
): Promise<string | undefined> {
  try {
    await write(owner, intent, context, { signal, limitMs });
    context.onWrite(intent);
    return undefined;
  } catch (error) {
    if (isTooManyRequests(error) || isServerError(error) || isForbidden(error)) {
      return `Pod ${intent.pod.name} cannot be evicted for the restart: ${(error as Error).message}`;
    }
    throw error;
  }
}

async function attempt(
  owner: LiveMeta,
  intent: Intent,
  context: ActContext,
  signal: AbortSignal,
  limitMs: number,
): Promise<Outcome> {
  try {
    return await carryOut(owner, intent, context, signal, limitMs);
  } catch (error) {
    // Somebody was faster, and the next pass looks again.
    if (isPatchMisfit(error)) throw error;
    if (isForbidden(error) || isInvalid(error) || isBadRequest(error) || isTooLarge(error))
      return refusal(owner, intent, error as Error);
    throw error;
  }
}

/** What came of one intent. Found: a child of ours was there already, and no cache had it. */
export type Outcome = 'Written' | 'Found' | Obstacle;

/** Carries out one intent; each of its writes takes at most `limitMs`. An obstacle is a foreign object of the same name, or a Secret that is missing; whatever else is in the way is thrown. */
export async function carryOut(
  owner: LiveMeta,
  intent: Intent,
  context: ActContext,
  signal: AbortSignal,
  limitMs: number = WRITE_LIMIT_MS,
): Promise<Outcome> {
  const missing = await missingSecret(owner, intent, context, signal);
  if (missing) return missing;
  try {
    await write(owner, intent, context, { signal, limitMs });
    return 'Written';
  } catch (error) {
    if (intent.type === 'Create' && (isConflict(error) || isAlreadyExists(error))) {
      return (await nameConflict(owner, intent, context, signal)) ?? 'Found';
    }
    throw error;
  }
}

/** When a call ends at the latest. */
interface Limits {
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly limitMs: number;
}

async function write(owner: LiveMeta, intent: Intent, { client, children }: ActContext, limits: Limits): Promise<void> {
  const { namespace } = owner;
  switch (intent.type) {
    case 'Create': {
      const { type } = children[intent.kind];
      const metadata = { ...intent.object.metadata, resourceVersion: MUST_NOT_EXIST };
      const options = { fieldManager: MANAGER, force: true, ...limits };
      children[intent.kind].observeWrite(await client.apply(type, { ...intent.object, metadata }, options));
      return;
    }
    case 'Apply': {
      const { type } = children[intent.kind];
      const options = { fieldManager: MANAGER, force: true, ...limits };
      const object = await withPortsFirst(owner, intent, { client, children }, limits);
      children[intent.kind].observeWrite(await client.apply(type, object, options));
      return;
    }
    case 'ReplaceTemplate': {
      const patch = [
        { op: 'test', path: '/metadata/uid', value: intent.uid },
        { op: 'test', path: '/metadata/resourceVersion', value: intent.resourceVersion },
        { op: 'replace', path: '/spec/template', value: intent.template },
      ];
      const { type } = children.Deployment;
      const options = { type: 'json', fieldManager: MANAGER, ...limits } as const;
      children.Deployment.observeWrite(await client.patch(type, { namespace, name: intent.name }, patch, options));
      return;
    }
    case 'Delete': {
      const ref = { namespace, name: intent.name, uid: intent.uid };
      if (intent.kind === 'Deployment') await checkNotServing(owner, intent.name, { client, children }, limits.signal);
      try {
        await client.delete(children[intent.kind].type, ref, {
          uid: intent.uid,
          propagationPolicy: 'Background',
          ...limits,
        });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      children[intent.kind].observeDelete(ref);
      return;
    }
    case 'SetRouteWeights': {
      const options = { type: 'json', fieldManager: MANAGER, ...limits } as const;
      const ref = { namespace, name: intent.name };
      children.HTTPRoute.observeWrite(await client.patch(HTTP_ROUTES, ref, intent.steps, options));
      return;
    }
    case 'CutShort': {
      const { graceSeconds: gracePeriodSeconds } = intent;
      for (const { name, uid } of intent.pods) {
        try {
          await client.delete(resources.pods, { namespace, name }, { uid, gracePeriodSeconds, ...limits });
        } catch (error) {
          if (!isNotFound(error) && !isConflict(error)) throw error;
        }
      }
      return;
    }
    case 'SetDeletionCost': {
      const { name, uid } = intent.pod;
      const annotations = { [DELETION_COST]: intent.cost === null ? null : String(intent.cost) };
      const limitMs = Math.min(limits.limitMs, SHORT_LIMIT_MS);
      const options = { type: 'merge', fieldManager: MANAGER, ...limits, limitMs } as const;
      try {
        await client.patch(resources.pods, { namespace, name }, { metadata: { uid, annotations } }, options);
      } catch (error) {
        // Which pod goes first is a wish: nothing waits for one that nobody takes.
        if (limits.signal.aborted || isUnsent(error)) throw error;
      }
      return;
    }
    case 'Evict': {
      const { name, uid } = intent.pod;
      const eviction = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { namespace, name },
        deleteOptions: { preconditions: { uid } },
      };
      try {
        await client.create(resources.pods, eviction, { subresource: 'eviction', ...limits });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
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
      const options = { type: 'merge', subresource: 'scale', fieldManager: MANAGER, ...limits } as const;
      await client.patch(type, { namespace, name: owner.name }, scale, options);
      return;
    }
  }
}

/** What is to be applied, onto the version that has the ports that come first. */
async function withPortsFirst(
  { namespace }: LiveMeta,
  { kind, object, portsFirst }: Extract<Intent, { readonly type: 'Apply' }>,
  { client, children }: Pick<ActContext, 'client' | 'children'>,
  limits: Limits,
): Promise<ChildObject> {
  if (portsFirst === undefined) return object;
  const { name = '', uid, resourceVersion } = object.metadata ?? {};
  // A merge patch replaces a list whole. Somebody who was faster makes it a conflict; what the ports break makes it invalid.
  const patch = { metadata: { uid, resourceVersion }, spec: { ports: portsFirst } };
  const options = { type: 'merge', fieldManager: MANAGER, ...limits } as const;
  const patched = await client.patch(children[kind].type, { namespace, name }, patch, options);
  children[kind].observeWrite(patched);
  return { ...object, metadata: { ...object.metadata, ...pickVersion(patched) } };
}

const pickVersion = ({ metadata: { resourceVersion } }: KubeObject) =>
  resourceVersion === undefined ? {} : { resourceVersion };

function refusal(owner: LiveMeta, intent: Intent, error: Error): Obstacle {
  const { kind, name } = targetOf(owner.name, intent);
  return classifyRefusal(`${kind} ${name}`, error.message);
}
