import { describe, expect, it } from '@jest/globals';
import { resources, type Pod } from '../../operator/kube/resources.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { eventually, testCluster } from '../support/index.ts';
import { MODEL, testAttacker } from './attacker.ts';
import { enforce } from './pod-security.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const attack = testAttacker(cluster);

const pod = (podTemplate: object): object => ({ podTemplate });
const volume = (source: object): object =>
  pod({ volumes: [{ name: 'loot', ...source }], volumeMounts: [{ name: 'loot', mountPath: '/loot' }] });
const inModel = (source: object): object => ({ model: { ...MODEL.model, source } });

/** The first pod of `chat`. */
const firstPod = (): Promise<Pod> =>
  eventually(async () => {
    const [first] = await bench().pods('chat');
    if (first === undefined) throw new Error('there is no pod yet');
    return first;
  }, PATIENCE);

it('what the API server lets pass with fields that nobody knows is dropped, and reaches no pod', async () => {
  const { smuggle } = await attack(bench());
  const host = { hostNetwork: true, hostPID: true, hostIPC: true, hostUsers: true, nodeName: 'control-plane' };
  const containers = [{ name: 'own', image: 'own', securityContext: { privileged: true } }];
  const seccompProfile = { type: 'Unconfined' };
  const securityContext = { privileged: true, runAsNonRoot: false, seccompProfile, procMount: 'Unmasked' };
  const own = { containers, initContainers: containers, automountServiceAccountToken: true, securityContext };
  await smuggle('chat', {
    podTemplate: { ...host, ...own },
    engine: { command: ['sh'], securityContext, lifecycle: {} },
  });
  await bench().condition('chat', 'PlanAccepted', 'True');
  const { spec } = await firstPod();
  expect(spec).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
  expect(spec?.securityContext?.seccompProfile).toEqual({ type: 'RuntimeDefault' });
  expect(spec?.containers.map(({ name }) => name)).toEqual(['engine']);
  expect(spec?.containers[0]?.command).not.toEqual(['sh']);
  expect([spec?.hostNetwork, spec?.hostPID, spec?.hostIPC, spec?.hostUsers]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  for (const { securityContext: own } of [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])])
    expect(own).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
});

describe('in a namespace of the standard `restricted`, pods are refused, in words of the condition, that ask for', () => {
  it.each([
    ['the file system of the node', volume({ hostPath: { path: '/' } }), 'restricted volume types'],
    ['a volume of a server', volume({ nfs: { server: '169.254.169.254', path: '/' } }), 'restricted volume types'],
    [
      'a disk by a driver in the tree',
      volume({ iscsi: { targetPortal: 'a', iqn: 'iqn.2001-04.com.example:a', lun: 0 } }),
      'restricted volume types',
    ],
    [
      'a cache on the node',
      inModel({ huggingFace: { repository: 'a/b' }, cache: { hostPath: { path: '/etc' } } }),
      'hostPath',
    ],
    ['to be root', pod({ securityContext: { runAsUser: 0 } }), 'runAsUser=0'],
  ])('%s', async (_, spec, words) => {
    const { client, namespace, signal } = bench();
    await enforce(client, namespace, 'restricted', signal);
    const { create } = await attack(bench());
    await create('chat', spec);
    expect(await bench().condition('chat', 'Ready', 'False', 'AdmissionDenied')).toContain(words);
    expect((await client.list(resources.pods, { namespace, signal })).items).toEqual([]);
  });
});

describe('what the API server refuses of a pod is told, and no pod is there', () => {
  it.each([
    ['a class of priority that is not there', pod({ priorityClassName: 'above-all' }), 'no PriorityClass with name'],
    [
      'a ServiceAccount that is not there',
      pod({ serviceAccountName: 'cluster-admin' }),
      'serviceaccount "cluster-admin" not found',
    ],
    [
      'a runtime that is not there',
      { accelerator: { ...MODEL.accelerator, runtimeClassName: 'none' } },
      'RuntimeClass "none" not found',
    ],
    [
      'a volume of two kinds',
      volume({ emptyDir: {}, hostPath: { path: '/' } }),
      'may not specify more than 1 volume type',
    ],
    ['a volume of no kind that there is', volume({ loot: {} }), 'volumes'],
    ['an affinity that is none', pod({ affinity: { nodeAffinity: 'everywhere' } }), 'nodeAffinity'],
  ])('%s', async (_, spec, words) => {
    const { client, namespace, signal } = bench();
    const { create } = await attack(bench());
    await create('chat', spec);
    expect(await bench().condition('chat', 'Ready', 'False', 'AdmissionDenied')).toContain(words);
    expect((await client.list(resources.pods, { namespace, signal })).items).toEqual([]);
  });
});

describe('as whoever may create pods, by design (SECURITY.md), and in its own namespace alone', () => {
  it.each([
    ['a Secret', volume({ secret: { secretName: 'keys' } })],
    [
      'a token of the ServiceAccount of its pods',
      volume({ projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }),
    ],
    ['an ephemeral volume of a driver', volume({ csi: { driver: 'secrets.example', readOnly: true } })],
  ])('it mounts %s', async (_, spec) => {
    const { client, namespace, signal } = bench();
    await client.create(
      resources.secrets,
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys', namespace }, stringData: { a: 'b' } },
      { signal },
    );
    const { create } = await attack(bench());
    await create('chat', spec);
    const { metadata, spec: made } = await firstPod();
    expect(metadata.namespace).toBe(namespace);
    expect(made?.volumes?.find(({ name }) => name === 'loot')).toMatchObject(
      (spec as { podTemplate: { volumes: object[] } }).podTemplate.volumes[0] ?? {},
    );
  });

  it('a Secret of another namespace by its name is looked for in its own, and none is read', async () => {
    const { create } = await attack(bench());
    // Of kube-system, on each cluster that has been set up by kubeadm.
    await create('chat', { engine: { apiKeySecretRef: { name: 'bootstrap-signer', key: 'token' } } });
    const { namespace } = bench();
    const told = () => bench().requests();
    await eventually(async () => {
      const asked = (await told()).filter(({ resource }) => resource === 'secrets');
      expect(asked.length).toBeGreaterThan(0);
      expect(new Set(asked.map((entry) => entry.namespace))).toEqual(new Set([namespace]));
    }, PATIENCE);
    expect(await bench().pods('chat')).toEqual([]);
  });
});
