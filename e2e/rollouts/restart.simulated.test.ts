import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../../operator/api/index.ts';
import { resources } from '../../operator/kube/resources.ts';
import { PATIENCE } from '../reconcile/harness.ts';
import { eventually, testCluster } from '../support/index.ts';
import type { Stage } from './stage.ts';
import { Theatre } from './theatre.ts';

const cluster = testCluster('simulated');
const theatre = new Theatre(cluster);
const REPLICAS = 3;

const uids = async (stage: Stage) => (await stage.list(resources.pods)).map(({ metadata }) => metadata.uid);

async function serving(): Promise<{ readonly stage: Stage; readonly revision: string }> {
  const stage = await theatre.open();
  await stage.create(theatre.spec({ replicas: REPLICAS }));
  const revision = await stage.ready();
  await stage.traffic.served(revision, REPLICAS);
  // A pod made in the second of the order would count as made before it, or not.
  stage.clock.advance(2_000);
  return { stage, revision };
}

/** Waits until every pod is another one, and all serve. */
const renewed = (stage: Stage, before: readonly (string | undefined)[]) =>
  eventually(
    async () => {
      const now = await uids(stage);
      expect(now.filter((uid) => before.includes(uid))).toEqual([]);
      expect(now).toHaveLength(REPLICAS);
      expect((await stage.status()).restart).toBeUndefined();
    },
    { ...PATIENCE, timeoutMs: 100_000 },
  );

describe('the order restart', () => {
  it('makes every pod anew, one at a time, through another operator in the middle, with the same template', async () => {
    const { stage, revision } = await serving();
    const before = await uids(stage);
    const since = Date.now();
    await stage.order('restart', revision);
    await eventually(async () => {
      expect((await stage.status()).restart?.remaining).toBeLessThan(REPLICAS);
    }, PATIENCE);
    await stage.replace();
    await renewed(stage, before);
    await stage.ready();
    const broken = stage.traffic.verdict({ minReady: REPLICAS - 1 }).filter(({ at }) => at >= since);
    expect(broken).toEqual([]);
  });

  it('says what a PodDisruptionBudget blocks, and goes on when it no longer does', async () => {
    const { stage, revision } = await serving();
    const before = await uids(stage);
    const { client, namespace, signal } = stage;
    const budget = {
      ...{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'strict', namespace } },
      spec: { maxUnavailable: 0, selector: { matchLabels: { [LABEL.revision]: revision } } },
    };
    await client.create(resources.podDisruptionBudgets, budget, { signal });
    await stage.order('restart', revision);
    await eventually(async () => {
      expect((await stage.status()).restart?.remaining).toBe(REPLICAS);
      const events = await stage.list(resources.events);
      expect(events.map(({ reason }) => reason)).toContain('RestartBlocked');
    }, PATIENCE);
    expect(await uids(stage)).toEqual(expect.arrayContaining(before));
    await client.delete(resources.podDisruptionBudgets, { namespace, name: 'strict' }, { signal });
    // Two budgets of one pod are refused by the API server, however much they allow.
    stage.clock.advance(60_000);
    await renewed(stage, before);
  });

  it('is refused while a rollout goes on, and for what does not serve', async () => {
    const { stage, revision } = await serving();
    await stage.edit({ spec: { model: { name: 'deepseek-r1-distill-qwen-7b' }, rollout: { promotion: 'Manual' } } });
    const { candidate } = await stage.phase('AwaitingPromotion');
    const before = await uids(stage);
    await stage.order('restart', candidate?.revision ?? '');
    await eventually(
      async () => expect((await stage.status()).orderResult).toMatch(/^Refused:.*does not serve/),
      PATIENCE,
    );
    await stage.order('restart', revision);
    await eventually(
      async () => expect((await stage.status()).orderResult).toMatch(/^Refused: The rollout is AwaitingPromotion/),
      PATIENCE,
    );
    expect(await uids(stage)).toEqual(before);
  });
});
