import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Message, Target, WriteTemplate } from './protocol.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

export interface PlainClientOptions {
  readonly kubeconfig: string;
  /** Models worked on at the same time. */
  readonly workers: number;
  readonly writes: readonly WriteTemplate[];
  readonly signal: AbortSignal;
}

/** The process that the operator is measured against. */
export interface PlainClient extends AsyncDisposable {
  readonly pid: number;
  write(target: Target): void;
}

export async function startPlainClient(options: PlainClientOptions): Promise<PlainClient> {
  const { kubeconfig, workers, writes, signal } = options;
  const child = fork(MAIN, { signal, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const send = (message: Message): void => void child.send(message);
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the plain client ended with status ${String(code)}`);
  });
  send({ type: 'start', kubeconfig, workers, writes: [...writes] });
  await Promise.race([once(child, 'message', { signal }), failed]);
  failed.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    write: (target) => send({ type: 'target', target }),
    [Symbol.asyncDispose]: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill();
  await exit;
}
