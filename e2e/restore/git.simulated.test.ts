import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { openStage, type Stage } from '../docs/stage.ts';
import { OPERATOR } from '../install/ways.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { eventually, testCluster } from '../support/index.ts';
import { MODELS, ModelStage, specOf } from './models.ts';
import { installCommands, restoreCommands } from './page.ts';
import { stored } from './stored.ts';

/** Where the models have lived. */
const before = testCluster('simulated');
const past = operatorBench(before);
/** Of its own, and empty. */
const cluster = testCluster('simulated', {});
const bench = operatorBench(cluster);

const CRD = 'deepseekdeployments.deepseek-operator.io';
const TEST_MS = 400_000;
const NAMES = MODELS.map(({ name }) => name);
const POOL = { accelerator: 'A100-80GB', nodes: 4, gpusPerNode: 8 };
/** Its order stays in its annotations, and so in what is kept of it. */
const ORDERED = 'consumed';

/** All models serve in the cluster before; what people keep of them comes into the folder `models` of the stage. */
async function keep({ work, namespace }: Stage): Promise<void> {
  const { accelerator } = await past().pool({ ...POOL, name: `${namespace}-models` });
  const stages = MODELS.map((model) => new ModelStage(past(), model));
  for (const { name, model } of stages) await past().create(name, specOf(accelerator, model));
  await Promise.all(stages.map((stage) => stage.ready()));
  const ordered = stages.find(({ name }) => name === ORDERED);
  await ordered?.model.before(ordered);
  await mkdir(join(work, 'models'));
  for (const name of NAMES) {
    const live = await past().get(name);
    const { namespace: _, ...metadata } = live.metadata;
    await writeFile(join(work, 'models', `${name}.yaml`), stringify(stored({ ...live, metadata })));
  }
}

/** What every test has from its bench is taken away: the CRD, and with it whatever is of its kind. */
async function empty({ run }: Stage): Promise<void> {
  await bench().stopOperator();
  await run(`kubectl delete crd ${CRD} --wait --timeout 60s`);
  await run('kubectl get deepseekdeployments', 1);
}

it(
  'from Git into an empty cluster: all models are served as first versions, and an order that came along is told and not carried out',
  async () => {
    const stage = await openStage(cluster(), bench().namespace);
    try {
      await keep(stage);
      await empty(stage);
      await bench().pool({ ...POOL, name: `${stage.namespace}-models` });
      const since = performance.now();
      for (const command of await installCommands()) await stage.run(command);
      await bench().startOperator({ serviceAccount: `${OPERATOR.namespace}/${OPERATOR.name}` });
      const installedMs = performance.now() - since;
      await stage.run((await restoreCommands()).apply);
      const readyMs = performance.now() - since;
      process.stdout.write(
        `restored, from Git into an empty cluster: ${NAMES.length} models serve after ${(readyMs / 1000).toFixed(1)} s, the installation ${(installedMs / 1000).toFixed(1)} s of it\n`,
      );

      await bench().rest();
      for (const name of NAMES) {
        const { serving, candidate, rollout, history = [] } = await bench().status(name);
        const watch = await bench().watchTraffic(name);
        await watch.served(serving?.revision ?? '', 1, PATIENCE.timeoutMs);
        expect(serving).toMatchObject({ proven: true });
        const found = { name, candidate, phase: rollout?.phase, history };
        expect(found).toEqual({ name, candidate: undefined, phase: 'Idle', history: [] });
      }
      await eventually(async () => {
        const { orderResult } = await bench().status(ORDERED);
        expect(orderResult).toContain('it was written for another object of this name');
      }, PATIENCE);
    } finally {
      await stage.close();
    }
  },
  TEST_MS,
);
