import { describe, expect, it } from '@jest/globals';
import { type AuditEntry, AuditReader, countWrites } from '../../hack/cluster/index.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { BRIEF } from '../reconcile/rollouts.ts';
import type { Load } from '../simulator/index.ts';
import { eventually, testCluster } from '../support/index.ts';
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

/** Waits for further answers of the model, from addresses of its Service. */
async function isAsked(users: Load): Promise<void> {
  const { calls } = users.report();
  await eventually(() => expect(users.report().calls).toBeGreaterThan(calls + 10), PATIENCE);
}

/** What anybody writes to what serves the model: its Deployments and pods, but for what is reported of them. */
function writesToWhatServes(entries: readonly AuditEntry[]): readonly string[] {
  return entries
    .filter((entry) => entry.namespace === bench().namespace && countWrites([entry]) === 1)
    .filter(({ resource = '' }) => ['deployments', 'replicasets', 'pods'].includes(resource))
    .filter(({ subresource, name }) => subresource !== 'status' && name?.startsWith('chat-') === true)
    .map(({ user, verb, resource = '', name = '' }) => `${user} ${verb} ${resource} ${name}`);
}

describe.each(WAY_NAMES)('an installation by %s', (name) => {
  it('has all the rights that the operator needs, is applied twice without a write, leaves models serving when it goes, and takes them over when it comes again', async () => {
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
    const users = await bench().load('chat', { streams: 1 });
    await isAsked(users);
    const everybody = new AuditReader(cluster().auditLog);
    await everybody.read();

    await bench().stopOperator();
    await way.remove();
    expect((await bench().get('chat')).metadata.deletionTimestamp).toBeUndefined();
    await isAsked(users);

    await way.apply();
    const since = new Date();
    await bench().startOperator({ serviceAccount, mayBeDenied: way.isNarrow });
    await bench().rest();
    const requests = (await bench().requests()).filter(({ received }) => received >= since);
    expect(requests.some(({ verb, resource }) => verb === 'watch' && resource === 'deepseekdeployments')).toBe(true);
    expect(countWrites(requests, { without: ['leases'] })).toBe(0);
    expect(await pods()).toEqual(before);
    await isAsked(users);
    expect(writesToWhatServes(await everybody.read())).toEqual([]);
    expect(await users.stop()).toMatchObject({ failed: {}, truncatedStreams: 0 });
    await bench().stopOperator();
    await way.remove();
  }, 240_000);
});
