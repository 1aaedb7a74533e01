import type { Scenario } from '../scenario.ts';
import { ROOMY, SECOND, TIGHT } from './shared.ts';

export const WAYS: readonly Scenario[] = [
  {
    name: 'first deployment',
    ...ROOMY,
    begin: 'Nothing',
    act: async (run) => {
      await run.stage.create(run.spec);
      await run.stage.ready();
    },
    end: {},
    promises: { maxGpus: 2 },
  },
  {
    name: 'update, Full',
    ...ROOMY,
    act: async (run) => {
      await run.change(SECOND);
      await run.passWatch();
    },
    end: {},
  },
  {
    name: 'update, Provision',
    ...TIGHT,
    promises: { minReady: 2, maxGpus: 4 },
    spec: { rollout: { whenCapacityIsShort: ['Provision'] } },
    act: async (run) => {
      await run.change(SECOND);
      await run.phase('Scheduling');
      await run.pool.add();
      await run.passWatch();
    },
    end: {},
  },
  {
    name: 'update, Handover',
    ...TIGHT,
    spec: { rollout: { whenCapacityIsShort: ['Handover'] } },
    act: async (run) => {
      await run.change(SECOND);
      await run.passWatch();
    },
    end: {},
  },
  {
    name: 'update, Recreate',
    ...TIGHT,
    promises: { minReady: 0, maxGpus: 2, keepsPods: false },
    spec: { rollout: { strategy: 'Recreate' } },
    act: async (run) => {
      await run.change(SECOND);
      await run.passWatch();
    },
    end: {},
  },
  {
    name: 'update, Wait',
    ...TIGHT,
    promises: { minReady: 2, maxGpus: 4 },
    spec: { rollout: { whenCapacityIsShort: ['Wait'] } },
    act: async (run) => {
      await run.change(SECOND);
      await run.phase('Waiting');
      await run.pool.add();
      run.advance(41_000);
      await run.passWatch();
    },
    end: {},
  },
];
