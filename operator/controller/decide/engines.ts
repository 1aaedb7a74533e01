import { ENGINE_TYPES, LABEL } from '../../api/index.ts';
import { CATALOG, findEngine } from '../../catalog/index.ts';
import { ENGINE_CONTAINER } from '../../resources/pod-template.ts';
import { HTTP_PORT_NAME, type TargetPort } from '../../resources/service.ts';
import { isDisrupted } from '../../rollout/failures/index.ts';
import { isGone, isReady, statusOf } from '../../rollout/failures/pod.ts';
import type { Revision, RevisionData } from '../../rollout/revision.ts';
import type { ObservedPod } from '../observations.ts';
import type { Snapshot } from '../snapshot.ts';

/** What the stored spec of a revision says of how its engine is reached. */
interface StoredSpec {
  readonly model?: { readonly servedNames?: readonly string[]; readonly maxModelLen?: number };
  readonly engine?: { readonly apiKeySecretRef?: { readonly name: string; readonly key: string } };
}

/** The ready pods of a revision as engines that can be asked. */
export function enginesOf({ deployment, pods }: Snapshot, revision: Revision | undefined): ObservedPod[] {
  const engine = revision && engineOf(revision.data);
  if (engine === undefined) return [];
  const { spec } = revision?.data ?? {};
  const port = revision && portOf(revision.data);
  if (port === undefined) return [];
  const { model, engine: stored } = (spec ?? {}) as StoredSpec;
  const secret = stored?.apiKeySecretRef;
  return pods
    .filter((pod) => pod.metadata.labels?.[LABEL.revision] === revision?.hash && isReady(pod) && !isGone(pod))
    .flatMap((pod): ObservedPod[] => {
      const host = statusOf(pod).podIP;
      if (host === undefined) return [];
      return [
        {
          ...processOf(pod),
          ...{ host, port, engine, metricsPath: metricsPath(engine) },
          model: model?.servedNames?.[0] ?? deployment.metadata.name,
          ...(model?.maxModelLen !== undefined && { maxModelLen: model.maxModelLen }),
          ...(secret && { apiKeySecret: { name: secret.name, key: secret.key } }),
        },
      ];
    });
}

/** The process of the engine in a pod. */
export function processOf(pod: Snapshot['pods'][number]): { readonly pod: string; readonly container?: string } {
  const running = statusOf(pod).containerStatuses?.find(({ name }) => name === ENGINE_CONTAINER);
  return {
    pod: pod.metadata.name,
    ...(running?.containerID !== undefined && { container: running.containerID }),
  };
}

/** Names of the pods of a revision that are there to stay: neither on their way out nor on a node that is lost. */
export function standingPods({ pods }: Snapshot, revision: string): ReadonlySet<string> {
  const own = pods.filter((pod) => pod.metadata.labels?.[LABEL.revision] === revision && !isGone(pod));
  return new Set(own.filter((pod) => !isDisrupted(pod)).map(({ metadata }) => metadata.name));
}

/** The container of the engine, by the template of the revision. */
function engineContainer({ template }: Pick<RevisionData, 'template'>) {
  return template.spec?.containers.find(({ name }) => name === ENGINE_CONTAINER);
}

/** The arguments of the engine, those of the user among them. */
export function engineArguments(data: Pick<RevisionData, 'template'>): readonly string[] {
  return engineContainer(data)?.args ?? [];
}

/** The port at which a pod answers requests: the engine's, or that of the proxy in front of it. */
export function portOf(data: Pick<RevisionData, 'template'>): number | undefined {
  const { containers = [], initContainers = [] } = data.template.spec ?? {};
  const ports = [...containers, ...initContainers].flatMap(({ ports = [] }) => ports);
  return ports.find(({ name }) => name === HTTP_PORT_NAME)?.containerPort;
}

/** The port that a Service of this revision leads to. */
export function targetPortOf(data: Pick<RevisionData, 'template'>): TargetPort {
  const containers = data.template.spec?.containers ?? [];
  const isEngines = containers.some(({ ports = [] }) => ports.some(({ name }) => name === HTTP_PORT_NAME));
  return isEngines ? HTTP_PORT_NAME : (portOf(data) ?? HTTP_PORT_NAME);
}

/** The engine and its version, which end the version text of a revision. */
export function engineOf(data: Pick<RevisionData, 'version'>): ObservedPod['engine'] | undefined {
  const text = data.version.slice(data.version.lastIndexOf('/') + 1);
  const type = ENGINE_TYPES.find((known) => text.startsWith(`${known} `));
  return type && { type, version: text.slice(type.length + 1) };
}

/** Where an engine shows its metrics. */
export function metricsPath({ type, version }: ObservedPod['engine']): string {
  const versions = findEngine(CATALOG, type)?.versions ?? [];
  const found = versions.find((candidate) => candidate.version === version) ?? versions[0];
  return found?.endpoints.metrics ?? '/metrics';
}
