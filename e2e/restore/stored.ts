import type { KubeObject } from '../../operator/kube/types.ts';

/** An object as people and backup tools keep it: without status, UID and version; with the owners that it had, if any. */
export function stored({ apiVersion, kind, metadata, ...rest }: KubeObject): object {
  const { name, namespace, labels, annotations, ownerReferences } = metadata;
  const { status: _, ...content } = rest as { readonly status?: unknown };
  return { apiVersion, kind, metadata: { name, namespace, labels, annotations, ownerReferences }, ...content };
}
