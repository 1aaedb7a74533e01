import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { EngineCheckError } from './errors.ts';

export interface EngineCommand {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

const keptLines = 20;

/** A real engine that runs as a child process. `await using` stops it in any case. */
export class RunningEngine {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  #log = '';
  #exit: number | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    const keep = (chunk: Buffer): void => {
      this.#log += chunk.toString('utf8');
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    this.#ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#exit = code ?? (signal === 'SIGKILL' ? 137 : 143);
        resolve(this.#exit);
      });
    });
  }

  static async start({ command: [program = '', ...words], args, cwd, env }: EngineCommand): Promise<RunningEngine> {
    const child = spawn(program, [...words, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const engine = new RunningEngine(child);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    return engine;
  }

  /** All that it has printed. */
  get log(): string {
    return this.#log;
  }

  /** Exit status, once it has ended (137: by SIGKILL). */
  get exitStatus(): number | undefined {
    return this.#exit;
  }

  /** Resolves with the exit status when it has ended by itself. */
  async ended(signal: AbortSignal): Promise<number> {
    return Promise.race([this.#ended, rejection(signal)]);
  }

  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#exit === undefined) await this.kill();
  }

  /** Asks `url` until it answers 200; resolves with every status met on the way, 0 for a refused connection. */
  async untilHealthy(url: string, signal: AbortSignal, intervalMs = 10): Promise<number[]> {
    const statuses: number[] = [];
    for (;;) {
      if (this.#exit !== undefined) {
        throw new EngineCheckError('ENGINE_EXITED', `The engine ended with status ${this.#exit}:\n${this.tail()}`);
      }
      if (signal.aborted) {
        throw new EngineCheckError('NOT_READY', `${url} did not answer 200 in time:\n${this.tail()}`);
      }
      const status = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]) }).then(
        async (response) => {
          await response.arrayBuffer();
          return response.status;
        },
        () => 0,
      );
      if (status !== statuses.at(-1)) statuses.push(status);
      if (status === 200) return statuses;
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
    }
  }

  tail(): string {
    return this.#log.trimEnd().split('\n').slice(-keptLines).join('\n');
  }
}

/** A port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const give = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}
