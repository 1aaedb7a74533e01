import { describe, expect, it } from '@jest/globals';
import { ServerClock } from '../../operator/kube/server-clock.ts';
import { resources } from '../../operator/kube/resources.ts';
import { MovableClock } from '../reconcile/movable-clock.ts';
import { eventually, testCluster } from '../support/index.ts';
import { Theatre } from './theatre.ts';

const cluster = testCluster('simulated');
const theatre = new Theatre(cluster);

const TWO_HOURS_MS = 7_200_000;
const WATCH_S = 25;
const WINDOW_S = 60;
/** What a look at the clock of another machine, whole seconds of a time stamp and a busy machine add. */
const TOLERANCE_MS = 10_000;

describe.each([
  ['forward', TWO_HOURS_MS],
  ['back', -TWO_HOURS_MS],
])('the clock of the machine jumps two hours %s', (_, jump) => {
  it('in the watch and in the rollback window: both last as long as they were to', async () => {
    const local = new MovableClock();
    const clock = new ServerClock({ local });
    const stage = await theatre.open({ clock, onServerTime: (time) => clock.observe(time) });
    const rollout = { watch: { duration: `${WATCH_S}s` }, rollbackWindow: `${WINDOW_S}s` };
    await stage.create(theatre.spec({ rollout }));
    const first = await stage.ready();
    await stage.edit({ spec: { model: { name: 'deepseek-r1-distill-qwen-7b' } } });
    const { serving } = await stage.phase('Watching');
    const since = Date.parse(serving?.since ?? '');
    local.jumpWall(jump);
    const proven = await eventually(
      async () => {
        const status = await stage.status();
        expect(status.rollout?.phase).toBe('Idle');
        return Date.now();
      },
      { timeoutMs: 60_000, intervalMs: 100 },
    );
    expect(proven - since).toBeGreaterThanOrEqual(WATCH_S * 1_000);
    expect(proven - since).toBeLessThan(WATCH_S * 1_000 + TOLERANCE_MS);
    local.jumpWall(-2 * jump);
    const gone = await eventually(
      async () => {
        const names = (await stage.list(resources.deployments)).map(({ metadata }) => metadata.name);
        expect(names).not.toContain(`chat-${first}`);
        return Date.now();
      },
      { timeoutMs: 90_000, intervalMs: 100 },
    );
    expect(gone - since).toBeGreaterThanOrEqual(WINDOW_S * 1_000);
    expect(gone - since).toBeLessThan(WINDOW_S * 1_000 + TOLERANCE_MS);
  });
});
