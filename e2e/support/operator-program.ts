import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Cluster } from '../../hack/cluster/index.ts';
import { eventually } from './eventually.ts';

const ROOT = join(import.meta.dirname, '../..');
const SERVICE_ACCOUNT = 'deepseek-operator';
/** Only a failing test uses it up. */
const PATIENCE = { timeoutMs: 30_000, intervalMs: 20 } as const;

/** A line of its log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** The operator as a process of its own. */
export interface OperatorProgram {
  /** Of its webhook; NaN: it has none. */
  readonly port: number;
  readonly lines: () => readonly LogLine[];
  /** Resolves with the exit status when it has ended, by itself or not; null: it was killed. */
  readonly ended: Promise<number | null>;
  /** Ends it as a cluster does: its Lease is given up. Resolves with the exit status. */
  readonly stop: () => Promise<number | null>;
  /** Ends it as a crash does. Resolves when it has ended; does nothing where it had. */
  readonly kill: () => Promise<number | null>;
}

/** User of the operator that is installed in this namespace, as the API server knows it. */
export const operatorUser = (namespace: string): string => `system:serviceaccount:${namespace}:${SERVICE_ACCOUNT}`;

/**
 * Starts the operator from its sources, as the ServiceAccount of an installation in `namespace`; resolves when it says that it has
 * started, and rejects when it does not within half a minute. Whoever starts it has to stop or kill it.
 */
export async function startOperatorProgram(
  cluster: Cluster,
  namespace: string,
  flags: readonly string[],
): Promise<OperatorProgram> {
  const all = 'system:serviceaccounts';
  const kubeconfig = await cluster.kubeconfig(operatorUser(namespace), { groups: [all, `${all}:${namespace}`] });
  const own = ['--metrics-bind-address', '127.0.0.1:0', '--log-format', 'json'];
  const child = spawn(process.execPath, ['operator/main.ts', '--kubeconfig', kubeconfig, ...own, ...flags], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], POD_NAMESPACE: namespace },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (printed += piece));
  const lines = () =>
    printed
      .split('\n')
      .flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as LogLine] : []));
  const waiting = new AbortController();
  try {
    const early = ended.then((status) => {
      throw new Error(`the operator has ended with exit status ${status}: ${printed}`);
    });
    const started = eventually(
      () => {
        const found = lines().find(({ message }) => message === 'started');
        if (found === undefined) throw new Error(`not started: ${printed}`);
        return found;
      },
      { ...PATIENCE, signal: waiting.signal },
    );
    const port = Number((await Promise.race([started, early]))['webhook']);
    return { lines, port, ended, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
  } catch (error) {
    waiting.abort();
    await end('SIGKILL');
    throw error;
  }
}
