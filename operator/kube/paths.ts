import type { ObjectMeta, ObjectRef, ResourceType } from './types.ts';

/** Parameters of a URL's query; what is undefined is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** `/apis/apps/v1/namespaces/ns/deployments`, of all namespaces when `namespace` is undefined. */
export function collectionPath(type: ResourceType, namespace: string | undefined): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const scope = type.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${type.plural}`;
}

/** Throws a TypeError when a namespaced kind comes without its namespace: the server would answer a puzzling 404. */
export function objectPath(type: ResourceType, ref: ObjectRef, subresource?: string): string {
  if (type.namespaced && ref.namespace === undefined) throw new TypeError(`${type.kind} ${ref.name} needs a namespace`);
  const path = `${collectionPath(type, ref.namespace)}/${encodeURIComponent(ref.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

export function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The reference that an object's own metadata makes. Throws a TypeError when it has no name. */
export function refOf(object: object): ObjectRef {
  const metadata = (object as { readonly metadata?: Partial<ObjectMeta> }).metadata;
  if (metadata?.name === undefined) throw new TypeError('the object has no metadata.name');
  return metadata.namespace === undefined
    ? { name: metadata.name }
    : { name: metadata.name, namespace: metadata.namespace };
}
