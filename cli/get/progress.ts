import type { DeepSeekDeploymentStatus } from '../../operator/api/index.ts';
import { pendingOrder } from '../orders/standing.ts';
import type { DeepSeekDeploymentObject } from './objects.ts';
import { type TimeWindow, windowsOf } from './windows.ts';

/** Where the change from one version to the next is, and how to get back. */
export interface ProgressView {
  readonly rollout?: NonNullable<DeepSeekDeploymentStatus['rollout']>;
  /** `spec.rollout.paused`. */
  readonly paused: boolean;
  /** Steps of the canary that the spec has; absent: it is none. */
  readonly canarySteps?: number;
  readonly rollback?: NonNullable<DeepSeekDeploymentStatus['rollback']> & { readonly version?: string };
  /** Why the previous version cannot take the traffic back at once: the condition RollbackReady, where it is False. */
  readonly rollbackNotReady?: string;
  readonly windows: readonly TimeWindow[];
  /** The last order: what it was, and what the operator said of it; `result` is absent until it has. */
  readonly order?: { readonly text: string; readonly pending: boolean; readonly result?: string };
}

export function progressOf(deployment: DeepSeekDeploymentObject): ProgressView {
  const { spec, status } = deployment;
  const { serving, candidate, rollout, rollback, history = [] } = status ?? {};
  const named = [serving, candidate, ...history].find((known) => known?.revision === rollback?.revision);
  const notReady = status?.conditions?.find(({ type, status: holds }) => type === 'RollbackReady' && holds === 'False');
  return {
    ...(rollout && { rollout }),
    paused: spec.rollout?.paused ?? false,
    ...(spec.rollout?.canary && { canarySteps: spec.rollout.canary.steps.length }),
    ...(rollback && { rollback: { ...rollback, ...(named && { version: named.version }) } }),
    ...(notReady && { rollbackNotReady: notReady.message }),
    windows: windowsOf(status ?? {}),
    ...orderOf(deployment),
  };
}

function orderOf(deployment: DeepSeekDeploymentObject): Pick<ProgressView, 'order'> {
  const { handledOrder, orderResult } = deployment.status ?? {};
  const pending = pendingOrder(deployment);
  if (pending) return { order: { text: pending.text, pending: true } };
  if (handledOrder === undefined) return {};
  return { order: { text: handledOrder, pending: false, ...(orderResult !== undefined && { result: orderResult }) } };
}
