import { describe, expect, it } from '@jest/globals';
import { countWrites } from '../../hack/cluster/index.ts';
import { operatorBench } from '../reconcile/harness.ts';
import { BRIEF } from '../reconcile/rollouts.ts';
import { testCluster } from '../support/index.ts';
import { scratchFiles } from './scratch.ts';
import { atRest, OPERATOR, WAY_NAMES, ways } from './ways.ts';

// Of its own: an installation is of the whole cluster, and asks its webhook about everybody's objects.
const cluster = testCluster('simulated', {});
const bench = operatorBench(cluster);
const scratch = scratchFiles();
const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-1.5b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 1,
  ...BRIEF,
};

describe.each(WAY_NAMES)('an installation by %s', (name) => {
  it('has all the rights that the operator needs, is applied twice without a write, leaves models when it goes, and takes them over when it comes again', async () => {
    await bench().stopOperator();
    const way = ways(cluster(), bench().namespace, scratch)[name];
    const serviceAccount = `${way.namespace}/${OPERATOR.name}`;
    await way.apply();
    const first = atRest(await way.objects());
    expect(first.length).toBeGreaterThan(10);
    await way.apply();
    expect(atRest(await way.objects())).toEqual(first);

    await bench().startOperator({ serviceAccount, mayBeDenied: way.isNarrow });
    await bench().create('chat', SPEC);
    await bench().condition('chat', 'Ready', 'True');
    if (!way.isNarrow) await bench().condition('chat', 'CapacityAvailable', 'True');
    await bench().rest();
    const pods = async () => (await bench().pods('chat')).map(({ metadata }) => metadata.uid);
    const before = await pods();

    await bench().stopOperator();
    await way.remove();
    expect(await pods()).toEqual(before);
    expect((await bench().get('chat')).metadata.deletionTimestamp).toBeUndefined();

    await way.apply();
    const since = new Date();
    await bench().startOperator({ serviceAccount, mayBeDenied: way.isNarrow });
    await bench().rest();
    const requests = (await bench().requests()).filter(({ received }) => received >= since);
    expect(requests.some(({ verb, resource }) => verb === 'watch' && resource === 'deepseekdeployments')).toBe(true);
    expect(countWrites(requests, { without: ['leases'] })).toBe(0);
    expect(await pods()).toEqual(before);
    await bench().stopOperator();
    await way.remove();
  }, 240_000);
});
