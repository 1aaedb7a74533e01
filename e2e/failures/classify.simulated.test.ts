import { describe, expect, it } from '@jest/globals';
import type { Reason } from '../../operator/api/index.ts';
import {
  classifyFailure,
  type Failure,
  type FailureEvidence,
  type PodEvidence,
} from '../../operator/rollout/failures/index.ts';
import { apply, list } from '../resources/objects.ts';
import { eventually, kubectl, testCluster, testNamespace } from '../support/index.ts';

const WAIT = { timeoutMs: 30_000, intervalMs: 250 };

/** What the real scheduler, ReplicaSet controller and admission plugins say is told apart as it should be. */
describe('failures of real components', () => {
  const cluster = testCluster('simulated');
  const namespace = testNamespace(cluster);

  const create = async (object: object) => apply(cluster(), object, ['--namespace', namespace()]);

  async function deploy(podSpec: object, replicas = 1): Promise<void> {
    const labels = { app: 'engine' };
    const container = { name: 'engine', image: 'registry.example/engine:1', ...podSpec };
    const { name, image, resources, ...rest } = container as Record<string, unknown>;
    const containers = [{ name, image, ...(resources !== undefined && { resources }) }];
    await create({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'engine' },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers, ...rest } },
      },
    });
  }

  async function classify(wantedReplicas: number): Promise<Failure | undefined> {
    const [deployment] = await list<NonNullable<FailureEvidence['deployment']>>(cluster(), 'deployments', namespace());
    return classifyFailure({
      pods: await list<PodEvidence>(cluster(), 'pods', namespace()),
      ...(deployment && { deployment }),
      startupBudgetSeconds: 600,
      accelerator: { type: 'A100-80GB', gpusPerReplica: 16, resourceName: 'nvidia.com/gpu' },
      wantedReplicas,
      now: Date.now(),
    });
  }

  async function expectFailure(expected: { reason: Reason; blocking: boolean; message: RegExp }, replicas = 1) {
    await eventually(async () => {
      expect(await classify(replicas)).toMatchObject({ ...expected, message: expect.stringMatching(expected.message) });
    }, WAIT);
  }

  const tolerations = [{ operator: 'Exists' }];
  const gpus = (count: number) => ({ resources: { limits: { 'nvidia.com/gpu': String(count) } }, tolerations });

  it('GPUs that no node has free', async () => {
    await deploy(gpus(16), 2);
    await expectFailure(
      { reason: 'InsufficientGPUs', blocking: false, message: /32 more A100-80GB needed: 2 of 2 replicas/ },
      2,
    );
  });

  it('labels that no node has', async () => {
    await deploy({ nodeSelector: { 'nvidia.com/gpu.product': 'none' }, tolerations });
    await expectFailure({
      reason: 'Unschedulable',
      blocking: false,
      message: /No node of the cluster is labelled as A100-80GB/,
    });
  });

  it('memory that no node has', async () => {
    await deploy({ resources: { requests: { memory: '100Ti' } }, tolerations });
    await expectFailure({ reason: 'Unschedulable', blocking: false, message: /lack memory/ });
  });

  it('taints that are not tolerated', async () => {
    const matchExpressions = [{ key: 'nvidia.com/gpu.product', operator: 'Exists' }];
    const nodeAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
    };
    await deploy({ ...gpus(1), tolerations: [], affinity: { nodeAffinity } });
    await expectFailure({ reason: 'Unschedulable', blocking: false, message: /accelerator\.tolerations/ });
  });

  it('a scheduling gate', async () => {
    await deploy({ schedulingGates: [{ name: 'example.com/queue' }] });
    await expectFailure({ reason: 'SchedulingGated', blocking: false, message: /scheduling gate/ });
  });

  const claiming = (claimName: string) => ({
    volumes: [{ name: 'weights', persistentVolumeClaim: { claimName } }],
    tolerations,
  });

  it('a claim that does not exist, and heals when it does', async () => {
    await deploy(claiming('weights'));
    await expectFailure({ reason: 'VolumePending', blocking: true, message: /"weights" not found\. Create the claim/ });

    await create({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'weights' },
      spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'none' },
    });
    await expectFailure({
      reason: 'VolumePending',
      blocking: false,
      message: /unbound immediate PersistentVolumeClaims/,
    });
  });

  it('a quota, and heals when it is raised', async () => {
    const quota = (limit: string) => ({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'gpus' },
      spec: { hard: { 'requests.nvidia.com/gpu': limit } },
    });
    await create(quota('0'));
    await eventually(async () => {
      // The quota counts from when its controller has seen it.
      const [found] = await list<{ status?: { hard?: object } }>(cluster(), 'resourcequotas', namespace());
      expect(found?.status?.hard).toBeDefined();
    }, WAIT);
    await deploy({ ...gpus(1), nodeSelector: { none: 'such' } });
    await expectFailure({ reason: 'QuotaExceeded', blocking: false, message: /exceeded quota: gpus/ });

    await create(quota('9'));
    await expectFailure({ reason: 'Unschedulable', blocking: false, message: /No node of the cluster/ });
  });

  it('a quota that asks for a limit which the pods leave open', async () => {
    await create({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'cpu' },
      spec: { hard: { 'limits.cpu': '8' } },
    });
    await eventually(async () => {
      const [found] = await list<{ status?: { hard?: object } }>(cluster(), 'resourcequotas', namespace());
      expect(found?.status?.hard).toBeDefined();
    }, WAIT);
    await deploy({});
    await expectFailure({ reason: 'QuotaExceeded', blocking: true, message: /must specify limits\.cpu.*LimitRange/ });
  });

  it('a LimitRange', async () => {
    await create({
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'small' },
      spec: { limits: [{ type: 'Container', max: { memory: '1Gi' } }] },
    });
    await deploy({ resources: { limits: { memory: '2Gi' } } });
    await expectFailure({ reason: 'AdmissionDenied', blocking: true, message: /maximum memory usage.*LimitRange/ });
  });

  it('Pod Security', async () => {
    const enforce = 'pod-security.kubernetes.io/enforce=restricted';
    await kubectl(cluster(), 'resources-test', ['label', 'namespace', namespace(), enforce]);
    await deploy({});
    await expectFailure({ reason: 'AdmissionDenied', blocking: true, message: /violates PodSecurity/ });
  });

  it('a PriorityClass, a RuntimeClass and a ServiceAccount that do not exist', async () => {
    const missing = [
      [{ priorityClassName: 'none' }, /no PriorityClass with name none.*podTemplate\.priorityClassName/, true],
      [{ runtimeClassName: 'none' }, /RuntimeClass "none" not found.*accelerator\.runtimeClassName/, true],
      [{ serviceAccountName: 'none' }, /serviceaccount "none" not found.*podTemplate\.serviceAccountName/, false],
    ] as const;
    for (const [podSpec, message, blocking] of missing) {
      await deploy(podSpec);
      await expectFailure({ reason: 'AdmissionDenied', blocking, message });
      await kubectl(cluster(), 'resources-test', ['delete', 'deployment', 'engine', '--namespace', namespace()]);
    }
  });
});
