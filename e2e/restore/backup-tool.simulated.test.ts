import { expect, it } from '@jest/globals';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/types.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { eventually, testCluster } from '../support/index.ts';
import { TYPES } from '../upgrade/restore.ts';
import { MODELS, ModelStage, specOf } from './models.ts';
import { stored } from './stored.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

const TEST_MS = 240_000;
/** In the order in which Velero restores them, before what is of a CRD. */
const KINDS = ['ServiceAccount', 'ControllerRevision', 'Deployment', 'PodDisruptionBudget', 'Service'] as const;

async function objects(): Promise<readonly (readonly [ResourceType, KubeObject])[]> {
  const { client, namespace, signal } = bench();
  const ours = { namespace, labelSelector: 'deepseek-operator.io/name=consumed', signal };
  const lists = await Promise.all(
    KINDS.map(async (kind) => {
      const type = TYPES[kind] as ResourceType;
      return (await client.list(type, ours)).items.map((object) => [type, object] as const);
    }),
  );
  return lists.flat();
}

/** A model in its second version, promoted by an order that stays in its annotations; then everything is lost. */
async function lost(): Promise<{ readonly model: KubeObject; readonly owned: Awaited<ReturnType<typeof objects>> }> {
  const { client, namespace, signal } = bench();
  const model = MODELS.find(({ name }) => name === 'consumed');
  if (model === undefined) throw new Error('no such model');
  const { accelerator } = await bench().pool({ accelerator: 'A100-80GB', nodes: 1, gpusPerNode: 4 });
  await bench().create(model.name, specOf(accelerator, model));
  const stage = new ModelStage(bench(), model);
  await stage.ready();
  await model.before(stage);
  const live = await bench().get(model.name);
  const owned = await objects();
  expect(owned.length).toBeGreaterThanOrEqual(KINDS.length);
  await client.delete(DEEPSEEK_DEPLOYMENTS, { namespace, name: model.name }, { signal });
  await eventually(async () => {
    expect(await objects()).toEqual([]);
    expect(await bench().pods(model.name)).toEqual([]);
  }, PATIENCE);
  return { model: live, owned };
}

/** It serves what its spec asks for, as a first version, and no order of before was carried out. */
async function servesAnew(what: string, since: number): Promise<void> {
  await bench().condition('consumed', 'Ready', 'True');
  process.stdout.write(`restored, ${what}: serving after ${((Date.now() - since) / 1000).toFixed(1)} s\n`);
  const { metadata, status = {} } = await bench().get('consumed');
  expect(status).toMatchObject({ rollout: { phase: 'Idle' }, serving: { proven: true } });
  expect(status.history ?? []).toEqual([]);
  await bench().rest();
  for (const [, object] of await objects())
    expect(object.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([metadata.uid]);
}

it.each(['before', 'after'])(
  'by a backup tool that restores what a model owned as well, %s the model: the garbage collector takes it, and the model is served',
  async (when) => {
    const { model, owned } = await lost();
    const { client, namespace, signal } = bench();
    const since = Date.now();
    const create = () => client.create(DEEPSEEK_DEPLOYMENTS, stored(model), { signal });
    if (when === 'after') await create();
    const found: string[] = [];
    for (const [type, object] of owned)
      await client
        .create(type, stored(object), { signal })
        .catch(() => found.push(`${type.kind} ${object.metadata.name}`));
    if (when === 'before') await create();
    await servesAnew(`by a backup tool, what it owned ${when} it`, since);
    // Nothing of before is left: nobody would ever delete it.
    const replicaSets = (await client.list(resources.replicaSets, { namespace, signal })).items;
    expect(
      replicaSets.filter(({ metadata }) => metadata.labels?.['deepseek-operator.io/name'] === 'consumed'),
    ).toHaveLength(1);
  },
  TEST_MS,
);
