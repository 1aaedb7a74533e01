import { execFile } from 'node:child_process';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Cluster, findTool } from '../../hack/cluster/index.ts';
import { restoreCommands } from './page.ts';

/** What the page names the folder that it restores into. */
const RESTORED = 'restored';
const JUMP = /--bump-revision (\d+) --mark-compacted/;

/** How etcd's history goes on: it jumps ahead, `times` as far as the page says, or goes back to where the snapshot was. */
export type History = { readonly times: number } | 'GoesBack';

/** A snapshot of a cluster's etcd, saved and restored by the commands of docs/restore.md. */
export class Backup {
  readonly #cluster: Cluster;
  readonly #work: string;
  readonly #path: string;
  readonly #restore: string;

  private constructor(cluster: Cluster, work: string, path: string, restore: string) {
    this.#cluster = cluster;
    this.#work = work;
    this.#path = path;
    this.#restore = restore;
  }

  static async save(cluster: Cluster, signal: AbortSignal): Promise<Backup> {
    const { save, restore } = await restoreCommands();
    if (!JUMP.test(restore)) throw new Error(`history is not to jump ahead: ${restore}`);
    const tools = dirname(await findTool('etcdctl', { signal }));
    const path = [tools, process.env['PATH']].join(delimiter);
    const backup = new Backup(cluster, await mkdtemp(join(cluster.dir, 'backup-')), path, restore);
    await backup.#run(save, signal);
    return backup;
  }

  /**
   * Stops the programs of the cluster, gives etcd the data of the snapshot, and starts them again; what runs in pods goes on meanwhile.
   * `podCidr`: for the addresses of new pods, beside those that come back with the snapshot. Returns how long it took until the API
   * server was ready and the controllers had been started, from the start of etcd, milliseconds.
   */
  async restore(history: History, podCidr: string, signal: AbortSignal): Promise<number> {
    const { dataDir } = this.#cluster.etcd;
    await this.#cluster.stopPrograms({ signal });
    const script = this.#restore.replace(JUMP, (jump, revisions: string) =>
      history === 'GoesBack' ? '' : jump.replace(revisions, String(Number(revisions) * history.times)),
    );
    await this.#run(script, signal);
    await rm(dataDir, { recursive: true });
    await rename(join(this.#work, RESTORED), dataDir);
    const since = performance.now();
    await this.#cluster.startPrograms({ signal, podCidr });
    return performance.now() - since;
  }

  async #run(script: string, signal: AbortSignal): Promise<void> {
    const env = { PATH: this.#path, ETCDCTL_ENDPOINTS: this.#cluster.etcd.endpoint };
    await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { cwd: this.#work, env, signal });
  }
}
