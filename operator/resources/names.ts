import type { IObjectMeta } from '@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta';
import type { IOwnerReference } from '@kubernetes-models/apimachinery/apis/meta/v1/OwnerReference';
import { API_VERSION, type DeepSeekDeployment, KIND, LABEL, MANAGER } from '../api/index.ts';

/** A child on the wire: its name and namespace are always known, nothing is generated. */
export type Child<T> = T & { readonly metadata: IObjectMeta & { name: string; namespace: string } };

/** A DeepSeekDeployment that the API server has seen: it can own children. */
export type Owner = DeepSeekDeployment & { readonly metadata: { readonly namespace: string; readonly uid: string } };

/** Names of the children of the DeepSeekDeployment `name`; those per revision carry the revision's hash. */
export function childNames(name: string, revision: string) {
  const perRevision = `${name}-${revision}`;
  return {
    /** The Service that clients use. */
    activeService: name,
    /** The Service of the version that comes next. */
    previewService: `${name}-preview`,
    serviceAccount: name,
    controllerRevision: perRevision,
    deployment: perRevision,
    /** The Service of one revision, whoever serves. */
    revisionService: perRevision,
    podDisruptionBudget: perRevision,
  } as const;
}

/**
 * The revision that a child of the DeepSeekDeployment `name` belongs to, read from the child's own name: unlike its
 * label, nobody can change it. Undefined for the children that belong to none.
 */
export function revisionInName(name: string, child: string): string | undefined {
  return child.startsWith(`${name}-`) ? child.slice(name.length + 1) : undefined;
}

/** Labels that select the pods of exactly one revision. */
export function revisionSelector(name: string, revision: string): Record<string, string> {
  return { [LABEL.name]: name, [LABEL.revision]: revision };
}

/** Labels of every child; `revision` for those that belong to one. */
export function childLabels(deployment: DeepSeekDeployment, revision?: string): Record<string, string> {
  return {
    [LABEL.managedBy]: MANAGER,
    [LABEL.name]: deployment.metadata.name,
    ...(revision !== undefined && { [LABEL.revision]: revision }),
  };
}

/** The controller reference by which a child goes when its DeepSeekDeployment goes, and by which it is known as ours. */
export function ownerReference(deployment: Owner): IOwnerReference {
  const { name, uid } = deployment.metadata;
  return { apiVersion: API_VERSION, kind: KIND, name, uid, controller: true, blockOwnerDeletion: true };
}

/** Metadata of a child: name, namespace, labels and owner. */
export function childMetadata(
  deployment: Owner,
  name: string,
  options: { readonly revision?: string; readonly annotations?: Readonly<Record<string, string>> } = {},
): Child<object>['metadata'] {
  return {
    name,
    namespace: deployment.metadata.namespace,
    labels: childLabels(deployment, options.revision),
    ...(options.annotations && { annotations: { ...options.annotations } }),
    ownerReferences: [ownerReference(deployment)],
  };
}
