import { resources } from '../../operator/kube/resources.ts';
import { limitSignal } from '../../operator/kube/limited-signal.ts';
import { TimeoutError } from '../../operator/kube/errors.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../get/objects.ts';
import type { ClusterConnection } from '../support/cluster.ts';
import type { CommandContext } from '../support/context.ts';
import type { Connect } from '../support/session.ts';
import type { NameFlags, Names } from './complete.ts';

/** Somebody waits with a finger on the key. */
const LIMIT_MS = 2_000;

/** Names as the cluster has them; none where it does not answer at once, or does not let the user see them. */
export function clusterNames(context: CommandContext, connect: Connect): Names {
  const ask = async (
    flags: NameFlags,
    list: (connection: ClusterConnection, signal: AbortSignal) => Promise<readonly string[]>,
  ) => {
    const limit = limitSignal(context.signal, context.clock, LIMIT_MS, () => new TimeoutError('too late'));
    try {
      const { namespace: _, ...cluster } = flags;
      const connection = await connect(cluster, context);
      try {
        return await list(connection, limit.signal);
      } finally {
        await connection.close();
      }
    } catch {
      return [];
    } finally {
      limit.release();
    }
  };
  return {
    models: (flags) =>
      ask(flags, async ({ client, namespace: own }, signal) => {
        const namespace = flags.namespace ?? own;
        const { items } = await client.list(DEEPSEEK_DEPLOYMENTS, { namespace, signal });
        return items.map(({ metadata }) => metadata.name).sort();
      }),
    namespaces: (flags) =>
      ask(flags, async ({ client }, signal) => {
        const { items } = await client.list(resources.namespaces, { signal });
        return items.map(({ metadata }) => metadata.name).sort();
      }),
  };
}
