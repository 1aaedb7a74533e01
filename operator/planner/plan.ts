import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import { CATALOG } from '../catalog/index.ts';
import type { Catalog } from '../catalog/index.ts';
import { alternatives } from './alternatives.ts';
import { decide } from './decide.ts';
import { isRefusal } from './refusal.ts';
import type { PlanResult } from './types.ts';

/**
 * Decides everything about one replica before a pod exists: weights, GPUs, memory, context, command line inputs and
 * time to start; or refuses, with the arithmetic and with what would plan instead.
 *
 * Pure and total: same input, same output; it never throws, and no number in it is NaN or infinite.
 */
export function plan(spec: DeepSeekDeploymentSpec, catalog: Catalog = CATALOG): PlanResult {
  const decision = decide(spec, catalog);
  if (!isRefusal(decision)) return { accepted: true, plan: decision, alternatives: [] };
  const { reason, message, memory } = decision;
  return {
    accepted: false,
    reason,
    message,
    ...(memory !== undefined && { memory }),
    alternatives: alternatives(spec, reason, catalog, (changed) => decide(changed, catalog)),
  };
}
