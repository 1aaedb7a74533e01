import { ApiError, isForbidden, isNotFound } from '../../operator/kube/errors.ts';
import { type Node, resources } from '../../operator/kube/resources.ts';
import type { KubeClient, KubeObject, ListOptions, ResourceType } from '../../operator/kube/types.ts';
import { CommandError, EXIT } from '../support/exit-status.ts';
import { childSelector, DEEPSEEK_DEPLOYMENTS, type DeepSeekDeploymentObject, type TreeObjects } from './objects.ts';

/** A DeepSeekDeployment by name. */
export interface DeploymentRef {
  readonly namespace: string;
  readonly name: string;
}

/** All DeepSeekDeployments of a namespace, or of all if there is none, in the order of their names. */
export async function readDeployments(
  client: KubeClient,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<DeepSeekDeploymentObject[]> {
  const where = namespace === undefined ? {} : { namespace };
  try {
    return (await client.list(DEEPSEEK_DEPLOYMENTS, { ...where, signal })).items.toSorted(byName);
  } catch (error) {
    throw withoutKind(error) ?? error;
  }
}

/** One DeepSeekDeployment. Throws NOT_FOUND when there is none of that name. */
export async function readDeployment(
  client: KubeClient,
  ref: DeploymentRef,
  signal: AbortSignal,
): Promise<DeepSeekDeploymentObject> {
  try {
    return await client.get(DEEPSEEK_DEPLOYMENTS, ref, { signal });
  } catch (error) {
    throw withoutKind(error) ?? (isNotFound(error) ? notFound(ref) : error);
  }
}

/** One DeepSeekDeployment and what is below it: one LIST for each kind, and the nodes of its pods one by one. */
export async function readTree(client: KubeClient, ref: DeploymentRef, signal: AbortSignal): Promise<TreeObjects> {
  const denied: string[] = [];
  const orDenied = async <T>(plural: string, read: Promise<T>, without: T): Promise<T> =>
    read.catch((error: unknown) => {
      if (!isForbidden(error)) throw error;
      denied.push(plural);
      return without;
    });
  const list = async <T extends KubeObject>(type: ResourceType<T>): Promise<T[]> => {
    const options: ListOptions = { namespace: ref.namespace, labelSelector: childSelector(ref.name), signal };
    return orDenied(
      type.plural,
      client.list(type, options).then(({ items }) => items),
      [],
    );
  };
  const [deployment, controllerRevisions, deployments, pods] = await Promise.all([
    readDeployment(client, ref, signal),
    list(resources.controllerRevisions),
    list(resources.deployments),
    list(resources.pods),
  ]);
  const names = [...new Set(pods.flatMap(({ spec }) => spec?.nodeName ?? []))];
  const readNodes = Promise.all(names.map((name) => readNode(client, name, signal)));
  const nodes = await orDenied(
    'nodes',
    readNodes.then((found) => found.flat()),
    [],
  );
  return { deployment, controllerRevisions, deployments, pods, nodes, denied };
}

/** The node, or none if it is gone. */
async function readNode(client: KubeClient, name: string, signal: AbortSignal): Promise<Node[]> {
  try {
    return [await client.get(resources.nodes, { name }, { signal })];
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

export function notFound({ namespace, name }: DeploymentRef): CommandError {
  const message = `there is no DeepSeekDeployment ${name} in namespace ${namespace} (\`kubectl deepseek get -A\` lists all)`;
  return new CommandError('NOT_FOUND', EXIT.no, message);
}

/** The API server has no such kind: its 404 is then of the path, without a Status that names an object. */
function withoutKind(error: unknown): CommandError | undefined {
  if (!(error instanceof ApiError) || error.status !== 404 || error.reason === 'NotFound') return undefined;
  return new CommandError(
    'CRD_NOT_INSTALLED',
    EXIT.no,
    'this cluster has no DeepSeekDeployments: the CRD is not installed (`kubectl apply --server-side -f crds/deepseekdeployments.yaml`, or install the operator)',
    { cause: error },
  );
}

export function byName(a: KubeObject, b: KubeObject): number {
  const [left, right] = [a, b].map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`);
  return (left ?? '') < (right ?? '') ? -1 : 1;
}
