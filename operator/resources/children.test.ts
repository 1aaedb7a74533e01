import { describe, expect, it, test } from '@jest/globals';
import { ControllerRevision } from 'kubernetes-models/apps/v1/ControllerRevision';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { controllerRevision } from './controller-revision.ts';
import { revisionDeployment } from './deployment.ts';
import { childNames } from './names.ts';
import { podDisruptionBudget } from './pod-disruption-budget.ts';
import { renderPodTemplate } from './pod-template.ts';
import { serviceAccount } from './service-account.ts';
import { activeService, revisionService } from './service.ts';
import { deploymentWith, engineWith, planWith } from './test-support.ts';

const revision = 'x7k2m';
const template = renderPodTemplate(deploymentWith(), revision, planWith(), engineWith());
const deployment = (replicas = 2, spec = {}, startupBudgetSeconds = 1800) =>
  revisionDeployment(deploymentWith(spec), { revision, template, replicas, startupBudgetSeconds });

const owner = {
  apiVersion: 'deepseek-operator.io/v1alpha1',
  kind: 'DeepSeekDeployment',
  name: 'chat',
  uid: '6a1f0c9e-2b7d-4e07-9a51-000000000001',
  controller: true,
  blockOwnerDeletion: true,
};
const labels = { 'app.kubernetes.io/managed-by': 'deepseek-operator', 'deepseek-operator.io/name': 'chat' };
const revisionLabels = { ...labels, 'deepseek-operator.io/revision': revision };
const selector = { 'deepseek-operator.io/name': 'chat', 'deepseek-operator.io/revision': revision };
const metadataOf = (name: string, ownLabels: object) => ({
  name,
  namespace: 'ai',
  labels: ownLabels,
  ownerReferences: [owner],
});

describe('names', () => {
  it('keeps every name a Service name (63 characters) at the longest name and hash', () => {
    const names = Object.values(childNames('n'.repeat(45), 'bcdfghjklm'));
    expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(63);
  });

  it('gives each child of a kind its own name', () => {
    const { activeService: active, revisionService: own } = childNames('chat', revision);
    expect([active, own]).toEqual(['chat', 'chat-x7k2m']);
  });
});

describe('children', () => {
  test.each([
    ['Deployment', new Deployment(deployment())],
    ['revision Service', new Service(revisionService(deploymentWith(), revision))],
    ['active Service', new Service(activeService(deploymentWith(), { revision, attempt: 1 }))],
    ['PodDisruptionBudget', new PodDisruptionBudget(podDisruptionBudget(deploymentWith(), revision))],
    ['ServiceAccount', new ServiceAccount(serviceAccount(deploymentWith()))],
    [
      'ControllerRevision',
      new ControllerRevision(controllerRevision(deploymentWith(), { hash: revision, number: 1, data: {} })),
    ],
  ])('%s is valid and says whose it is', (_, model) => {
    expect(() => model.validate()).not.toThrow();
    expect(model.metadata).toMatchObject({ namespace: 'ai', labels, ownerReferences: [owner] });
  });
});

describe('revisionDeployment', () => {
  it('renders the whole object, with the stored template as it is', () => {
    expect(deployment()).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadataOf('chat-x7k2m', revisionLabels),
      spec: {
        replicas: 2,
        minReadySeconds: 0,
        progressDeadlineSeconds: 2700,
        revisionHistoryLimit: 0,
        selector: { matchLabels: selector },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
        template,
      },
    });
  });

  it('selects the pods of its template', () => {
    expect(template.metadata?.labels).toMatchObject(selector);
  });

  it('gives a revision longer than its startup budget, and longer than minReadySeconds', () => {
    const deadline = (budget: number, spec = {}) => deployment(1, spec, budget).spec?.progressDeadlineSeconds ?? 0;
    expect(deadline(60)).toBeGreaterThan(60);
    expect(deadline(10_800) - deadline(60)).toBe(10_740);
    expect(deadline(60, { minReadySeconds: 600 }) - deadline(60)).toBe(600);
    expect(deployment(1, { minReadySeconds: 600 }).spec?.minReadySeconds).toBe(600);
  });

  it.each([
    ['30m', 1800],
    ['1500ms', 2],
    ['0s', 1],
  ])('gives it the time that rollout.progressDeadline %s says, whatever its startup budget', (progressDeadline, is) => {
    const rollout = { progressDeadline };
    expect(deployment(1, { rollout }).spec?.progressDeadlineSeconds).toBe(is);
    expect(deployment(1, { rollout, minReadySeconds: 60 }).spec?.progressDeadlineSeconds).toBe(is + 60);
  });

  it('keeps the record of its revision as an annotation', () => {
    const input = { revision, template, replicas: 1, startupBudgetSeconds: 60, record: '{"number":1}' };
    const { metadata } = revisionDeployment(deploymentWith(), input);
    expect(metadata.annotations).toEqual({ 'deepseek-operator.io/record': '{"number":1}' });
  });

  it('can be at 0', () => {
    expect(deployment(0).spec?.replicas).toBe(0);
  });
});

describe('Services', () => {
  it('leads to one revision', () => {
    expect(revisionService(deploymentWith(), revision)).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadataOf('chat-x7k2m', revisionLabels),
      spec: {
        type: 'ClusterIP',
        selector,
        ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
      },
    });
  });

  it('says in one object what serves and by which attempt', () => {
    expect(activeService(deploymentWith(), { revision, attempt: 3 })).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        ...metadataOf('chat', labels),
        annotations: { 'deepseek-operator.io/serving-revision': revision, 'deepseek-operator.io/attempt': '3' },
      },
      spec: {
        type: 'ClusterIP',
        selector,
        ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
      },
    });
  });

  it('takes type, port and annotations from the spec, but never our annotations', () => {
    const service = {
      type: 'LoadBalancer' as const,
      port: 8080,
      annotations: { 'cloud/internal': 'true', 'deepseek-operator.io/serving-revision': 'evil' },
    };
    const { metadata, spec } = activeService(deploymentWith({ traffic: { service } }), { revision, attempt: 1 });
    expect(spec).toMatchObject({ type: 'LoadBalancer', ports: [{ port: 8080, targetPort: 'http' }] });
    expect(metadata.annotations).toEqual({
      'cloud/internal': 'true',
      'deepseek-operator.io/serving-revision': revision,
      'deepseek-operator.io/attempt': '1',
    });
    // The Service of a revision is the operator's own: the user's load balancer must not be made twice.
    expect(revisionService(deploymentWith({ traffic: { service } }), revision).spec?.type).toBe('ClusterIP');
  });
});

describe('podDisruptionBudget', () => {
  it('protects one revision and does not hold up drains for pods that are not ready', () => {
    expect(podDisruptionBudget(deploymentWith(), revision)).toEqual({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: metadataOf('chat-x7k2m', revisionLabels),
      spec: { minAvailable: '50%', selector: { matchLabels: selector }, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
    });
  });

  it('takes the share from the spec', () => {
    const { spec } = podDisruptionBudget(deploymentWith({ disruption: { minAvailablePercent: 80 } }), revision);
    expect(spec?.minAvailable).toBe('80%');
  });
});

describe('serviceAccount', () => {
  it('has no token', () => {
    expect(serviceAccount(deploymentWith())).toEqual({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: metadataOf('chat', labels),
      automountServiceAccountToken: false,
    });
  });
});

describe('controllerRevision', () => {
  const data = { hashVersion: 1, spec: { model: { name: 'm' } }, template, plan: {} };

  it('keeps the data as it is, and no verdict yet', () => {
    expect(controllerRevision(deploymentWith(), { hash: revision, number: 7, data })).toEqual({
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: { ...metadataOf('chat-x7k2m', revisionLabels), annotations: {} },
      revision: 7,
      data,
    });
  });

  it('carries verdicts as annotations', () => {
    const stored = { hash: revision, number: 7, data, proven: '2026-11-01T00:00:00Z', failed: 'CrashLoop: exit 1' };
    expect(controllerRevision(deploymentWith(), stored).metadata.annotations).toEqual({
      'deepseek-operator.io/proven': '2026-11-01T00:00:00Z',
      'deepseek-operator.io/failed': 'CrashLoop: exit 1',
    });
  });
});
