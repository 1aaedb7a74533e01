import { KubeHttpClient, type WatchClient } from '../../operator/kube/client.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import {
  ApiError,
  CredentialsError,
  isForbidden,
  isTransportError,
  isUnauthorized,
} from '../../operator/kube/errors.ts';
import { Transport } from '../../operator/kube/transport.ts';
import type { KubeClient } from '../../operator/kube/types.ts';
import type { CommandContext } from './context.ts';
import { CommandError, EXIT } from './exit-status.ts';

/** Which cluster, and as whom: kubectl hands none of its own flags to a plugin. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export interface ClusterConnection {
  readonly client: KubeClient &
    WatchClient &
    Pick<KubeHttpClient, 'apiResources' | 'podLog' | 'serverVersion' | 'text'>;
  /** The context's namespace, else `default`. */
  readonly namespace: string;
  readonly close: () => Promise<void>;
}

/** Longest time that a person waits for one answer before being told that there is none, milliseconds. */
export const CALL_LIMIT_MS = 8_000;

/** Finds the credentials as kubectl does. Sends nothing yet. Throws a CommandError when there are none to use. */
export async function connectCluster(options: ClusterOptions, context: CommandContext): Promise<ClusterConnection> {
  const { clock, env } = context;
  const credentials = await loadCredentials({ ...options, clock, env }).catch((error: unknown) => {
    if (error instanceof CredentialsError)
      throw new CommandError('INVALID_INPUT', EXIT.usage, explain(error), { cause: error });
    throw error;
  });
  const transport = new Transport({
    credentials,
    clock,
    userAgent: 'kubectl-deepseek',
    maxAttempts: 3,
    callTimeoutMs: CALL_LIMIT_MS,
  });
  return {
    client: new KubeHttpClient(transport),
    namespace: credentials.namespace ?? 'default',
    close: () => transport.close(),
  };
}

/**
 * What went wrong between us and the cluster, for people, with what to do; a CommandError is handed through, and what is
 * none of the cluster's is undefined.
 */
export function clusterError(error: unknown): CommandError | undefined {
  if (error instanceof CommandError) return error;
  const unreachable = (code: 'UNREACHABLE' | 'UNAUTHORIZED', message: string) =>
    new CommandError(code, EXIT.unreachable, message, { cause: error });
  if (isTransportError(error)) {
    // The client says which request failed; a person wants to know which cluster.
    const [, server, why] = /^\w+ \S+ at (\S+): (.*)$/s.exec(messageOf(error)) ?? [];
    return unreachable(
      'UNREACHABLE',
      `the cluster${server === undefined ? '' : ` at ${server}`} cannot be reached: ${why ?? messageOf(error)} (--context and --kubeconfig choose another)`,
    );
  }
  if (error instanceof CredentialsError) return unreachable('UNAUTHORIZED', explain(error));
  if (isUnauthorized(error)) {
    return unreachable(
      'UNAUTHORIZED',
      `the cluster does not know you: ${messageOf(error)} (log in again, or choose another --context)`,
    );
  }
  if (isForbidden(error)) {
    return new CommandError('FORBIDDEN', EXIT.unreachable, `the cluster does not let you: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (error instanceof ApiError) {
    return new CommandError('API', EXIT.unreachable, `the API server answered ${error.status}: ${error.message}`, {
      cause: error,
    });
  }
  return undefined;
}

/** An error with its causes: a kubeconfig that cannot be read says why in the second one. */
function explain(error: Error): string {
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
