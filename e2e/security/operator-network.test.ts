import { expect, it } from '@jest/globals';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { type End, permits } from '../../operator/resources/testing/policy-evaluator.ts';
import { synthesize } from '../../cdk8s/install/install.ts';

interface Manifest {
  readonly kind: string;
  readonly spec?: {
    readonly template?: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containers: readonly {
          readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
        }[];
      };
    };
  };
}

const manifests = synthesize({}) as Manifest[];
const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy') as INetworkPolicy[];
const pod = manifests.find(({ kind }) => kind === 'Deployment')?.spec?.template;
const ports = Object.fromEntries(
  (pod?.spec.containers ?? []).flatMap((container) => container.ports.map((port) => [port.name, port.containerPort])),
);
const OPERATOR: End = { namespace: 'deepseek-system', labels: pod?.metadata.labels ?? {}, ports };

it.each<[string, End, number, boolean]>([
  ['Prometheus, wherever it runs, to the metrics', { namespace: 'monitoring' }, ports['metrics'] ?? 0, true],
  ['the kubelet to the probes', { ip: '10.0.0.4' }, ports['metrics'] ?? 0, true],
  ['the API server to the webhook', { ip: '10.0.0.1' }, ports['webhook'] ?? 0, true],
  ['nobody to another port', { namespace: 'monitoring' }, 6060, false],
])('the policy of the operator lets %s', (_, from, port, expected) => {
  expect(policies).toHaveLength(1);
  expect(port).toBeGreaterThan(0);
  expect(permits(policies, { from, to: OPERATOR, port })).toBe(expected);
});

it('the policy of the operator lets it connect to whom it has to', () => {
  expect(permits(policies, { from: OPERATOR, to: { ip: '10.96.0.1' }, port: 443 })).toBe(true);
  expect(permits(policies, { from: OPERATOR, to: { namespace: 'ai' }, port: 8000 })).toBe(true);
});
