import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Cluster } from '../../hack/cluster/index.ts';

/** What a command printed, and how it ended. */
export interface Printed {
  readonly out: string;
  readonly complaint: string;
  readonly code: number | null;
}

export interface KubectlOptions {
  /** What `-f -` reads. */
  readonly input?: string;
  /** Default: 30 s without an answer. */
  readonly signal?: AbortSignal;
}

/** Runs kubectl as `user`, and says how it ended. */
export async function runKubectl(
  cluster: Cluster,
  user: string,
  args: readonly string[],
  { input = '', signal = AbortSignal.timeout(30_000) }: KubectlOptions = {},
): Promise<Printed> {
  const kubeconfig = await cluster.kubeconfig(user);
  const child = spawn(cluster.bin('kubectl'), ['--kubeconfig', kubeconfig, ...args], { signal });
  const exit = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  // It may end without reading.
  child.stdin.on('error', () => undefined).end(input);
  const [out, complaint, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { out, complaint, code };
}

/** Runs kubectl as `user` and returns what it prints; throws with its complaint where it fails. */
export async function kubectl(
  cluster: Cluster,
  user: string,
  args: readonly string[],
  options: KubectlOptions = {},
): Promise<string> {
  const { out, complaint, code } = await runKubectl(cluster, user, args, options);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code ?? 'a signal'}: ${complaint}`);
  return out;
}
