import { DEEPSEEK_DEPLOYMENTS } from '../../../../operator/controller/resources.ts';
import { resources } from '../../../../operator/kube/resources.ts';
import type { Run } from '../run.ts';
import type { Scenario } from '../scenario.ts';
import { BY_HAND, candidateOf, FIRST, ROOMY, THIRD, waiting } from './shared.ts';

async function deleteModel(run: Run): Promise<void> {
  const ref = { namespace: run.namespace, name: 'chat' };
  await run.client.delete(DEEPSEEK_DEPLOYMENTS, ref, { propagationPolicy: 'Background', signal: run.signal });
}

export const EDITS: readonly Scenario[] = [
  {
    name: 'A, B, C',
    ...ROOMY,
    spec: BY_HAND,
    pool: { gpusPerNode: 6 },
    promises: { minReady: 2, maxGpus: 6 },
    act: async (run) => {
      const second = await waiting(run);
      await run.change(THIRD);
      await run.until(async () => {
        const { rollout, candidate } = await run.status();
        if (rollout?.phase !== 'AwaitingPromotion' || candidate?.revision === second)
          throw new Error('not the third yet');
      });
      await run.order('promote', await candidateOf(run));
      await run.passWatch();
    },
    end: {},
  },
  {
    name: 'A, B, A',
    ...ROOMY,
    spec: BY_HAND,
    act: async (run) => {
      await waiting(run);
      await run.change(FIRST);
      await run.phase('Idle');
    },
    end: {},
  },
  {
    name: 'scaled meanwhile',
    ...ROOMY,
    pool: { gpusPerNode: 6 },
    promises: { minReady: 2, maxGpus: 6 },
    spec: BY_HAND,
    act: async (run) => {
      const candidate = await waiting(run);
      await run.edit({ replicas: 3 });
      await run.order('promote', candidate);
      await run.passWatch();
    },
    end: { pods: 3 },
  },
  {
    name: 'an autoscaler comes and goes',
    ...ROOMY,
    act: async (run) => {
      await run.edit({ autoscaling: { minReplicas: 2, maxReplicas: 4 } });
      await run.until(async () => {
        if ((await run.stage.list(resources.horizontalPodAutoscalers)).length !== 1) throw new Error('no HPA yet');
      });
      await run.edit({ autoscaling: null });
      await run.until(async () => {
        if ((await run.stage.list(resources.horizontalPodAutoscalers)).length > 0) throw new Error('the HPA is there');
      });
    },
    end: {},
  },
  {
    name: 'an autoscaler scales meanwhile',
    ...ROOMY,
    goesOn: true,
    pool: { gpusPerNode: 6 },
    promises: { minReady: 2, maxGpus: 6 },
    spec: { ...BY_HAND, autoscaling: { minReplicas: 2, maxReplicas: 3 } },
    act: async (run) => {
      const candidate = await waiting(run);
      // As an HPA writes it.
      const ref = { namespace: run.namespace, name: 'chat' };
      const scale = { spec: { replicas: 3 } };
      const options = { type: 'merge', subresource: 'scale', signal: run.signal } as const;
      await run.client.patch(DEEPSEEK_DEPLOYMENTS, ref, scale, options);
      await run.until(async () => {
        const sets = await run.stage.list(resources.deployments);
        if (sets.some(({ status }) => status?.availableReplicas !== 3)) throw new Error('not scaled yet');
      });
      await run.order('promote', candidate);
      await run.passWatch();
    },
    end: { pods: 3 },
  },
  {
    name: 'deleted meanwhile',
    ...ROOMY,
    promises: { minReady: 0, maxGpus: 4, keepsPods: false, keepsService: false },
    spec: BY_HAND,
    act: async (run) => {
      await waiting(run);
      await deleteModel(run);
    },
    end: { phase: 'Deleted', deployments: 0, pods: 0 },
  },
  {
    name: 'deleted meanwhile, and there again',
    ...ROOMY,
    promises: { minReady: 0, maxGpus: 6, keepsPods: false, keepsService: false },
    pool: { gpusPerNode: 8 },
    spec: BY_HAND,
    act: async (run) => {
      await waiting(run);
      await deleteModel(run);
      await run.until(async () => {
        await run.stage.create(run.spec);
      });
      await run.stage.ready();
    },
    end: {},
  },
];
