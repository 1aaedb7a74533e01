import { API_VERSION, KIND, LABEL } from '../../../../operator/api/index.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../../../operator/controller/resources.ts';
import { TOMORROW_ACCEPTING } from '../../../../operator/controller/testing/tomorrow.ts';
import { resources } from '../../../../operator/kube/resources.ts';
import type { ResourceType } from '../../../../operator/kube/types.ts';
import { Quota } from '../../../reconcile/quota.ts';
import { Tenant } from '../../../reconcile/tenants.ts';
import type { Run } from '../run.ts';
import type { Scenario } from '../scenario.ts';
import { BY_HAND, ROOMY, SECOND, waiting } from './shared.ts';

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

/** The revision that serves. */
const servingOf = async (run: Run): Promise<string> => (await run.status()).serving?.revision ?? '';

/** Waits until a Deployment is whole: two replicas wanted, and available. */
const whole = (run: Run, revision: string): Promise<void> =>
  run.until(async () => {
    const { spec, status } = await run.client.get(resources.deployments, ref(run, `chat-${revision}`), {
      signal: run.signal,
    });
    if (spec?.replicas !== 2 || status?.replicas !== 2 || status.availableReplicas !== 2) throw new Error('not whole');
  });

const ref = (run: Run, name: string) => ({ namespace: run.namespace, name });

export const OTHERS: readonly Scenario[] = [
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
    { promises: { minReady: 0, maxGpus: 4, keepsService: false } },
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
  meanwhile(
    'the Deployment that serves is edited',
    async (run) => {
      const serving = await servingOf(run);
      const options = { type: 'merge', signal: run.signal } as const;
      await run.client.patch(resources.deployments, ref(run, `chat-${serving}`), { spec: { replicas: 1 } }, options);
      await whole(run, serving);
    },
    // Whoever did that has taken a pod away.
    { promises: { minReady: 1, maxGpus: 4, keepsPods: false } },
  ),
  meanwhile('the record and the budget of what serves are deleted', async (run) => {
    const name = `chat-${await servingOf(run)}`;
    for (const type of [resources.controllerRevisions, resources.podDisruptionBudgets] as readonly ResourceType[]) {
      const { metadata } = await run.client.get(type, ref(run, name), { signal: run.signal });
      await run.client.delete(type, ref(run, name), { signal: run.signal });
      await run.until(async () => {
        const found = await run.client.get(type, ref(run, name), { signal: run.signal });
        if (found.metadata.uid === metadata.uid) throw new Error('not there again');
      });
    }
  }),
  meanwhile('a Service loses its owner', async (run, candidate) => {
    const name = `chat-${candidate}`;
    const patch = { metadata: { ownerReferences: null } };
    await run.client.patch(resources.services, ref(run, name), patch, { type: 'merge', signal: run.signal });
    // What is not its own it never takes over: it says so, and goes on when whoever did that takes it away.
    await run.until(async () => {
      const { conditions } = await run.status();
      if (!conditions?.some(({ reason }) => reason === 'NameConflict')) throw new Error('it is not said');
    });
    await run.client.delete(resources.services, ref(run, name), { signal: run.signal });
    await run.until(async () => {
      const { metadata } = await run.client.get(resources.services, ref(run, name), { signal: run.signal });
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
      await run.pool.remove(hit?.spec?.nodeName ?? '', { atOnce: true });
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
  meanwhile(
    'the node of what serves is lost',
    async (run) => {
      const serving = await servingOf(run);
      const pods = await run.stage.list(resources.pods);
      const hit = pods.find(({ metadata }) => metadata.labels?.[LABEL.revision] === serving);
      await run.pool.remove(hit?.spec?.nodeName ?? '', { atOnce: true });
      await run.pool.add();
      await whole(run, serving);
    },
    { pool: { nodes: 4, gpusPerNode: 1 }, promises: { minReady: 1, maxGpus: 4, keepsPods: false } },
  ),
  {
    name: 'a quota',
    ...ROOMY,
    promises: { minReady: 1, maxGpus: 3, keepsPods: false },
    spec: { rollout: { schedulingDeadline: '2m', whenCapacityIsShort: ['Handover'] } },
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
  meanwhile('its GPUs are taken by somebody else', async (run, candidate) => {
    const shape = { name: 'tenant', on: run.pool.nodeSelector, gpus: 1, count: 1 };
    const tenant = await Tenant.start(run.client, run.namespace, shape, run.signal);
    const pods = await run.stage.list(resources.pods);
    const hit = pods.find(({ metadata }) => metadata.labels?.[LABEL.revision] === candidate);
    const at = ref(run, hit?.metadata.name ?? '');
    await run.client.delete(resources.pods, at, { gracePeriodSeconds: 0, signal: run.signal });
    await tenant.settled();
    await tenant.leave();
    await run.until(async () => {
      const { status } = await run.client.get(resources.deployments, ref(run, `chat-${candidate}`), {
        signal: run.signal,
      });
      if ((status?.availableReplicas ?? 0) < 2) throw new Error('not complete again');
    });
  }),
  {
    name: 'two models that want the same GPUs',
    ...ROOMY,
    pool: { gpusPerNode: 6 },
    promises: { minReady: 2, maxGpus: 4 },
    other: { name: 'other', promises: { minReady: 2, maxGpus: 4 } },
    spec: { rollout: { whenCapacityIsShort: ['Wait'], watch: { duration: '1s' }, rollbackWindow: '1s' } },
    act: async (run) => {
      const names = ['chat', 'other'];
      const get = (name: string) => run.client.get(DEEPSEEK_DEPLOYMENTS, ref(run, name), { signal: run.signal });
      const metadata = { name: 'other', namespace: run.namespace };
      const other = { apiVersion: API_VERSION, kind: KIND, metadata, spec: run.spec };
      await run.client.create(DEEPSEEK_DEPLOYMENTS, other, { signal: run.signal });
      const first = await run.until(async () => {
        const { status } = await get('other');
        if (status?.readyReplicas !== 2) throw new Error('the other one is not ready');
        return status.serving?.revision ?? '';
      });
      await run.serves(first, 2);
      const before = await Promise.all(names.map(async (name) => (await get(name)).status?.serving?.revision));
      const patch = { spec: { model: { name: SECOND } } };
      for (const name of names)
        await run.client.patch(DEEPSEEK_DEPLOYMENTS, ref(run, name), patch, { type: 'merge', signal: run.signal });
      await run.until(async () => {
        const states = await Promise.all(names.map(async (name) => (await get(name)).status));
        const phases = states.map((status) => status?.rollout?.phase ?? 'none');
        if (phases.includes('Switching') || phases.includes('Waiting')) run.advance(1_000);
        const isDone = states.every(
          (status, index) => status?.rollout?.phase === 'Idle' && status.serving?.revision !== before[index],
        );
        if (!isDone) throw new Error(phases.join(', '));
      });
    },
    end: { deployments: 2, pods: 4 },
  },
  meanwhile('the operator is upgraded', (run) => run.stage.replace({ decide: TOMORROW_ACCEPTING })),
  meanwhile('another operator leads', (run) => run.stage.replace()),
];
