import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Cluster } from '../../hack/cluster/index.ts';

const TIMEOUT_MS = 30_000;

/** An object as `kubectl -o json` prints it. */
export interface LiveObject {
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** Runs kubectl with the rights of `user` and returns what it prints; throws with its complaint otherwise. */
export async function kubectl(cluster: Cluster, user: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(cluster.bin('kubectl'), ['--kubeconfig', await cluster.kubeconfig(user), ...args], {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const exit = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  child.stdin.end(input);
  const [out, complaint, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${complaint}`);
  return out;
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
    await kubectl(cluster, 'resources-test', [...args, ...options], JSON.stringify(object)),
  ) as LiveObject;
}

/** Everything of one kind in a namespace. */
export async function list<T = LiveObject>(cluster: Cluster, kind: string, namespace: string): Promise<T[]> {
  const out = await kubectl(cluster, 'resources-test', ['get', kind, '--namespace', namespace, '-o', 'json']);
  return (JSON.parse(out) as { items: T[] }).items;
}
