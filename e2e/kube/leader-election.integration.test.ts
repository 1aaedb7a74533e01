import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readAudit } from '../../hack/cluster/index.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import { LeaderElector, NotLeaderError } from '../../operator/kube/leader-election.ts';
import { resources, type Lease } from '../../operator/kube/resources.ts';
import { Transport } from '../../operator/kube/transport.ts';
import type { KubeClient } from '../../operator/kube/types.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';

/** Shorter than the real times, which are asserted with a fake clock beside the code; a busy machine must keep them. */
const TIMES = {
  leaseDurationMs: 6000,
  renewDeadlineMs: 4500,
  retryPeriodMs: 400,
  pollPeriodMs: 200,
  requestTimeoutMs: 2000,
};
const LIMIT = { timeoutMs: 30_000, intervalMs: 20 };
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

const cluster = testCluster('control-plane');
const namespace = testNamespace(cluster);

let user: string;
let transport: Transport;
let client: KubeHttpClient;
let candidates: Candidate[] = [];

interface Candidate {
  readonly elector: LeaderElector;
  readonly stop: AbortController;
  readonly ended: Promise<unknown>;
  /** Set: from now on it gets no answer. */
  cutOff: boolean;
}

beforeEach(async () => {
  user = `elector-${namespace()}`;
  const kubeconfig = await cluster().kubeconfig(user);
  transport = new Transport({
    credentials: await loadCredentials({ clock: systemClock, kubeconfig }),
    clock: systemClock,
  });
  client = new KubeHttpClient(transport);
});

afterEach(async () => {
  for (const { stop } of candidates) stop.abort();
  await Promise.all(candidates.map(({ ended }) => ended));
  candidates = [];
  await transport.close();
});

function candidate(identity: string): Candidate {
  const state = { cutOff: false };
  const silence = new Promise<never>(() => undefined);
  const cuttable: Pick<KubeClient, 'get' | 'create' | 'update'> = {
    get: (...call) => (state.cutOff ? silence : client.get(...call)),
    create: (...call) => (state.cutOff ? silence : client.create(...call)),
    update: (...call) => (state.cutOff ? silence : client.update(...call)),
  };
  const elector = new LeaderElector({ ...TIMES, client: cuttable, clock: systemClock, identity, lease: lease() });
  const stop = new AbortController();
  const lead = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const ended = elector.run(lead, stop.signal).catch((error: unknown) => error);
  const result = Object.assign(state, { elector, stop, ended });
  candidates.push(result);
  return result;
}

const lease = () => ({ namespace: namespace(), name: 'operator' });
const signal = (): AbortSignal => AbortSignal.timeout(LIMIT.timeoutMs);
const read = (): Promise<Lease> => client.get(resources.leases, lease(), { signal: signal() });
const leads = ({ elector }: Candidate) => eventually(() => expect(elector.isLeader).toBe(true), LIMIT);

describe('the Lease on a real API server', () => {
  it('is created, renewed by writes alone, and holds what other tools read', async () => {
    const a = candidate('a');
    await leads(a);
    const first = await read();
    expect(first.spec).toMatchObject({
      holderIdentity: 'a',
      leaseDurationSeconds: 6,
      leaseTransitions: 0,
      acquireTime: expect.stringMatching(MICRO_TIME),
      renewTime: expect.stringMatching(MICRO_TIME),
    });
    await eventually(async () => expect((await read()).spec?.renewTime).not.toBe(first.spec?.renewTime), LIMIT);
    expect((await read()).spec?.acquireTime).toBe(first.spec?.acquireTime);
    a.stop.abort();
    await a.ended;
    await eventually(async () => {
      const writes = (await readAudit(cluster().auditLog, { user })).filter(({ verb }) => verb !== 'get');
      expect(new Set(writes.map(({ verb, resource, code }) => `${verb} ${String(resource)} ${code}`))).toEqual(
        new Set(['create leases 201', 'update leases 200']),
      );
    }, LIMIT);
  });

  it('passes from one to the other at a release', async () => {
    const a = candidate('a');
    await leads(a);
    const b = candidate('b');
    a.stop.abort();
    await a.ended;
    expect(() => a.elector.fence()).toThrow(NotLeaderError);
    await leads(b);
    expect((await read()).spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1, leaseDurationSeconds: 6 });
    b.stop.abort();
    await b.ended;
    expect((await read()).spec).toMatchObject({ leaseTransitions: 1, leaseDurationSeconds: 1 });
    expect((await read()).spec?.holderIdentity ?? '').toBe('');
  });

  it('goes to exactly one of several that come at once', async () => {
    const all = ['a', 'b', 'c', 'd'].map(candidate);
    await eventually(() => expect(all.filter(({ elector }) => elector.isLeader)).toHaveLength(1), LIMIT);
    const { spec } = await read();
    expect(all.filter(({ elector }) => elector.isLeader)).toHaveLength(1);
    expect(spec?.leaseTransitions).toBe(0);
  });

  it('is lost by a leader without answers before another one gets it', async () => {
    const a = candidate('a');
    await leads(a);
    const b = candidate('b');
    const seen: string[] = [];
    a.cutOff = true;
    await eventually(() => {
      const now = `${a.elector.isLeader ? 'a' : '-'}${b.elector.isLeader ? 'b' : '-'}`;
      if (seen.at(-1) !== now) seen.push(now);
      expect(b.elector.isLeader).toBe(true);
    }, LIMIT);
    expect(seen).not.toContain('ab');
    expect([seen.at(0), seen.at(-1)]).toEqual(['a-', '-b']);
    expect(await a.ended).toBeInstanceOf(NotLeaderError);
    expect((await read()).spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('is put back by its holder when somebody deletes it', async () => {
    const a = candidate('a');
    await leads(a);
    const b = candidate('b');
    await eventually(async () => expect((await read()).spec?.holderIdentity).toBe('a'), LIMIT);
    const { uid } = (await read()).metadata;
    await client.delete(resources.leases, lease(), { signal: signal() });
    await eventually(async () => expect((await read()).metadata.uid).not.toBe(uid), LIMIT);
    expect((await read()).spec?.holderIdentity).toBe('a');
    expect([a.elector.isLeader, b.elector.isLeader]).toEqual([true, false]);
  });

  it('is lost when somebody else takes it', async () => {
    const a = candidate('a');
    await leads(a);
    const patch = { spec: { holderIdentity: 'thief' } };
    await client.patch(resources.leases, lease(), patch, { type: 'merge', signal: signal() });
    expect(await a.ended).toMatchObject({ code: 'KUBE_NOT_LEADER', message: 'a lost its lease to "thief".' });
    expect((await read()).spec?.holderIdentity).toBe('thief');
  });
});
