import type { Run } from '../run.ts';

/** Versions, in the order in which they come. */
export const FIRST = 'deepseek-r1-distill-qwen-1.5b';
export const SECOND = 'deepseek-r1-distill-qwen-7b';
export const THIRD = 'deepseek-r1-distill-llama-8b';

export const BY_HAND = { rollout: { promotion: 'Manual' } };
/** Two replicas, and room for two versions. */
export const ROOMY = {
  pool: { gpusPerNode: 4 },
  replicas: 2,
  begin: 'Serving',
  promises: { minReady: 2, maxGpus: 4 },
} as const;
/** Two replicas, and no GPU beside them. */
export const TIGHT = {
  pool: { gpusPerNode: 2 },
  replicas: 2,
  begin: 'Serving',
  promises: { minReady: 1, maxGpus: 2, keepsPods: false },
} as const;
export const HELD = { phase: 'Held' } as const;

export const candidateOf = async (run: Run): Promise<string> => (await run.status()).candidate?.revision ?? '';

/** The second version is asked for and proven, and waits. */
export async function waiting(run: Run): Promise<string> {
  await run.change(SECOND);
  await run.phase('AwaitingPromotion');
  return candidateOf(run);
}

/** What has been given up drains by the operator's clock. */
export async function drained(run: Run): Promise<void> {
  await run.phase('RollingBack', 'Held');
  await run.pass(6_000, 'Held');
}
