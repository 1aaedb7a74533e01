import { expect, it } from '@jest/globals';
import { resources } from '../../operator/kube/resources.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { BRIEF } from '../reconcile/rollouts.ts';
import { eventually, testCluster } from '../support/index.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

it('is there with the model, follows its spec, is put back, and goes when it is not wanted', async () => {
  const { client, namespace, signal } = bench();
  const found = async () => (await client.list(resources.networkPolicies, { namespace, signal })).items;
  const admits = (expected: unknown) =>
    eventually(async () => {
      const [policy] = await found();
      expect((policy?.['spec'] as { ingress?: readonly { from?: unknown }[] } | undefined)?.ingress?.[0]?.from).toEqual(
        expected,
      );
    }, PATIENCE);
  await bench().create('chat', {
    model: { name: 'deepseek-r1-distill-qwen-1.5b' },
    accelerator: { type: 'A100-80GB' },
    replicas: 1,
    networkPolicy: { enabled: true },
    ...BRIEF,
  });
  await bench().condition('chat', 'Ready', 'True');
  await admits(undefined);

  const shop = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } };
  await bench().edit('chat', { spec: { networkPolicy: { allowFrom: [shop] } } });
  await admits(expect.arrayContaining([shop]));

  const foreign = { spec: { ingress: [{}] } };
  await client.patch(resources.networkPolicies, { namespace, name: 'chat' }, foreign, {
    type: 'merge',
    fieldManager: 'mallory',
    signal,
  });
  await admits(expect.arrayContaining([shop]));

  await bench().edit('chat', { spec: { networkPolicy: { enabled: false } } });
  await eventually(async () => expect(await found()).toEqual([]), PATIENCE);
  await bench().condition('chat', 'Ready', 'True');
}, 120_000);
