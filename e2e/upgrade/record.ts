/**
 * `node e2e/upgrade/record.ts [NAME [MODEL|PHASE...]]`: writes what this version stores for models that serve, and in each phase of a rollout, to
 * golden/VERSION.json, or golden/VERSION-NAME.json where a change of what is stored lands without a version of its own; of all models and phases, or of those that
 * are named. Run once for each; the tests then upgrade from it for ever. A golden file is never written again.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { PHASES, Scene } from '../../operator/controller/testing/scene.ts';
import type { World } from '../../operator/controller/testing/world.ts';
import type { Golden } from './golden.ts';
import { worlds } from './models.ts';

const ROOT = new URL('../../', import.meta.url);

const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string };
/** Managed fields are made anew. */
const stored = ({ deployment, objects }: World): Omit<Golden, 'phase'> => ({
  deployment,
  objects: [...objects.values()].map(({ metadata: { managedFields, ...rest }, ...object }) => ({
    ...object,
    metadata: rest,
  })),
});

const [name, ...chosen] = process.argv.slice(2);
const isChosen = (what: string): boolean => chosen.length === 0 || chosen.includes(what);
const models = worlds().filter(([model]) => isChosen(model));
const phases = PHASES.filter(isChosen);
const recorded = [...models.map(([model]) => model), ...phases];
const unknown = chosen.filter((what) => !recorded.includes(what));
if (unknown.length > 0) throw new Error(`there is neither a model nor a phase ${unknown.join(', ')}`);
const golden = [
  ...models.map(([, world]): Golden => {
    world.conclude();
    return { phase: 'Idle', ...stored(world) };
  }),
  ...phases.map((phase): Golden => ({ phase, ...stored(new Scene(phase).world) })),
];
const file = new URL(`golden/${name === undefined ? version : `${version}-${name}`}.json`, import.meta.url);
writeFileSync(file, `${golden.map((model) => JSON.stringify(model)).join('\n')}\n`, { flag: 'wx' });
console.log(`wrote ${golden.length} models to ${file.pathname}`);
