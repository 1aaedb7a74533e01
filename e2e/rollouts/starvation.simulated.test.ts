import { describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../operator/kube/clock.ts';
import { eventually, testCluster } from '../support/index.ts';
import type { Stage } from './stage.ts';
import { Theatre } from './theatre.ts';

const cluster = testCluster('simulated');
const theatre = new Theatre(cluster, { nodes: 7, gpusPerNode: 8, timeScale: 0.02 });

/** Every pod loads so long before the time scale, within its startup budget: the time that a first wanted set needs. */
const LOAD_SECONDS = 400;
const EVERY_MS = 2_000;
/** Three minutes with RAMP=full; the everyday run shows the same in 22 s, since the first wanted set needs no more than a part of it. */
const STEPS = process.env['RAMP'] === 'full' ? 90 : 11;
const MOST = 24;
/** From 2 to 24, and in the long one with one more at every second step: each is a change, up or down. */
const rampedTo = (step: number): number =>
  step === STEPS ? MOST : 2 + Math.round(((MOST - 2) * step) / STEPS) + (step % 2) * Number(STEPS > MOST);
const SPEC_CHANGES: Readonly<Record<string, (step: number) => object>> = {
  'replicas are ramped from 2 to 24': (step) => ({ spec: { replicas: rampedTo(step) } }),
  'rollout settings are edited': (step) => ({ spec: { rollout: { rollbackWindow: `${120 + step}m` } } }),
};

/** How long after the change of the model the traffic moves, while `edit` is made every two seconds; and what it ends with. */
async function flip(
  edit?: (step: number) => object,
): Promise<{ readonly ms: number; readonly since: number; readonly stage: Stage }> {
  const stage = await theatre.open();
  const { namespace } = stage;
  await stage.create(theatre.spec());
  const first = await stage.ready();
  const behaviour = { loadSeconds: LOAD_SECONDS };
  await theatre.simulator.control.setRule({ name: namespace, match: { namespace }, behaviour });
  const since = Date.now();
  await stage.edit({ spec: { model: { name: 'deepseek-r1-distill-qwen-7b' } } });
  for (let step = 1; edit !== undefined && step <= STEPS; step++) {
    await stage.edit(edit(step));
    await systemClock.sleep(EVERY_MS, stage.signal);
  }
  const flipped = await eventually(
    () => {
      const found = stage.traffic.switches.find(({ to }) => to !== first);
      if (found === undefined) throw new Error(`${first} still has the traffic`);
      return found;
    },
    { timeoutMs: 90_000 },
  );
  return { ms: flipped.at - since, since, stage };
}

if (STEPS > MOST) jest.setTimeout(600_000);

describe('a rollout while somebody keeps editing', () => {
  it.each(Object.keys(SPEC_CHANGES))('%s every 2 s: the flip waits for the first wanted set alone', async (name) => {
    const control = await flip();
    const { ms, since, stage } = await flip(SPEC_CHANGES[name]);
    console.log(
      `${name} every 2 s for ${(STEPS * EVERY_MS) / 1_000} s: flip after ${ms} ms; undisturbed ${control.ms} ms; ratio ${(ms / control.ms).toFixed(2)}`,
    );
    expect(ms / control.ms).toBeLessThan(1.7);
    expect(stage.traffic.verdict({ minReady: 2 }).filter(({ at }) => at >= since)).toEqual([]);
    stage.clock.advance(15_000);
    await stage.phase('Watching', 90_000);
    stage.clock.advance(600_000);
    await stage.ready(180_000);
    const { spec } = await stage.get();
    await stage.traffic.served((await stage.status()).serving?.revision ?? '', spec.replicas);
  });
});
