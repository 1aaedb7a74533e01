import { expect, it } from '@jest/globals';
import { resources } from '../../operator/kube/resources.ts';
import { operatorBench } from '../reconcile/harness.ts';
import { testCluster } from '../support/index.ts';
import { enforce } from './pod-security.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

it('gives nobody a way to the host that the policy of the namespace does not: its pods are refused, and it says so', async () => {
  const { client, namespace, signal } = bench();
  await enforce(client, namespace, 'restricted', signal);
  await bench().create('chat', {
    model: { name: 'deepseek-r1-distill-qwen-1.5b' },
    accelerator: { type: 'A100-80GB' },
    podTemplate: {
      volumes: [{ name: 'host', hostPath: { path: '/' } }],
      volumeMounts: [{ name: 'host', mountPath: '/host' }],
    },
  });
  const message = await bench().condition('chat', 'Ready', 'False', 'AdmissionDenied');
  expect(message).toContain('restricted volume types');
  expect((await client.list(resources.pods, { namespace, signal })).items).toEqual([]);
}, 60_000);
