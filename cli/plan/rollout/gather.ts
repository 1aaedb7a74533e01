import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import { LABEL } from '../../../operator/api/index.ts';
import { isForbidden, isNotFound } from '../../../operator/kube/errors.ts';
import {
  type ConfigMap,
  type ControllerRevision,
  clusterScoped,
  type Deployment,
  type Node,
  type Pod,
  resources,
} from '../../../operator/kube/resources.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../../operator/kube/types.ts';
import type { Reservation } from '../../../operator/rollout/capacity/types.ts';
import type { RevisionData } from '../../../operator/rollout/revision.ts';
import { childSelector, DEEPSEEK_DEPLOYMENTS, type DeepSeekDeploymentObject } from '../../get/objects.ts';
import { type DeploymentRef, readDeployment } from '../../get/read.ts';
import { readRevisions } from '../../support/revisions.ts';

/** What the cluster has and what it is used for, as far as the caller may see it. */
export interface RolloutFacts {
  readonly deployment: DeepSeekDeploymentObject;
  /** Newest first. */
  readonly revisions: readonly ControllerRevision[];
  readonly deployments: readonly Deployment[];
  /** Undefined: they may not be listed. */
  readonly nodes: readonly Node[] | undefined;
  readonly pods: readonly Pod[] | undefined;
  readonly reservations: readonly Reservation[];
  readonly autoscaler?: 'cluster-autoscaler' | 'Karpenter';
  /** What was not seen, as sentences. */
  readonly notes: readonly string[];
}

const NODE_POOLS = clusterScoped<KubeObject>('karpenter.sh', 'v1', 'NodePool', 'nodepools');

/** Reads all that a rollout would be decided on. Writes nothing. */
export async function gatherFacts(client: KubeClient, ref: DeploymentRef, signal: AbortSignal): Promise<RolloutFacts> {
  const notes: string[] = [];
  const visible = async <T extends KubeObject>(type: ResourceType<T>, namespace?: string, labelSelector?: string) => {
    try {
      const where = {
        ...(namespace !== undefined && { namespace }),
        ...(labelSelector !== undefined && { labelSelector }),
      };
      return (await client.list(type, { ...where, signal })).items;
    } catch (error) {
      if (!isForbidden(error)) throw error;
      return undefined;
    }
  };
  const [deployment, revisions, deployments, nodes, pods, others, autoscaler] = await Promise.all([
    readDeployment(client, ref, signal),
    readRevisions(client, ref, signal),
    visible(resources.deployments, ref.namespace, childSelector(ref.name)),
    visible(resources.nodes),
    visible(resources.pods),
    visible(DEEPSEEK_DEPLOYMENTS),
    findAutoscaler(client, signal),
  ]);
  if (revisions === undefined) {
    notes.push(`You may not list controllerrevisions in ${ref.namespace}: whether the version is stored is not known.`);
  }
  if (others === undefined) {
    notes.push('You may not list the DeepSeekDeployments of all namespaces: what they have reserved is not counted.');
  }
  const reservations = await reservationsOf(client, ref, others ?? [], signal);
  return {
    deployment,
    revisions: revisions ?? [],
    deployments: deployments ?? [],
    nodes,
    pods,
    reservations,
    ...(autoscaler && { autoscaler }),
    notes,
  };
}

/** What others were admitted for and do not hold yet, with the pods that they will have. */
async function reservationsOf(
  client: KubeClient,
  own: DeploymentRef,
  others: readonly DeepSeekDeploymentObject[],
  signal: AbortSignal,
): Promise<Reservation[]> {
  const found = await Promise.all(
    others.map(async ({ metadata: { name, namespace = '' }, status }): Promise<Reservation[]> => {
      const { candidate, rollout } = status ?? {};
      const reserved = rollout?.capacity?.reserved ?? 0;
      if (reserved === 0 || candidate === undefined || (name === own.name && namespace === own.namespace)) return [];
      const data = await storedData(client, { namespace, name: `${name}-${candidate.revision}` }, signal);
      const gpus = data?.plan?.gpusPerReplica ?? 0;
      if (data?.template === undefined || gpus === 0) return [];
      return [{ holder: `${namespace}/${name}`, replicas: Math.ceil(reserved / gpus), template: data.template }];
    }),
  );
  return found.flat();
}

async function storedData(
  client: KubeClient,
  ref: DeploymentRef,
  signal: AbortSignal,
): Promise<(Partial<RevisionData> & { readonly template?: IPodTemplateSpec }) | undefined> {
  try {
    return (await client.get(resources.controllerRevisions, ref, { signal })).data;
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) return undefined;
    throw error;
  }
}

/** What buys nodes here: cluster-autoscaler leaves its status in kube-system, Karpenter has NodePools. */
async function findAutoscaler(
  client: KubeClient,
  signal: AbortSignal,
): Promise<RolloutFacts['autoscaler'] | undefined> {
  const orNone = async <T>(read: Promise<T>): Promise<T | undefined> =>
    read.catch((error: unknown) => {
      if (isForbidden(error) || isNotFound(error)) return undefined;
      throw error;
    });
  const [status, pools] = await Promise.all([
    orNone<ConfigMap>(
      client.get(resources.configMaps, { namespace: 'kube-system', name: 'cluster-autoscaler-status' }, { signal }),
    ),
    orNone(client.list(NODE_POOLS, { signal })),
  ]);
  if (pools !== undefined && pools.items.length > 0) return 'Karpenter';
  return status === undefined ? undefined : 'cluster-autoscaler';
}

/** The revision that a pod belongs to. */
export function revisionOfPod({ metadata }: Pod): string | undefined {
  return metadata.labels?.[LABEL.revision];
}
