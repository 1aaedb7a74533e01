import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Cluster, startCluster } from '../../hack/cluster/index.ts';
import { type EndpointSlice, resources } from '../../operator/kube/resources.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/types.ts';
import { eventually } from '../support/index.ts';
import type { Stage } from './stage.ts';
import { Theatre } from './theatre.ts';

/** Of a Service; Kubernetes' default is 100, and a hundred GPUs are much for a test. */
const ENDPOINTS_PER_SLICE = 2;
const REPLICAS = 5;
const SLICES = 3;
const PATIENCE = { timeoutMs: 60_000 } as const;

jest.setTimeout(120_000);
/** A cluster of this file alone: how many endpoints a slice takes is a flag of kube-controller-manager. */
let own: Cluster | undefined;
beforeAll(async () => {
  own = await startCluster({
    profile: 'simulated',
    extraArgs: { 'kube-controller-manager': [`--max-endpoints-per-slice=${ENDPOINTS_PER_SLICE}`] },
    signal: AbortSignal.timeout(180_000),
  });
}, 185_000);
const theatre = new Theatre(
  () => {
    if (own === undefined) throw new Error('The cluster exists only while tests run.');
    return own;
  },
  { nodes: 2 },
);
// Behind those of the theatre, which still needs it.
afterAll(() => own?.stop(), 30_000);

const admission = (kind: string, plural: string): ResourceType => ({
  ...{ group: 'admissionregistration.k8s.io', version: 'v1', kind, plural, namespaced: false },
});
const POLICIES = admission('ValidatingAdmissionPolicy', 'validatingadmissionpolicies');
const BINDINGS = admission('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings');

/** The slices of the active Service. */
async function slicesOf(stage: Stage): Promise<readonly EndpointSlice[]> {
  const all = await stage.list(resources.endpointSlices);
  return all.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'chat');
}

/** Revisions whose pods a slice names. */
function revisionsIn({ endpoints }: EndpointSlice): readonly string[] {
  const pods = (endpoints ?? []).map(({ targetRef }) => targetRef?.name ?? '');
  return [...new Set(pods.map((pod) => pod.split('-')[1] ?? ''))];
}

/** From now on nobody can write this slice. Returns what lets them again. */
async function freeze({ client, namespace, signal }: Stage, { metadata }: EndpointSlice): Promise<() => Promise<void>> {
  const { name } = metadata;
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const rule = { apiGroups: ['discovery.k8s.io'], apiVersions: ['v1'], resources: ['endpointslices'] };
  const policy = {
    ...{ apiVersion, kind: 'ValidatingAdmissionPolicy', metadata: { name } },
    spec: {
      matchConstraints: { resourceRules: [{ ...rule, operations: ['UPDATE', 'DELETE'] }] },
      validations: [{ expression: `oldObject.metadata.name != '${name}'`, message: 'this slice is frozen' }],
    },
  };
  const binding = {
    ...{ apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata: { name } },
    spec: { policyName: name, validationActions: ['Deny'] },
  };
  const create = (type: ResourceType, object: object): Promise<KubeObject> => client.create(type, object, { signal });
  await create(POLICIES, policy);
  await create(BINDINGS, binding);
  let round = 0;
  await eventually(async () => {
    const patch = { metadata: { annotations: { 'test/round': `${(round += 1)}` } } };
    await expect(
      client.patch(resources.endpointSlices, { namespace, name }, patch, { type: 'merge', signal }),
    ).rejects.toThrow('this slice is frozen');
  }, PATIENCE);
  return () => client.delete(BINDINGS, { name }, { signal });
}

async function nextIn(stage: Stage, phase: 'Switching' | 'AwaitingPromotion'): Promise<string> {
  const { candidate, serving } = await stage.phase(phase);
  return (phase === 'Switching' ? serving : candidate)?.revision ?? '';
}

describe('a Service with more than one EndpointSlice', () => {
  it('is switched, and taken back, with ready endpoints at every moment; it is confirmed when all slices name the new version', async () => {
    const stage = await theatre.open();
    await stage.create(theatre.spec({ replicas: REPLICAS, rollout: { promotion: 'Manual' } }));
    const first = await stage.ready();
    await stage.traffic.served(first, REPLICAS);
    const since = Date.now();
    expect(await slicesOf(stage)).toHaveLength(SLICES);
    await stage.edit({ spec: { model: { name: 'deepseek-r1-distill-qwen-7b' } } });
    const next = await nextIn(stage, 'AwaitingPromotion');

    const [frozen] = await slicesOf(stage);
    if (frozen === undefined) throw new Error('the active Service has no EndpointSlice');
    const thaw = await freeze(stage, frozen);
    await stage.order('promote', next);
    // The other slices name the new version, and this one still the old.
    await eventually(async () => {
      const slices = await slicesOf(stage);
      const isFrozen = ({ metadata }: EndpointSlice): boolean => metadata.name === frozen.metadata.name;
      expect(slices.filter(isFrozen).flatMap(revisionsIn)).toEqual([first]);
      const others = slices.filter((slice) => !isFrozen(slice)).flatMap(revisionsIn);
      expect([...new Set(others)]).toEqual([next]);
    }, PATIENCE);
    expect(await nextIn(stage, 'Switching')).toBe(next);
    stage.clock.advance(60_000);
    // It looks again, and does not go on.
    await stage.order('release', first);
    await eventually(
      async () => expect((await stage.status()).orderResult).toMatch(/needed while the rollout is Switching/),
      PATIENCE,
    );

    await thaw();
    await stage.traffic.served(next, REPLICAS);
    await stage.phase('Watching');
    expect((await slicesOf(stage)).flatMap(revisionsIn)).toEqual(Array.from({ length: SLICES }, () => next));

    await stage.order('rollback', first);
    await stage.traffic.served(first, REPLICAS);
    await stage.phase('RollingBack');
    stage.clock.advance(6_000);
    await stage.phase('Held');
    expect((await slicesOf(stage)).flatMap(revisionsIn)).toEqual(Array.from({ length: SLICES }, () => first));
    expect(stage.traffic.switches.map(({ to }) => to)).toEqual([first, next, first]);
    // Slices are written one after the other: for a moment they name both versions, which is not ours to change.
    const broken = stage.traffic.verdict({ minReady: 1 }).filter(({ at }) => at >= since);
    expect(broken.filter(({ promise }) => promise !== 'one-revision')).toEqual([]);
  });
});
