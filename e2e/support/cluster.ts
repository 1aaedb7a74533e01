import { randomUUID } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, jest } from '@jest/globals';
import {
  AUDITS_VARIABLE,
  clusterVariable,
  connectCluster,
  startCluster,
  type Cluster,
  type ClusterOptions,
  type Profile,
} from '../../hack/cluster/index.ts';

/** A cold start builds nothing here (hack/test.ts has), but a busy machine takes its time. */
const START_TIMEOUT_MS = 180_000;

/** Jest's 5 s suit pure code. Tests on a cluster wait for conditions, each with a limit of its own below this one. */
const TEST_TIMEOUT_MS = 120_000;

/** A cluster of a file's own. */
export interface OwnCluster extends Pick<ClusterOptions, 'extraArgs'> {
  /** Tests take rights of the operator away: what it asks of this cluster says nothing of those that it needs. */
  readonly takesRights?: boolean;
}

/**
 * Gives the tests of a file a cluster: the one that their tier shares (hack/test.ts starts it and says where it is in an
 * environment variable), or, when the file is run alone, one of its own. Call it at the top of a describe or a file:
 *
 *     const cluster = testCluster('control-plane');
 *     it('...', async () => { const kubeconfig = await cluster().kubeconfig('operator'); });
 *
 * With `own` it is always one of the file's own, with programs that have more flags.
 * The cluster is shared: work in a namespace of your own (testNamespace), and stop nothing but what you started.
 */
export function testCluster(profile: Profile, own?: OwnCluster): () => Cluster {
  const { takesRights = false, ...options } = own ?? {};
  jest.setTimeout(TEST_TIMEOUT_MS);
  let cluster: Cluster | undefined;
  let owned = false;
  beforeAll(async () => {
    const dir = own === undefined ? process.env[clusterVariable(profile)] : undefined;
    owned = dir === undefined || dir === '';
    cluster =
      dir === undefined || dir === ''
        ? await startCluster({ profile, ...options, signal: AbortSignal.timeout(START_TIMEOUT_MS) })
        : await connectCluster(dir);
  }, START_TIMEOUT_MS + 5_000);
  afterAll(async () => {
    if (!owned || cluster === undefined) return;
    // What the operator asked of it counts for its rights (hack/test.ts).
    const audits = process.env[AUDITS_VARIABLE];
    if (audits !== undefined && !takesRights) await copyFile(cluster.auditLog, join(audits, `${randomUUID()}.jsonl`));
    await cluster.stop();
  }, 30_000);
  return () => {
    if (!cluster) throw new Error('The cluster exists only while tests run: call this in a test or a hook.');
    return cluster;
  };
}
