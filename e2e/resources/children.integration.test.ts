import { describe, expect, it, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { DeepSeekDeploymentInput } from '../../operator/api/index.ts';
import { renderEngine } from '../../operator/engines/index.ts';
import { plan } from '../../operator/planner/index.ts';
import {
  activeService,
  controllerRevision,
  covers,
  foreignTemplateManagers,
  podDisruptionBudget,
  renderPodTemplate,
  revisionDeployment,
  revisionService,
  serviceAccount,
} from '../../operator/resources/index.ts';
import { deploymentWith } from '../../operator/resources/test-support.ts';
import { kubectl, testCluster, testNamespace } from '../support/index.ts';
import { apply } from './objects.ts';

const REVISION = 'x7k2m';

type Spec = Partial<DeepSeekDeploymentInput['spec']>;

/** Much of what a user can say about pods, at once. */
const RICH: Spec = {
  accelerator: {
    type: 'A100-80GB',
    nodeSelector: { pool: 'gpu' },
    tolerations: [{ key: 'sku', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' }],
  },
  resources: { cpu: '0.5', memory: '1.5Ti', sharedMemory: '2048Mi' },
  minReadySeconds: 5,
  engine: {
    env: [
      { name: 'EMPTY', value: '' },
      { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ],
  },
  traffic: { service: { type: 'NodePort', port: 8080, annotations: { team: 'search' } } },
  podTemplate: {
    metadata: { labels: { team: 'search' }, annotations: { note: 'x' } },
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }],
        },
      },
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 1, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: {} } },
        ],
      },
    },
    imagePullSecrets: [{ name: 'registry' }],
    volumes: [{ name: 'files', configMap: { name: 'files', defaultMode: 0, optional: false } }],
    volumeMounts: [{ name: 'files', mountPath: '/files', readOnly: false }],
  },
};

const SAMPLES = new URL('../../manifests/samples/', import.meta.url);

/** Every engine and every source of weights: the samples, and what none of them has. */
const SPECS: readonly [string, Spec][] = [
  ...readdirSync(SAMPLES)
    .filter((name) => name.endsWith('.yaml'))
    .map((name): [string, Spec] => {
      return [name, (parse(readFileSync(new URL(name, SAMPLES), 'utf8')) as { readonly spec: Spec }).spec];
    }),
  ...(['vLLM', 'SGLang', 'TensorRT-LLM'] as const).map((type): [string, Spec] => [
    `${type} from a bucket`,
    {
      engine: { type },
      model: {
        name: 'deepseek-r1-distill-qwen-7b',
        source: {
          objectStorage: {
            uri: 's3://models/r1-7b',
            endpoint: 'https://minio.example.internal',
            credentialsSecretRef: { name: 'bucket' },
          },
        },
      },
    },
  ]),
];

/** The standard has no place for folders of the node. */
const NOT_RESTRICTED = ['edge-1.5b-orin.yaml'];

describe('children on a real API server', () => {
  const cluster = testCluster('control-plane');
  const namespace = testNamespace(cluster);

  /** The children of a deployment in the test's namespace, by kind. */
  function children(spec: Spec) {
    const base = deploymentWith(spec);
    const owner = { ...base, metadata: { ...base.metadata, namespace: namespace() } };
    const planned = plan(owner.spec);
    if (!planned.accepted) throw new Error(planned.message);
    const template = renderPodTemplate(owner, REVISION, planned.plan, renderEngine(planned.plan, owner));
    const { startupBudgetSeconds } = planned.plan;
    return {
      ServiceAccount: serviceAccount(owner),
      ControllerRevision: controllerRevision(owner, { hash: REVISION, number: 1, data: { template }, proven: 'now' }),
      Deployment: revisionDeployment(owner, { revision: REVISION, template, replicas: 0, startupBudgetSeconds }),
      'revision Service': revisionService(owner, REVISION),
      'active Service': activeService(owner, { revision: REVISION, attempt: 1 }),
      PodDisruptionBudget: podDisruptionBudget(owner, REVISION),
    };
  }

  test.each([
    ['the smallest deployment', {}],
    ['much of what can be said', RICH],
  ])('accepts every child of %s, and says afterwards what was declared', async (_, spec) => {
    for (const [kind, child] of Object.entries(children(spec))) {
      const live = await apply(cluster(), child);
      expect({ kind, drift: covers(child, live) }).toEqual({ kind, drift: [] });
      // A second apply of the same changes nothing: what is declared is not fought over with the server.
      const again = await apply(cluster(), child);
      expect(again.metadata['resourceVersion']).toBe(live.metadata['resourceVersion']);
    }
  });

  it('are kept as declared for every engine and every source of weights', async () => {
    for (const [name, spec] of SPECS) {
      const { Deployment: deployment } = children(spec);
      const live = await apply(cluster(), deployment);
      expect({ name, drift: covers(deployment, live) }).toEqual({ name, drift: [] });
      const again = await apply(cluster(), deployment);
      expect({ name, version: again.metadata['resourceVersion'] }).toEqual({
        name,
        version: live.metadata['resourceVersion'],
      });
    }
  });

  it('has pods that keep the Pod Security Standard `restricted`', async () => {
    const enforce = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const labels = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace(), labels: enforce } };
    await apply(cluster(), labels);
    const { Deployment: deployment, ServiceAccount: account } = children({});
    await apply(cluster(), account);
    const podOf = ({ spec: declared }: typeof deployment) => {
      const { metadata, spec } = declared?.template ?? {};
      return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'one', namespace: namespace() }, spec };
    };
    const pod = podOf(deployment);
    const refused: string[] = [];
    for (const [name, declared] of SPECS) {
      const one = podOf(children(declared).Deployment);
      await apply(cluster(), one, ['--dry-run=server']).catch(() => refused.push(name));
    }
    expect(refused).toEqual(NOT_RESTRICTED);
    // The standard is enforced indeed.
    const { spec } = pod;
    const root = { ...pod, spec: { ...spec, securityContext: { runAsUser: 0 } } };
    await expect(apply(cluster(), root, ['--dry-run=server'])).rejects.toThrow(/violates PodSecurity/);
  });

  test.each<[string, string, string]>([
    [
      'an argument',
      '[{"op":"replace","path":"/spec/template/spec/containers/0/args/0","value":"other"}]',
      'spec.template.spec.containers[0].args[0]',
    ],
    [
      'a GPU more',
      '[{"op":"replace","path":"/spec/template/spec/containers/0/resources/limits/nvidia.com~1gpu","value":"8"},{"op":"replace","path":"/spec/template/spec/containers/0/resources/requests/nvidia.com~1gpu","value":"8"}]',
      'spec.template.spec.containers[0].resources.limits["nvidia.com/gpu"]',
    ],
    [
      'the token back',
      '[{"op":"remove","path":"/spec/template/spec/automountServiceAccountToken"}]',
      'spec.template.spec.automountServiceAccountToken',
    ],
    ['our owner reference', '[{"op":"remove","path":"/metadata/ownerReferences"}]', 'metadata.ownerReferences[0]'],
    ['replicas', '[{"op":"replace","path":"/spec/replicas","value":3}]', 'spec.replicas'],
  ])('sees that somebody changed %s', async (_, patch, path) => {
    const { Deployment: deployment } = children({});
    const live = await apply(cluster(), deployment);
    const edit = ['patch', 'deployment', live.metadata.name, '--namespace', namespace(), '--type=json', '-o', 'json'];
    const edited = JSON.parse(await kubectl(cluster(), 'resources-test', [...edit, '-p', patch])) as object;
    expect(covers(deployment, edited)).toContain(path);
    expect(covers(deployment, await apply(cluster(), deployment))).toEqual([]);
  });

  it('sees a foreign `rollout restart`, and who it was', async () => {
    const { Deployment: deployment } = children({});
    const { metadata } = await apply(cluster(), deployment);
    await kubectl(cluster(), 'somebody', ['rollout', 'restart', `deployment/${metadata.name}`, '-n', namespace()]);
    const restarted = await apply(cluster(), deployment, ['--show-managed-fields']);
    expect(covers(deployment, restarted)).toEqual([
      'spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]',
    ]);
    const entries = restarted.metadata['managedFields'] as Parameters<typeof foreignTemplateManagers>[0];
    expect(foreignTemplateManagers(entries, 'deepseek-operator', deployment.spec?.template ?? {})).toEqual([
      'kubectl-rollout',
    ]);
  });
});
