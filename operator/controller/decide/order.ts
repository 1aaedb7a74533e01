import { ANNOTATION } from '../../api/index.ts';
import { type Order, parseOrder } from '../../rollout/orders.ts';
import type { Snapshot } from '../snapshot.ts';

/** What the order annotation says; `text` as it is, to be remembered as handled. */
export interface PendingOrder {
  readonly text: string;
  readonly order?: Order;
  /** Why it is none that can ever be carried out; absent: it is one. */
  readonly refusal?: string;
}

/** The order that was not handled yet; undefined: there is none. */
export function pendingOrder({ deployment }: Snapshot): PendingOrder | undefined {
  const text = deployment.metadata.annotations?.[ANNOTATION.order];
  if (text === undefined || text === '' || text.slice(0, MAX_LENGTH).toWellFormed() === deployment.status?.handledOrder)
    return undefined;
  const short = text.slice(0, MAX_LENGTH).toWellFormed();
  const order = parseOrder(text);
  if (order === undefined) {
    return {
      text: short,
      refusal: 'it is not written as <verb>/<revision>/<object UID>/<nonce>; use `kubectl deepseek`',
    };
  }
  if (order.uid !== deployment.metadata.uid) {
    return {
      text: short,
      refusal: 'it was written for another object of this name (a copy, or one that was restored)',
    };
  }
  // A manifest from before another order was applied again.
  return deployment.status?.earlierOrders?.includes(nonceOf(text)) ? undefined : { text: short, order };
}

/** The nonces of the orders that were handled, newest first, when `text` is the next one. */
export function earlierOrders({ status }: Snapshot['deployment']): string[] {
  const { handledOrder: last, earlierOrders: before = [] } = status ?? {};
  return last === undefined ? [...before] : [nonceOf(last), ...before].slice(0, MAX_EARLIER);
}

/** What tells an order from all others of its object, as far as it is remembered. */
function nonceOf(text: string): string {
  return text
    .slice(text.lastIndexOf('/') + 1)
    .slice(0, 64)
    .toWellFormed();
}

/** Orders that are remembered beside the last one. */
const MAX_EARLIER = 16;

/** Longest text that the status holds. */
const MAX_LENGTH = 512;
