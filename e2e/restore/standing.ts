import { ANNOTATION, type DeepSeekDeploymentStatus, LABEL } from '../../operator/api/index.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/types.ts';
import type { OperatorBench } from '../reconcile/harness.ts';
import { TYPES } from '../upgrade/restore.ts';

/** What of a model has to come back as it was. */
export interface Standing {
  readonly status: Pick<DeepSeekDeploymentStatus, 'handledOrder' | 'history'> & {
    readonly serving: string | undefined;
    readonly candidate: string | undefined;
    readonly phase: string | undefined;
    readonly attempt: number | undefined;
  };
  /** What the active Service says. */
  readonly active: object;
  /** UIDs of the model, of all that it owns, and of the pods of what serves. */
  readonly uids: readonly string[];
}

const KINDS = ['ServiceAccount', 'Service', 'ControllerRevision', 'Deployment', 'PodDisruptionBudget'];

async function standingOf(bench: OperatorBench, name: string): Promise<Standing> {
  const { client, namespace, signal } = bench;
  const { metadata, status = {} } = await bench.get(name);
  const { handledOrder, history, serving, candidate, rollout } = status;
  const { spec, metadata: active } = await client.get(resources.services, { namespace, name }, { signal });
  const marks = [ANNOTATION.servingRevision, ANNOTATION.attempt].map((mark) => active.annotations?.[mark]);
  const labelSelector = `${LABEL.name}=${name}`;
  const lists = await Promise.all(
    KINDS.map((kind) => client.list(TYPES[kind] as ResourceType, { namespace, labelSelector, signal })),
  );
  const pods = (await bench.pods(name)).filter(
    ({ metadata: { labels } }) => labels?.[LABEL.revision] === serving?.revision,
  );
  const all: readonly KubeObject[] = [...lists.flatMap(({ items }) => items), ...pods];
  return {
    status: {
      ...(handledOrder !== undefined && { handledOrder }),
      ...(history && { history }),
      serving: serving?.revision,
      candidate: candidate?.revision,
      phase: rollout?.phase,
      attempt: rollout?.attempt,
    },
    active: { selector: spec?.selector, marks },
    uids: [metadata, ...all.map((object) => object.metadata)].map(({ uid = '' }) => uid).sort(),
  };
}

/** How models stand, by their names. */
export async function standingsOf(
  bench: OperatorBench,
  names: readonly string[],
): Promise<Readonly<Record<string, Standing>>> {
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await standingOf(bench, name)] as const)),
  );
}
