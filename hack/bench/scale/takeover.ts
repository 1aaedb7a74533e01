import { setTimeout as sleep } from 'node:timers/promises';
import { WRITE_VERBS } from '../../cluster/index.ts';
import type { KubeHttpClient } from '../../../operator/kube/client.ts';
import { isUpkeep, readerFromNow, waitForRest } from '../audit.ts';
import { atMost, type BenchContext, type Figure } from '../figure.ts';
import { MODELS } from '../../demo/manifests.ts';
import type { OperatorProcess } from '../operator.ts';
import { load, NAMESPACE, type Stage } from './stage.ts';

/** How long the next leader is waited for. */
const LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 250;

/** How an operator goes: told to, or without a word. */
type Departure = 'kill' | 'stop';

/** An operator with the user that it is in the audit log. */
export interface Member {
  readonly user: string;
  readonly operator: OperatorProcess;
}

/** Takes a leader away again and again, and measures until another writes. Leaves no operator behind. */
export async function measureTakeovers(
  stage: Stage,
  first: Member,
  { signal, log, sizes }: BenchContext,
): Promise<Figure[]> {
  const { takeovers } = sizes.scale;
  const seconds: Record<Departure, number[]> = { kill: [], stop: [] };
  let leader = first;
  let count = 0;
  for (let round = 0; round < takeovers; round++) {
    for (const departure of ['kill', 'stop'] as const) {
      count++;
      const user = `takeover-${count}`;
      const standby: Member = { user, operator: await stage.start(user) };
      await waitForRest(stage.cluster, leader.user, { quietMs: 3_000, signal });
      seconds[departure].push(await takeOver(stage, { leader, standby, departure, count }, signal));
      log(`${departure === 'kill' ? 'SIGKILL' : 'SIGTERM'}: ${seconds[departure].at(-1)?.toFixed(2)} s`);
      leader = standby;
      await waitForRest(stage.cluster, leader.user, { quietMs: 5_000, signal });
    }
  }
  await leader.operator.stop();
  const figure = (departure: Departure, title: string, limit: number): Figure =>
    atMost({
      name: `takeover-${departure}`,
      title: `${title} -> next write by the other, ${sizes.scale.models} models`,
      value: Math.max(...seconds[departure]),
      limit,
      unit: ' s',
      decimals: 1,
      note: `slowest of ${takeovers}: ${seconds[departure].map((value) => value.toFixed(1)).join(', ')}`,
      details: { seconds: seconds[departure], load: load() },
    });
  return [figure('kill', 'Leader killed (SIGKILL)', 17), figure('stop', 'Leader told to go (SIGTERM)', 2)];
}

interface Handover {
  readonly leader: Member;
  readonly standby: Member;
  readonly departure: Departure;
  readonly count: number;
}

/** Seconds from the signal until the next leader writes something; there is something for it to write from the first moment. */
async function takeOver(
  { cluster, client }: Stage,
  { leader, standby, departure, count }: Handover,
  signal: AbortSignal,
): Promise<number> {
  const audit = await readerFromNow(cluster, standby.user);
  const startedAt = Date.now();
  const gone = leader.operator[departure]();
  await changeSpec(client, count, signal);
  await gone;
  while (Date.now() < startedAt + LIMIT_MS) {
    const written = (await audit.read()).find(
      (entry) => !isUpkeep(entry) && WRITE_VERBS.includes(entry.verb) && entry.code < 300,
    );
    if (written !== undefined) return (written.received.getTime() - startedAt) / 1000;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
  return Number.POSITIVE_INFINITY;
}

/** A change that asks for writes and for no new pods: who leads sets the replicas of a Deployment to none. */
async function changeSpec(client: KubeHttpClient, count: number, signal: AbortSignal): Promise<void> {
  const ref = { namespace: NAMESPACE, name: `model-${String(count).padStart(4, '0')}` };
  await client.patch(MODELS, ref, { spec: { replicas: 0 } }, { type: 'merge', signal });
}
