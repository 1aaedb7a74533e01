import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { resources } from '../../operator/kube/resources.ts';
import { eventually, testCluster } from '../support/index.ts';
import { webhookStage } from '../webhook/stage.ts';

const PATIENCE = { timeoutMs: 60_000 } as const;

// Of its own: the installation's rights are of the whole cluster, and others install as well.
const stage = webhookStage(testCluster('control-plane', {}));

let neighbour: Server;
beforeEach(async () => {
  neighbour = createServer();
  await new Promise<void>((resolve) => neighbour.listen(0, '127.0.0.1', resolve));
});
afterEach(() => new Promise((resolve) => neighbour.close(resolve)));

it('an operator that loses its Lease ends by itself: one that stayed would answer probes, and nobody would start it again', async () => {
  const program = await stage().startProgram('--webhook-bind-address', '127.0.0.1:0');
  await eventually(() => {
    expect(program.lines().map(({ message }) => message)).toContain('leading');
  }, PATIENCE);
  const { admin, namespace, signal } = stage();
  const [lease] = (await admin.list(resources.leases, { namespace, signal })).items;
  const thief = { spec: { holderIdentity: 'another', renewTime: new Date().toISOString().replace('Z', '000Z') } };
  const ref = { namespace, name: lease?.metadata.name ?? '' };
  await admin.patch(resources.leases, ref, thief, { type: 'merge', signal });
  expect(await program.ended).toBe(1);
  const last = program.lines().at(-1);
  expect(last).toMatchObject({ message: 'the operator ends', level: 'error' });
  expect(JSON.stringify(last)).toContain('KUBE_NOT_LEADER');
});

it('an operator whose webhook finds its port taken ends, and says so', async () => {
  const { port } = neighbour.address() as { readonly port: number };
  await expect(stage().startProgram('--webhook-bind-address', `127.0.0.1:${port}`)).rejects.toThrow(
    /ended with exit status 1[^]*EADDRINUSE/,
  );
});
