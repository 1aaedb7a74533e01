import { LABEL } from '../../../../operator/api/index.ts';
import { resources } from '../../../../operator/kube/resources.ts';
import { nextRevisionRule } from '../../../simulator/index.ts';
import type { Scenario } from '../scenario.ts';
import { BY_HAND, drained, HELD, ROOMY, SECOND, waiting } from './shared.ts';

export const VERDICTS: readonly Scenario[] = [
  {
    name: 'a proof that fails',
    ...ROOMY,
    spec: {
      rollout: { proof: { warmUpRequests: 1, smokeTests: [{ prompt: '2+2=', contains: '4' }], pairedRequests: 0 } },
    },
    act: async (run) => {
      const { serving } = await run.status();
      const rule = nextRevisionRule('chat', serving?.revision ?? '', { wrongAnswers: true });
      await run.simulator.setRule({ ...rule, name: run.namespace, match: { ...rule.match, namespace: run.namespace } });
      await run.change(SECOND);
      await run.phase('Held');
    },
    end: HELD,
  },
  {
    name: 'automatic rollback',
    ...ROOMY,
    promises: { minReady: 1, maxGpus: 4, keepsPods: false },
    act: async (run) => {
      await run.change(SECOND);
      await run.phase('Switching');
      run.advance(16_000);
      const { serving } = await run.phase('Watching');
      const pods = await run.stage.list(resources.pods);
      const bad = pods.find(({ metadata }) => metadata.labels?.[LABEL.revision] === serving?.revision);
      await run.simulator.setRule({
        name: run.namespace,
        match: { pod: `${run.namespace}/${bad?.metadata.name ?? ''}` },
        behaviour: { failure: 'crash', failAfterSeconds: 1 },
      });
      await drained(run);
    },
    end: HELD,
  },
  {
    name: 'manual rollback',
    ...ROOMY,
    act: async (run) => {
      const { serving } = await run.status();
      await run.change(SECOND);
      await run.phase('Switching');
      run.advance(16_000);
      await run.phase('Watching');
      await run.order('rollback', serving?.revision ?? '');
      await drained(run);
    },
    end: HELD,
  },
  {
    name: 'abort',
    ...ROOMY,
    spec: BY_HAND,
    act: async (run) => {
      await run.order('abort', await waiting(run));
      await run.phase('Held');
    },
    end: HELD,
  },
  {
    name: 'promoted twice',
    ...ROOMY,
    spec: BY_HAND,
    act: async (run) => {
      const candidate = await waiting(run);
      await run.order('promote', candidate);
      await run.order('promote', candidate);
      await run.passWatch();
    },
    end: {},
  },
];
