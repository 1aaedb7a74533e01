import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { CustomResourceDefinition, Deployment, Lease, Node } from '../../operator/kube/resources.ts';
import { ago, deploymentObject, NOW } from '../get/test-support.ts';
import type { Facts, InstalledOperator } from './facts.ts';
import type { Answer } from './finding.ts';

const CRD = fileURLToPath(new URL('../../crds/deepseekdeployments.yaml', import.meta.url));

export const known = <T>(value: T): Answer<T> => ({ state: 'known', value });
export const MISSING = { state: 'missing' } as const;
export const DENIED = { state: 'unknown', why: 'you may not see it' } as const;

/** A GPU node as GPU Feature Discovery labels it. */
export function gpuNode(
  name: string,
  more: { labels?: object; capacity?: number; allocatable?: number; ready?: boolean; resources?: object } = {},
): Node {
  const { labels = {}, capacity = 8, allocatable = capacity, ready = true, resources = {} } = more;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB', ...labels } },
    status: {
      capacity: { 'nvidia.com/gpu': String(capacity), ...resources },
      allocatable: { 'nvidia.com/gpu': String(allocatable), ...resources },
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  } as unknown as Node;
}

export const definition = (): CustomResourceDefinition => ({
  ...(parse(readFileSync(CRD, 'utf8')) as CustomResourceDefinition),
  status: {
    storedVersions: ['v1alpha1'],
    conditions: [{ type: 'Established', status: 'True' }],
  },
});

export function operator(change: Partial<InstalledOperator> = {}): InstalledOperator {
  const deployment = {
    metadata: { name: 'deepseek-operator', namespace: 'deepseek-system' },
    spec: { replicas: 2 },
    status: { availableReplicas: 2 },
  } as unknown as Deployment;
  const lease = { spec: { holderIdentity: 'operator-7c9_0f3e', renewTime: ago(4) } } as unknown as Lease;
  return {
    ...{ deployment, namespace: 'deepseek-system', serviceAccount: 'deepseek-operator' },
    ...{ image: 'deepseek-operator:1.2.3', flags: new Map([['webhook-bind-address', ':9443']]), lease: known(lease) },
    ...{ defaults: MISSING, lacks: known([]), prometheus: MISSING },
    ...change,
  };
}

/** A cluster without a problem and without a warning. */
export function facts(change: Partial<Facts> = {}): Facts {
  const storageClasses = [
    {
      metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'ebs.csi.aws.com',
    },
    { metadata: { name: 'shared' }, provisioner: 'efs.csi.aws.com' },
  ] as unknown as NonNullable<Extract<Facts['storageClasses'], { state: 'known' }>['value']>;
  return {
    ...{ now: NOW, version: '1.2.3', server: 'v1.36.1', namespace: 'ai', user: known('somebody'), lacks: known([]) },
    ...{
      crd: known(definition()),
      operators: known([operator()]),
      nodes: known([gpuNode('a100-0'), gpuNode('a100-1')]),
    },
    ...{ daemonSets: known([]), apis: new Map(), httpRoutes: MISSING, gatewayClasses: MISSING },
    storageClasses: known(storageClasses),
    runtimeClasses: known([]),
    priorityClass: known({ metadata: { name: 'deepseek-serving' }, value: 1000 } as never),
    webhooks: known([]),
    models: known([deploymentObject({ observedGeneration: 3 })]),
    ...change,
  };
}
