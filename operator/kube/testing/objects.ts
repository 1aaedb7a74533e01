import type { ConfigMap } from '../resources.ts';

/** A ConfigMap as a server would send it. */
export function configMap(
  name: string,
  resourceVersion: string,
  overrides: {
    readonly uid?: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly deletionTimestamp?: string;
  } = {},
): ConfigMap {
  const { uid = `uid-${name}`, namespace = 'default', ...rest } = overrides;
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, uid, resourceVersion, ...rest } };
}
