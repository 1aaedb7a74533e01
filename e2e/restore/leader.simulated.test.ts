import { expect, it } from '@jest/globals';
import { resources } from '../../operator/kube/resources.ts';
import { WEBHOOK_NAME } from '../../operator/api/rights.ts';
import { eventually, type OperatorProgram, testCluster } from '../support/index.ts';
import { webhookStage } from '../webhook/stage.ts';
import { Backup } from './backup.ts';

// Of its own: its etcd is taken down, and an API server that has just begun knows of nobody's rights. Nothing has to run in it.
const cluster = testCluster('control-plane', { takesRights: true });
const stage = webhookStage(cluster);

/** Longer than a lease lasts, on a busy machine. */
const PATIENCE = { timeoutMs: 60_000 } as const;
const POD_CIDR = '10.248.0.0/16';

/** The operator with its webhook on this port; 0: a free one. Resolves when it leads. */
async function leader(port: number): Promise<OperatorProgram & { readonly identity: string }> {
  const program = await stage().startProgram('--webhook-bind-address', `127.0.0.1:${port}`);
  const identity = await eventually(() => {
    const found = program.lines().find(({ message }) => message === 'leading');
    if (found === undefined) throw new Error('it does not lead');
    return String(found['identity']);
  }, PATIENCE);
  return { ...program, identity };
}

/** Who holds the Lease. */
async function holder(): Promise<{ readonly identity: string | undefined; readonly renewedAt: number }> {
  const { admin, namespace, signal } = stage();
  const [lease, ...more] = (await admin.list(resources.leases, { namespace, signal })).items;
  expect(more).toEqual([]);
  return { identity: lease?.spec?.holderIdentity, renewedAt: Date.parse(lease?.spec?.renewTime ?? '') };
}

it('a Lease and certificates of before: an operator that finds another holder ends, the next one leads, and its webhook is trusted', async () => {
  const first = await leader(0);
  await stage().install(first.port);
  const [trusted, secret] = [await stage().trusted(), await stage().secret()];
  const backup = await Backup.save(cluster(), stage().signal);

  // Another process leads, and another authority is trusted.
  expect(await first.stop()).toBe(0);
  const { admin, namespace, signal } = stage();
  await admin.delete(resources.secrets, { namespace, name: WEBHOOK_NAME }, { signal });
  const second = await leader(first.port);
  await eventually(() => stage().refused(), PATIENCE);
  await eventually(async () => expect(await stage().trusted()).not.toBe(trusted), PATIENCE);
  expect(await holder()).toMatchObject({ identity: second.identity });

  stage().mayBeDenied = true;
  await backup.restore({ times: 1 }, POD_CIDR, signal);
  const restoredAt = Date.now();
  const end = await eventually(() => {
    const found = second.lines().find(({ message }) => message === 'the operator ends');
    if (found === undefined) throw new Error('it goes on');
    return found;
  }, PATIENCE);
  expect(JSON.stringify(end['error'])).toContain('KUBE_NOT_LEADER');
  // A process that stayed would answer probes, and nobody would start it again.
  expect(await second.ended).toBe(1);
  const third = await leader(first.port);
  await eventually(async () => {
    const { identity, renewedAt } = await holder();
    expect(identity).toBe(third.identity);
    expect(renewedAt).toBeGreaterThan(restoredAt);
  }, PATIENCE);
  await eventually(() => stage().refused(), PATIENCE);
  expect(await stage().trusted()).toBe(trusted);
  expect((await stage().secret()).data).toEqual(secret.data);
  expect(await third.stop()).toBe(0);
});
