import { ANNOTATION, type DeepSeekDeploymentStatus } from '../../operator/api/index.ts';
import { type Order, type OrderStanding, parseOrder } from '../../operator/rollout/orders.ts';
import type { DeepSeekDeploymentObject } from '../get/objects.ts';

/** How things stand with a DeepSeekDeployment, as its status says; `revisions` are the hashes of those that are stored. */
export function standingOf(
  { spec, status }: Pick<DeepSeekDeploymentObject, 'spec' | 'status'>,
  revisions: readonly string[],
): OrderStanding {
  return {
    phase: status?.rollout?.phase ?? 'Idle',
    paused: spec.rollout?.paused ?? false,
    serving: status?.serving?.revision,
    candidate: status?.candidate?.revision,
    rollback: status?.rollback,
    revisions,
  };
}

/** An order that is on an object and that no operator has handled yet. */
export interface PendingOrder {
  /** The annotation. */
  readonly text: string;
  readonly order: Order;
}

/** The order that waits for the operator. What is no order, or was made for another object, waits for nobody. */
export function pendingOrder({
  metadata,
  status,
}: Pick<DeepSeekDeploymentObject, 'metadata' | 'status'>): PendingOrder | undefined {
  const text = metadata.annotations?.[ANNOTATION.order];
  if (text === undefined || text === status?.handledOrder) return undefined;
  const order = parseOrder(text);
  return order?.uid === metadata.uid && order !== undefined ? { text, order } : undefined;
}

/** What the operator said of an order: whether it does it, and in which words. */
export interface OrderAnswer {
  readonly accepted: boolean;
  readonly message: string;
}

/** Reads `status.orderResult`. */
export function orderAnswer(result: DeepSeekDeploymentStatus['orderResult']): OrderAnswer {
  const [, word, message] = /^(Accepted|Refused): (.*)$/s.exec(result ?? '') ?? [];
  if (word === undefined || message === undefined) {
    return { accepted: true, message: result ?? 'the operator has handled it, and said nothing of it.' };
  }
  return { accepted: word === 'Accepted', message };
}
