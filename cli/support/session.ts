import type { Command } from 'commander';
import { type AnswerInTime, answerInTime } from './answer-in-time.ts';
import { clusterError, type ClusterConnection, type connectCluster } from './cluster.ts';
import type { CommandContext } from './context.ts';
import { CommandError, EXIT } from './exit-status.ts';

/** How a command gets to its cluster. */
export type Connect = typeof connectCluster;

/** The options of every command that talks to a cluster about one namespace. */
export interface ClusterFlags {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  /** False with --no-color. */
  readonly color: boolean;
}

/** Adds {@link ClusterFlags} to a command. */
export function withClusterFlags(command: Command): Command {
  return command
    .option('-n, --namespace <namespace>', "where it is (default: the context's namespace)")
    .option('--context <name>', 'context of the kubeconfig')
    .option('--kubeconfig <file>', 'kubeconfig to use')
    .option('--no-color', 'no colours (the environment variable NO_COLOR does the same)');
}

/** What a command has while it talks to the cluster. */
export interface Session {
  readonly client: ClusterConnection['client'];
  readonly namespace: string;
  readonly answerInTime: AnswerInTime;
}

/** Connects, works, disconnects. What goes wrong between us and the cluster is thrown as a CommandError. */
export async function inSession<T>(
  { namespace, context: contextName, kubeconfig }: ClusterFlags,
  context: CommandContext,
  connect: Connect,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const connection = await connect(
    { ...(contextName !== undefined && { context: contextName }), ...(kubeconfig !== undefined && { kubeconfig }) },
    context,
  );
  try {
    return await work({
      client: connection.client,
      namespace: namespace ?? connection.namespace,
      answerInTime: answerInTime(context),
    });
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (!context.signal.aborted) throw clusterError(error) ?? error;
    throw new CommandError('UNREACHABLE', EXIT.unreachable, 'interrupted before the cluster answered');
  } finally {
    await connection.close();
  }
}
