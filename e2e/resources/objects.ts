import type { Cluster } from '../../hack/cluster/index.ts';
import { kubectl } from '../support/index.ts';

/** An object as `kubectl -o json` prints it. */
export interface LiveObject {
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** Applies an object server-side as the operator does, and returns it as the API server then has it. */
export async function apply(cluster: Cluster, object: object, options: readonly string[] = []): Promise<LiveObject> {
  const args = [
    'apply',
    '--server-side',
    '--force-conflicts',
    '--field-manager=deepseek-operator',
    '-f',
    '-',
    '-o',
    'json',
  ];
  return JSON.parse(
    await kubectl(cluster, 'resources-test', [...args, ...options], { input: JSON.stringify(object) }),
  ) as LiveObject;
}

/** Everything of one kind in a namespace. */
export async function list<T = LiveObject>(cluster: Cluster, kind: string, namespace: string): Promise<T[]> {
  const out = await kubectl(cluster, 'resources-test', ['get', kind, '--namespace', namespace, '-o', 'json']);
  return (JSON.parse(out) as { items: T[] }).items;
}
