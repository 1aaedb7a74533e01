import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../operator/kube/clock.ts';
import { testCluster } from '../support/index.ts';
import type { Stage } from './stage.ts';
import { Theatre } from './theatre.ts';

const cluster = testCluster('simulated');
const theatre = new Theatre(cluster, { nodes: 7, gpusPerNode: 8, timeScale: 0.02 });

/** Every pod loads so long before the time scale, within its startup budget: the time that a first wanted set needs. */
const LOAD_SECONDS = 400;
const EVERY_MS = 2_000;
const STEPS = 11;
const SPEC_CHANGES: Readonly<Record<string, (step: number) => object>> = {
  'replicas are ramped from 2 to 24': (step) => ({ spec: { replicas: 2 + step * 2 } }),
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
  const { serving } = await stage.phase('Switching', 90_000);
  const flipped = stage.traffic.switches.find(({ to }) => to === serving?.revision && to !== first);
  return { ms: (flipped?.at ?? Number.NaN) - since, since, stage };
}

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
    await stage.phase('Watching');
    stage.clock.advance(600_000);
    await stage.ready();
    const { spec } = await stage.get();
    await stage.traffic.served((await stage.status()).serving?.revision ?? '', spec.replicas);
  });
});
