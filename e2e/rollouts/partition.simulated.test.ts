import { afterEach, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AuditEntry, readAudit, RIGHTFUL, WRITE_VERBS } from '../../hack/cluster/index.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { type Credentials, loadCredentials } from '../../operator/kube/credentials.ts';
import { PATIENCE } from '../reconcile/harness.ts';
import { eventually, testCluster } from '../support/index.ts';
import { Partition } from './partition.ts';
import { Theatre } from './theatre.ts';

const cluster = testCluster('simulated');
const theatre = new Theatre(cluster);
const REPLICAS = 2;
/** What has waited in the line arrives, and the server has done with it. */
const ARRIVAL_MS = 2_000;
const LIMIT_MS = 240_000;

const lines: Partition[] = [];
afterEach(async () => {
  for (const line of lines.splice(0)) await line.close();
});

interface Outcome {
  /** Objects, status, and which turns the traffic took. */
  readonly end: object;
  readonly broken: readonly unknown[];
}

/** What the API server heard of a leader that was cut off, once another one had written. */
interface Afterwards {
  readonly late: readonly string[];
  /** Whether it took itself for the leader when the line was cut. */
  readonly believed: boolean;
  /** Writes that it began when the other one led. */
  readonly begun: number;
}

async function credentialsOf(user: string): Promise<Credentials> {
  const kubeconfig = await cluster().kubeconfig(user, { groups: [RIGHTFUL] });
  return loadCredentials({ clock: systemClock, kubeconfig });
}

/** Another version gets the traffic, under two operators of which one leads; that one is cut off with such a write, which stays in the line. */
async function play(moment?: RegExp): Promise<Outcome & Afterwards> {
  const line = await Partition.start(cluster().server);
  lines.push(line);
  const users = { first: `first-${crypto.randomUUID()}`, second: `second-${crypto.randomUUID()}` };
  let isArmed = false;
  let believed = false;
  const stage = await theatre.open({
    lease: 'operator',
    credentials: line.through(await credentialsOf(users.first)),
    onWrite: (write) => {
      if (isArmed && moment?.test(write) === true) {
        isArmed = false;
        believed = first.believes;
        line.cut();
      }
      return undefined;
    },
  });
  const first = stage.operator;
  await stage.create(theatre.spec({ replicas: REPLICAS }));
  const old = await stage.ready();
  await stage.traffic.served(old, REPLICAS);
  stage.traffic.beginHere();
  await stage.overtake({ credentials: await credentialsOf(users.second), onWrite: () => undefined });
  const second = stage.operator;
  expect([first.believes, second.believes]).toEqual([true, false]);

  isArmed = true;
  await stage.edit({ spec: { model: { name: 'deepseek-r1-distill-qwen-7b' } } });
  let begunBefore = 0;
  if (moment !== undefined) {
    await eventually(() => expect(isArmed).toBe(false), PATIENCE);
    await eventually(() => expect(second.believes).toBe(true), { ...PATIENCE, intervalMs: 20 });
    expect(first.believes).toBe(false);
    begunBefore = first.writes.length;
    await eventually(() => expect(first.isDead).toBe(true), PATIENCE);
  }
  await stage.phase('Switching', LIMIT_MS / 2);
  stage.clock.advance(16_000);
  await stage.phase('Watching', LIMIT_MS / 2);
  await first.stop();
  line.heal();
  await sleep(ARRIVAL_MS);
  stage.clock.advance(601_000);
  const next = await stage.ready();
  await stage.traffic.served(next, REPLICAS);
  const names = [old, next];
  return {
    end: { ...(await stage.endState()), switches: stage.traffic.switches.map(({ to }) => names.indexOf(to)) },
    broken: stage.traffic.verdict({ minReady: REPLICAS, maxGpus: 2 * REPLICAS, keepsPods: true, keepsService: true }),
    late: await writtenAfter(users.first, users.second),
    believed,
    begun: moment === undefined ? 0 : first.writes.length - begunBefore,
  };
}

/** Writes of the one that the API server took after the first of the other, as `verb resource code`. */
async function writtenAfter(one: string, other: string): Promise<string[]> {
  const of = async (user: string): Promise<AuditEntry[]> =>
    (await readAudit(cluster().auditLog, { user, verbs: WRITE_VERBS })).filter(({ resource }) => resource !== 'leases');
  const begin = Math.min(...(await of(other)).map(({ received }) => received.getTime()));
  return (await of(one))
    .filter(({ answered }) => answered.getTime() >= begin)
    .map(({ verb, resource = '', subresource, code }) => [verb, resource, subresource, code].filter(Boolean).join(' '));
}

it(
  'a leader that is cut off in the middle of a rollout, and believes in itself until its Lease has run out, spoils nothing',
  async () => {
    const undisturbed = await play();
    expect(undisturbed.broken).toEqual([]);
    const moments = [/ Service chat$/, / Deployment chat-/, / DeepSeekDeployment chat\/status$/];
    const disturbed = await Promise.all(moments.map((moment) => play(moment)));
    for (const { late: _, ...is } of disturbed)
      expect(is).toEqual({ end: undisturbed.end, broken: [], believed: true, begun: 0 });
    const late = disturbed.flatMap((one) => one.late);
    // What was on its way when the line was cut came in the end, and what moves traffic was refused.
    expect(late).not.toEqual([]);
    expect(late.filter((write) => /^\w+ services 2/.test(write))).toEqual([]);
  },
  LIMIT_MS,
);
