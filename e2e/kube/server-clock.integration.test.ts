import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../operator/kube/clock.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import { resources } from '../../operator/kube/resources.ts';
import { ServerClock, type ServerTime } from '../../operator/kube/server-clock.ts';
import { Transport } from '../../operator/kube/transport.ts';
import type { Clock } from '../../operator/kube/types.ts';
import { eventually, testCluster } from '../support/index.ts';

const cluster = testCluster('control-plane');

/** Two hours ahead of the machine that the API server runs on. */
const wrong: Clock = { ...systemClock, now: () => systemClock.now() + 2 * 3_600_000 };

describe('the Date header of a real API server', () => {
  it('sets a clock that is two hours off right with one answer, and bounds it more closely with others', async () => {
    const clock = new ServerClock({ local: wrong });
    const answers: ServerTime[] = [];
    const transport = new Transport({
      credentials: await loadCredentials({ clock: systemClock, kubeconfig: await cluster().kubeconfig('clock') }),
      clock: systemClock,
      onServerTime: (time) => {
        answers.push(time);
        clock.observe(time);
      },
    });
    const client = new KubeHttpClient(transport);
    const signal = AbortSignal.timeout(60_000);
    const list = () => client.list(resources.namespaces, { signal });
    const error = () => Math.abs(clock.now() - systemClock.now());
    expect(error()).toBeGreaterThan(7_000_000);
    await list();
    expect(answers.length).toBeGreaterThan(0);
    expect(error()).toBeLessThanOrEqual((clock.errorMs ?? 0) + 1);
    await eventually(
      async () => {
        await list();
        expect(clock.errorMs).toBeLessThan(300);
      },
      // Not a part of a second: the dates' seconds have to begin at other moments than the requests.
      { timeoutMs: 60_000, intervalMs: 170, signal },
    );
    expect(error()).toBeLessThanOrEqual((clock.errorMs ?? 0) + 1);
    await transport.close();
  });
});
