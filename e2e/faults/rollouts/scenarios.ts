import { LABEL } from '../../../operator/api/index.ts';
import { TOMORROW_ACCEPTING } from '../../../operator/controller/testing/tomorrow.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../../operator/controller/resources.ts';
import { resources } from '../../../operator/kube/resources.ts';
import { nextRevisionRule } from '../../simulator/index.ts';
import { Quota } from '../../reconcile/quota.ts';
import type { Run } from './run.ts';
import type { Scenario } from './scenario.ts';

const SECOND = 'deepseek-r1-distill-qwen-7b';
const THIRD = 'deepseek-r1-distill-llama-8b';
const FIRST = 'deepseek-r1-distill-qwen-1.5b';

const BY_HAND = { rollout: { promotion: 'Manual' } };
/** Two replicas, and room for two versions. */
const ROOMY = {
  pool: { gpusPerNode: 4 },
  replicas: 2,
  begin: 'Serving',
  promises: { minReady: 2, maxGpus: 4 },
} as const;
/** Two replicas, and no GPU beside them. */
const TIGHT = {
  pool: { gpusPerNode: 2 },
  replicas: 2,
  begin: 'Serving',
  promises: { minReady: 1, maxGpus: 2 },
} as const;
const HELD = { phase: 'Held' } as const;

const candidateOf = async (run: Run): Promise<string> => (await run.status()).candidate?.revision ?? '';

/** The second version is asked for and proven, and waits. */
async function waiting(run: Run): Promise<string> {
  await run.change(SECOND);
  await run.phase('AwaitingPromotion');
  return candidateOf(run);
}

/** What has been given up drains by the operator's clock. */
async function drained(run: Run): Promise<void> {
  await run.phase('RollingBack', 'Held');
  run.advance(6_000);
  await run.phase('Held');
}

async function deleteModel(run: Run): Promise<void> {
  const ref = { namespace: run.namespace, name: 'chat' };
  await run.client.delete(DEEPSEEK_DEPLOYMENTS, ref, { propagationPolicy: 'Background', signal: run.signal });
}

const WAYS: readonly Scenario[] = [
  {
    name: 'first deployment',
    ...ROOMY,
    begin: 'Nothing',
    act: async (run) => {
      await run.stage.create(run.spec);
      await run.stage.ready();
    },
    end: {},
    promises: { maxGpus: 2 },
  },
  {
    name: 'update, Full',
    ...ROOMY,
    act: async (run) => {
      await run.change(SECOND);
      await run.passWatch();
    },
    end: {},
  },
  {
    name: 'update, Provision',
    ...TIGHT,
    promises: { minReady: 2, maxGpus: 4 },
    spec: { rollout: { whenCapacityIsShort: ['Provision'] } },
    act: async (run) => {
      await run.change(SECOND);
      await run.phase('Scheduling');
      await run.pool.add();
      await run.passWatch();
    },
    end: {},
  },
  {
    name: 'update, Handover',
    ...TIGHT,
    spec: { rollout: { whenCapacityIsShort: ['Handover'] } },
    act: async (run) => {
      await run.change(SECOND);
      await run.passWatch();
    },
    end: {},
  },
  {
    name: 'update, Recreate',
    ...TIGHT,
    promises: { minReady: 0, maxGpus: 2 },
    spec: { rollout: { strategy: 'Recreate' } },
    act: async (run) => {
      await run.change(SECOND);
      await run.passWatch();
    },
    end: {},
  },
  {
    name: 'update, Wait',
    ...TIGHT,
    promises: { minReady: 2, maxGpus: 4 },
    spec: { rollout: { whenCapacityIsShort: ['Wait'] } },
    act: async (run) => {
      await run.change(SECOND);
      await run.phase('Waiting');
      await run.pool.add();
      run.advance(41_000);
      await run.passWatch();
    },
    end: {},
  },
];

const VERDICTS: readonly Scenario[] = [
  {
    name: 'a proof that fails',
    ...ROOMY,
    spec: {
      rollout: { proof: { warmUpRequests: 1, smokeTests: [{ prompt: '2+2=', contains: '4' }], pairedRequests: 0 } },
    },
    act: async (run) => {
      const { serving } = await run.status();
      const rule = nextRevisionRule('chat', serving?.revision ?? '', { wrongAnswers: true });
      await run.simulator.setRule({ ...rule, name: run.namespace, match: { ...rule.match, namespace: run.namespace } });
      await run.change(SECOND);
      await run.phase('Held');
    },
    end: HELD,
  },
  {
    name: 'automatic rollback',
    ...ROOMY,
    promises: { minReady: 1, maxGpus: 4 },
    act: async (run) => {
      await run.change(SECOND);
      await run.phase('Switching');
      run.advance(16_000);
      const { serving } = await run.phase('Watching');
      const pods = await run.stage.list(resources.pods);
      const bad = pods.find(({ metadata }) => metadata.labels?.[LABEL.revision] === serving?.revision);
      await run.simulator.setRule({
        name: run.namespace,
        match: { pod: `${run.namespace}/${bad?.metadata.name ?? ''}` },
        behaviour: { failure: 'crash', failAfterSeconds: 1 },
      });
      await drained(run);
    },
    end: HELD,
  },
  {
    name: 'manual rollback',
    ...ROOMY,
    act: async (run) => {
      const { serving } = await run.status();
      await run.change(SECOND);
      await run.phase('Switching');
      run.advance(16_000);
      await run.phase('Watching');
      await run.order('rollback', serving?.revision ?? '');
      await drained(run);
    },
    end: HELD,
  },
  {
    name: 'abort',
    ...ROOMY,
    spec: BY_HAND,
    act: async (run) => {
      await run.order('abort', await waiting(run));
      await run.phase('Held');
    },
    end: HELD,
  },
  {
    name: 'promoted twice',
    ...ROOMY,
    spec: BY_HAND,
    act: async (run) => {
      const candidate = await waiting(run);
      await run.order('promote', candidate);
      await run.order('promote', candidate);
      await run.passWatch();
    },
    end: {},
  },
];

const EDITS: readonly Scenario[] = [
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
    name: 'deleted meanwhile',
    ...ROOMY,
    promises: { minReady: 0, maxGpus: 4 },
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
    promises: { minReady: 0, maxGpus: 6 },
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

/** Somebody else does it while the second version waits for its promotion. */
const meanwhile = (
  name: string,
  does: (run: Run, candidate: string) => Promise<void>,
  more: Partial<Scenario> = {},
): Scenario => ({
  name,
  ...ROOMY,
  spec: BY_HAND,
  act: async (run) => {
    const candidate = await waiting(run);
    await does(run, candidate);
    await run.phase('AwaitingPromotion');
    await run.order('promote', candidate);
    await run.passWatch();
  },
  end: {},
  ...more,
});

const ref = (run: Run, name: string) => ({ namespace: run.namespace, name });

const OTHERS: readonly Scenario[] = [
  meanwhile('the Deployment of the candidate is deleted', async (run, candidate) => {
    const name = `chat-${candidate}`;
    const { metadata } = await run.client.get(resources.deployments, ref(run, name), { signal: run.signal });
    await run.client.delete(resources.deployments, ref(run, name), {
      propagationPolicy: 'Background',
      signal: run.signal,
    });
    await run.until(async () => {
      const found = await run.client.get(resources.deployments, ref(run, name), { signal: run.signal });
      if (found.metadata.uid === metadata.uid || (found.status?.availableReplicas ?? 0) < 2)
        throw new Error('not there again');
    });
  }),
  meanwhile(
    'the active Service is deleted',
    async (run) => {
      const { metadata } = await run.client.get(resources.services, ref(run, 'chat'), { signal: run.signal });
      await run.client.delete(resources.services, ref(run, 'chat'), { signal: run.signal });
      await run.until(async () => {
        const found = await run.client.get(resources.services, ref(run, 'chat'), { signal: run.signal });
        if (found.metadata.uid === metadata.uid) throw new Error('not there again');
      });
    },
    { promises: { minReady: 0, maxGpus: 4 } },
  ),
  meanwhile('a Deployment is edited', async (run, candidate) => {
    const patch = { spec: { replicas: 1 } };
    const options = { type: 'merge', signal: run.signal } as const;
    await run.client.patch(resources.deployments, ref(run, `chat-${candidate}`), patch, options);
    await run.until(async () => {
      const { spec, status } = await run.client.get(resources.deployments, ref(run, `chat-${candidate}`), {
        signal: run.signal,
      });
      if (spec?.replicas !== 2 || status?.availableReplicas !== 2) throw new Error('not put back');
    });
  }),
  meanwhile('a Service loses its owner', async (run, candidate) => {
    const patch = { metadata: { ownerReferences: null } };
    const options = { type: 'merge', signal: run.signal } as const;
    await run.client.patch(resources.services, ref(run, `chat-${candidate}`), patch, options);
    await run.until(async () => {
      const { metadata } = await run.client.get(resources.services, ref(run, `chat-${candidate}`), {
        signal: run.signal,
      });
      if (metadata.ownerReferences === undefined) throw new Error('nobody owns it');
    });
  }),
  meanwhile(
    'the selector of the active Service is stripped',
    async (run) => {
      const patch = { spec: { selector: { [LABEL.revision]: null } } };
      await run.client.patch(resources.services, ref(run, 'chat'), patch, { type: 'merge', signal: run.signal });
      await run.until(async () => {
        const { spec } = await run.client.get(resources.services, ref(run, 'chat'), { signal: run.signal });
        if (spec?.selector?.[LABEL.revision] === undefined) throw new Error('not put back');
      });
    },
    // For a moment both versions are behind it: that is what was done.
    { promises: { minReady: 2, maxGpus: 4, mayMix: true } },
  ),
  meanwhile(
    'a node is lost',
    async (run, candidate) => {
      const pods = await run.stage.list(resources.pods);
      const hit = pods.find(({ metadata }) => metadata.labels?.[LABEL.revision] === candidate);
      await run.pool.remove(hit?.spec?.nodeName ?? '');
      await run.pool.add();
      await run.until(async () => {
        const { status } = await run.client.get(resources.deployments, ref(run, `chat-${candidate}`), {
          signal: run.signal,
        });
        if ((status?.availableReplicas ?? 0) < 2) throw new Error('not complete again');
      });
    },
    { pool: { nodes: 4, gpusPerNode: 1 } },
  ),
  {
    name: 'a quota',
    ...ROOMY,
    promises: { minReady: 1, maxGpus: 3 },
    spec: { rollout: { schedulingDeadline: '2m' } },
    act: async (run) => {
      await new Quota(run.client, run.namespace, run.signal).set(3);
      await run.change(SECOND);
      await run.phase('Scheduling');
      run.advance(121_000);
      await run.phase('Waiting');
      run.advance(41_000);
      await run.passWatch();
    },
    end: {},
  },
  meanwhile('the operator is upgraded', (run) => run.stage.replace({ decide: TOMORROW_ACCEPTING })),
  meanwhile('another operator leads', (run) => run.stage.replace()),
];

/** What the campaign plays. */
export const SCENARIOS: readonly Scenario[] = [...WAYS, ...VERDICTS, ...EDITS, ...OTHERS];
