import { expect, it } from '@jest/globals';
import { App } from 'cdk8s';
import { Models } from '../../cdk8s/examples/main.ts';
import { operatorBench } from '../reconcile/harness.ts';
import { kubectl, testCluster } from '../support/index.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

it('the models of the cdk8s example are applied, twice without a change, and serve', async () => {
  const items = new Models(new App(), 'models', bench().namespace).toJson() as object[];
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const apply = () => kubectl(cluster(), 'developer', ['apply', '-f', '-'], { input: list });
  expect(await apply()).toMatch(/models-chat created\n.*models-evaluations created/);
  await bench().condition('models-evaluations', 'Ready', 'True');
  await bench().condition('models-chat', 'Ready', 'True');
  expect(await apply()).toMatch(/models-chat unchanged\n.*models-evaluations unchanged/);
});
