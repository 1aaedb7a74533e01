/**
 * `node e2e/upgrade/record.ts [NAME]`: writes what this version stores for models that serve, and in each phase of a rollout, to golden/VERSION.json, or
 * golden/VERSION-NAME.json where a change of what is stored lands without a version of its own. Run once for each; the tests then upgrade from it for ever. A
 * golden file is never written again.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { PHASES, Scene } from '../../operator/controller/testing/scene.ts';
import { World } from '../../operator/controller/testing/world.ts';
import { FLEET_POOL, type Golden } from './golden.ts';

const ROOT = new URL('../../', import.meta.url);
const SAMPLES = new URL('manifests/samples/', ROOT);

const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string };
const files = readdirSync(SAMPLES).filter((name) => name.endsWith('.yaml'));
/** Managed fields are made anew. */
const stored = ({ deployment, objects }: World): Omit<Golden, 'phase'> => ({
  deployment,
  objects: [...objects.values()].map(({ metadata: { managedFields, ...rest }, ...object }) => ({
    ...object,
    metadata: rest,
  })),
});

interface Model {
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

/** A model of which a test makes many, on nodes that it adds: see FLEET_POOL. */
const FLEET: Model = {
  metadata: { name: 'fleet' },
  spec: {
    model: { name: 'deepseek-r1-distill-qwen-7b' },
    accelerator: {
      ...{ type: 'A100-80GB', nodeSelector: { 'test.deepseek-operator.io/pool': FLEET_POOL } },
      tolerations: [{ key: 'test.deepseek-operator.io/pool', operator: 'Exists', effect: 'NoSchedule' }],
    },
    replicas: 1,
  },
};

const samples = files.map((file) => parse(readFileSync(new URL(file, SAMPLES), 'utf8')) as Model);
const models = [...samples, FLEET].map(({ metadata, spec }): Golden => {
  const world = new World(spec, { name: metadata.name });
  world.conclude();
  return { phase: 'Idle', ...stored(world) };
});
const rollouts = PHASES.map((phase): Golden => ({ phase, ...stored(new Scene(phase).world) }));
const golden = [...models, ...rollouts];
const [name] = process.argv.slice(2);
const file = new URL(`golden/${name === undefined ? version : `${version}-${name}`}.json`, import.meta.url);
writeFileSync(file, `${golden.map((model) => JSON.stringify(model)).join('\n')}\n`, { flag: 'wx' });
console.log(`wrote ${golden.length} models to ${file.pathname}`);
