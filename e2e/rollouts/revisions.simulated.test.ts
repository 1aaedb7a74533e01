import { describe, expect, it } from '@jest/globals';
import { TOMORROW, TOMORROW_ACCEPTING } from '../../operator/controller/testing/tomorrow.ts';
import { resources } from '../../operator/kube/resources.ts';
import { PATIENCE } from '../reconcile/harness.ts';
import { eventually, testCluster } from '../support/index.ts';
import type { Stage } from './stage.ts';
import { Theatre } from './theatre.ts';

const cluster = testCluster('simulated');
const theatre = new Theatre(cluster);
const SECOND = { spec: { model: { name: 'deepseek-r1-distill-qwen-7b' } } };

/** How far a rollout has come when the operator is upgraded. */
const SITUATIONS: Readonly<Record<string, (stage: Stage) => Promise<unknown>>> = {
  'at rest': () => Promise.resolve(),
  'with a candidate that loads': async (stage) => {
    const { namespace } = stage;
    const match = { namespace };
    await theatre.simulator.control.setRule({ name: namespace, match, behaviour: { failure: 'never-ready' } });
    await stage.edit(SECOND);
    await stage.phase('Loading');
  },
  'with a candidate that waits for a person': async (stage) => {
    await stage.edit({ spec: { ...SECOND.spec, rollout: { promotion: 'Manual' } } });
    await stage.phase('AwaitingPromotion');
  },
  'in the watch': async (stage) => {
    await stage.edit(SECOND);
    await stage.phase('Switching');
    stage.clock.advance(15_000);
    await stage.phase('Watching');
  },
  'with a warm set': async (stage) => {
    await SITUATIONS['in the watch']?.(stage);
    stage.clock.advance(600_000);
    await stage.ready();
  },
};

const uids = async (stage: Stage) => (await stage.list(resources.pods)).map(({ metadata }) => metadata.uid).sort();
const written = async (stage: Stage) => ({
  revisions: (await stage.list(resources.controllerRevisions)).map(({ metadata }) => metadata.name).sort(),
  deployments: (await stage.list(resources.deployments)).map(({ metadata, spec }) => [
    metadata.name,
    metadata.generation,
    spec?.template,
  ]),
});

describe('an upgrade to an operator with another hash, new fields, new defaults and another template', () => {
  it.each(Object.keys(SITUATIONS))('%s: 0 pods restarted, 0 new revisions, 0 writes to Deployments', async (name) => {
    const stage = await theatre.open();
    await stage.create(theatre.spec());
    await stage.ready();
    await SITUATIONS[name]?.(stage);
    const pods = await eventually(async () => {
      const found = await uids(stage);
      expect(found).toHaveLength(name === 'at rest' ? 2 : 4);
      return found;
    }, PATIENCE);
    const before = await written(stage);
    for (const decide of [TOMORROW_ACCEPTING, TOMORROW]) {
      await stage.replace({ decide });
      const wanted = decide === TOMORROW ? /would be refused/ : /./;
      await eventually(async () => {
        const { conditions, observedGeneration } = await stage.status();
        expect(observedGeneration).toBe((await stage.get()).metadata.generation);
        expect(conditions?.find(({ type }) => type === 'PlanAccepted')?.message).toMatch(wanted);
      }, PATIENCE);
      const writes = stage.operator.writes.filter((write) => /Deployment|ControllerRevision|Service/.test(write));
      expect(writes.filter((write) => !write.endsWith('/status'))).toEqual([]);
    }
    expect(await uids(stage)).toEqual(pods);
    expect(await written(stage)).toEqual(before);
    expect(stage.traffic.verdict({ minReady: 0 })).toEqual([]);
  });
});
