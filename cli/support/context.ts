import type { Clock } from '../../operator/kube/types.ts';
import type { OutputStream } from './terminal.ts';
import type { Environment } from './terminal.ts';

/** Everything outside itself that a command may touch. */
export interface CommandContext {
  readonly stdout: OutputStream & NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: Environment;
  readonly clock: Clock;
  /** Aborts when the user wants to stop (Ctrl-C, SIGTERM). */
  readonly signal: AbortSignal;
}
