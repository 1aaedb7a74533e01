import { ANNOTATION } from '../../operator/api/index.ts';
import { isConflict, isTransportError } from '../../operator/kube/errors.ts';
import type { ControllerRevision } from '../../operator/kube/resources.ts';
import type { KubeClient } from '../../operator/kube/types.ts';
import { formatOrder, type OrderVerb, refusalOf } from '../../operator/rollout/orders.ts';
import { DEEPSEEK_DEPLOYMENTS, type DeepSeekDeploymentObject } from '../get/objects.ts';
import { type DeploymentRef, readDeployment } from '../get/read.ts';
import { CommandError, EXIT } from '../support/exit-status.ts';
import { hashOf, knownRevisions, readRevisions, resolveRevision } from '../support/revisions.ts';
import { pendingOrder, standingOf } from './standing.ts';
import { VERBS } from './verbs.ts';

/** The field manager of what the plugin writes. */
export const FIELD_MANAGER = 'kubectl-deepseek';

/** What is ordered, as a person says it. */
export interface OrderRequest {
  readonly verb: OrderVerb;
  readonly ref: DeploymentRef;
  /** As it was typed; absent: the one that the verb is about. */
  readonly revision?: string | undefined;
  /** Makes the order one of its own; the same for every attempt to write it. */
  readonly nonce: string;
}

/** What became of a request. */
export type Sent =
  /** It is so already: nothing was written. */
  | { readonly kind: 'Already'; readonly message: string }
  /** The order is on the object: written now, or by somebody else just before. */
  | { readonly kind: 'Ordered'; readonly text: string; readonly joined: boolean }
  /** Another order has not been handled yet. */
  | { readonly kind: 'Busy'; readonly text: string };

/** Writers that come between a read and our write are no reason to give up: the operator itself writes the object. */
const MAX_ATTEMPTS = 30;

/**
 * Judges a request by the operator's own rule on what the status says, and writes the order. Never over an order that is
 * not handled yet, and on no other object than the one that was judged. Throws a CommandError when it is refused.
 */
export async function sendOrder(client: KubeClient, request: OrderRequest, signal: AbortSignal): Promise<Sent> {
  // Read once: what matters between a look and the write is that little time goes by.
  const stored = await readRevisions(client, request.ref, signal);
  for (let attempt = 1; ; attempt += 1) {
    const judged = judge(await readDeployment(client, request.ref, signal), stored, request);
    if (judged.kind !== 'Write') return judged;
    const { deployment, revision } = judged;
    const { uid = '', resourceVersion } = deployment.metadata;
    const text = formatOrder({ verb: request.verb, revision, uid, nonce: request.nonce });
    const metadata = { uid, resourceVersion, annotations: { [ANNOTATION.order]: text } };
    try {
      const options = { type: 'merge', fieldManager: FIELD_MANAGER, signal } as const;
      await client.patch(DEEPSEEK_DEPLOYMENTS, request.ref, { metadata }, options);
      return { kind: 'Ordered', text, joined: false };
    } catch (error) {
      // After a lost answer the next look finds our order there, by its nonce, or writes it.
      if (!isConflict(error) && !isTransportError(error)) throw error;
      if (attempt === MAX_ATTEMPTS) throw busy(request, error);
    }
  }
}

type Judged =
  Sent | { readonly kind: 'Write'; readonly deployment: DeepSeekDeploymentObject; readonly revision: string };

function judge(
  deployment: DeepSeekDeploymentObject,
  stored: readonly ControllerRevision[] | undefined,
  request: OrderRequest,
): Judged {
  const { verb, ref, nonce } = request;
  const { status, metadata } = deployment;
  const entry = VERBS[verb];
  const known = knownRevisions(deployment, stored ?? []);
  const annotation = metadata.annotations?.[ANNOTATION.order] ?? '';
  if (annotation.endsWith(`/${nonce}`)) return { kind: 'Ordered', text: annotation, joined: false };

  const named = request.revision === undefined ? undefined : resolveRevision(request.revision, known, ref.name);
  // Whoever may not list revisions leaves it to the operator whether one is stored.
  const standing = standingOf(deployment, stored?.map(hashOf) ?? known.map(({ hash }) => hash));
  const revision = named ?? entry.target(standing);

  const pending = pendingOrder(deployment);
  if (pending) {
    const { order, text } = pending;
    return order.verb === verb && order.revision === revision
      ? { kind: 'Ordered', text, joined: true }
      : { kind: 'Busy', text };
  }
  if (revision === undefined) throw refused(entry.noTarget(standing));
  const already = entry.already(revision, standing, status?.rollout ?? {});
  if (already !== undefined) return { kind: 'Already', message: already };
  const refusal = refusalOf({ verb, revision }, standing);
  if (refusal !== undefined) throw refused(refusal);
  return { kind: 'Write', deployment, revision };
}

export function refused(message: string): CommandError {
  return new CommandError('REFUSED', EXIT.no, `refused: ${message}`);
}

function busy({ ref, verb }: OrderRequest, cause: unknown): CommandError {
  const message = `${ref.namespace}/${ref.name} changed each of the ${MAX_ATTEMPTS} times that ${verb} was to be written: nothing was ordered; try again`;
  return new CommandError('CONFLICT', EXIT.no, message, { cause });
}
