import { pendingOrder } from '../orders/standing.ts';
import type { DeepSeekDeploymentObject } from '../get/objects.ts';

/** How a DeepSeekDeployment stands for somebody who waits for it. */
export type Outcome =
  /** The wanted revision serves, at size, proven or accepted; or it is off on purpose. */
  | { readonly kind: 'Ready' }
  /** A version was taken back or aborted, and is not tried again. */
  | { readonly kind: 'Held'; readonly message: string }
  /** Nothing will change until somebody acts. */
  | { readonly kind: 'Stalled'; readonly message: string }
  /** It is on its way, or nobody has judged the newest spec or order yet. */
  | { readonly kind: 'Waiting'; readonly message: string };

/**
 * Ready, Held, Stalled, or on its way: from the conditions, and only as far as they are about the newest spec and the
 * newest order. What an operator said of an older spec is neither a success nor a failure.
 */
export function outcomeOf(deployment: DeepSeekDeploymentObject): Outcome {
  const { metadata, status } = deployment;
  if ((status?.observedGeneration ?? -1) < (metadata.generation ?? 0)) {
    const message =
      status?.observedGeneration === undefined || status.observedGeneration < 0
        ? 'The operator has not looked at this object yet.'
        : 'The operator has not judged the newest change of the spec yet.';
    return { kind: 'Waiting', message };
  }
  const pending = pendingOrder(deployment);
  if (pending) {
    return { kind: 'Waiting', message: `The operator has not handled the order to ${pending.order.verb} yet.` };
  }
  const condition = (type: string) => status?.conditions?.find((candidate) => candidate.type === type);
  const [ready, stalled] = [condition('Ready'), condition('Stalled')];
  if (ready?.status === 'True') return { kind: 'Ready' };
  const message = ready === undefined ? 'The operator has not judged it yet.' : `${ready.reason}: ${ready.message}`;
  if (status?.rollout?.phase === 'Held') return { kind: 'Held', message };
  return { kind: stalled?.status === 'True' ? 'Stalled' : 'Waiting', message };
}
