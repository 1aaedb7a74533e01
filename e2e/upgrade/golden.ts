import { readdirSync, readFileSync } from 'node:fs';
import type { DeepSeekDeployment, RolloutPhase } from '../../operator/api/index.ts';
import type { LiveMeta } from '../../operator/controller/snapshot.ts';
import type { KubeObject } from '../../operator/kube/types.ts';

/** What a version of the operator stores for a model. */
export interface Golden {
  /** Of its rollout; `Warm`: Idle, with the version before kept for a rollback. */
  readonly phase: RolloutPhase | 'Warm';
  readonly deployment: DeepSeekDeployment & { readonly metadata: LiveMeta };
  /** Its children, as that version applied them. */
  readonly objects: readonly KubeObject[];
}

/** Label of the nodes that the model `fleet` runs on. */
export const FLEET_POOL = 'upgrade';

/** Of models whose objects name it elsewhere than in their metadata: no word of anything else. */
export const GOLDEN_NAMESPACE = 'golden-models';

const FOLDER = new URL('golden/', import.meta.url);

/** The versions of which there is a record. */
export const VERSIONS: readonly string[] = readdirSync(FOLDER).flatMap((name) =>
  name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : [],
);

/** The models of a version: one line each. */
export function goldenOf(version: string): Golden[] {
  const lines = readFileSync(new URL(`${version}.json`, FOLDER), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as Golden);
}
