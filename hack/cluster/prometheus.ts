import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findTool } from './binaries.ts';
import { type Companion, startCompanion } from './companion.ts';
import { ClusterError } from './errors.ts';
import { freePort } from './ports.ts';
import type { Cluster } from './types.ts';

export interface PrometheusOptions {
  /** The content of prometheus.yml. */
  readonly config: object;
  /** Where it listens. Default: 127.0.0.1, which pods of a real node do not reach. */
  readonly host?: string;
  /** Default: a free one. Another Prometheus on the port of one that is gone takes its place. */
  readonly port?: number;
  readonly onProgress?: (line: string) => void;
  /** Aborts the build and the start. */
  readonly signal: AbortSignal;
}

/** A Prometheus of its own. */
export interface PrometheusServer extends Companion {
  /** `http://HOST:PORT`, what `--prometheus-url` takes. */
  readonly url: string;
  /** Gives it another configuration; what it has stored stays. */
  reload(config: object, signal: AbortSignal): Promise<void>;
}

/** Starts a Prometheus beside a cluster; it is built first where that has not been done (minutes). */
export async function startPrometheus(
  cluster: Pick<Cluster, 'dir'>,
  options: PrometheusOptions,
): Promise<PrometheusServer> {
  const { config, host = '127.0.0.1', signal } = options;
  const command = await findTool('prometheus', options);
  const address = `${host}:${options.port ?? (await freePort())}`;
  const url = `http://${address}`;
  const companion = await startCompanion(cluster, {
    name: 'prometheus',
    command,
    args: async (dir) => {
      await writeConfig(dir, config);
      return [
        `--config.file=${configFile(dir)}`,
        `--storage.tsdb.path=${join(dir, 'data')}`,
        `--web.listen-address=${address}`,
        '--web.enable-lifecycle', // For `reload`.
        '--log.level=warn',
      ];
    },
    readyUrl: `${url}/-/ready`,
    signal,
  });
  const reload = async (next: object, reloadSignal: AbortSignal): Promise<void> => {
    await writeConfig(companion.dir, next);
    const response = await fetch(`${url}/-/reload`, { method: 'POST', signal: reloadSignal });
    const text = await response.text();
    if (!response.ok) throw new ClusterError('API_ERROR', `Prometheus refused its configuration: ${text.trim()}`);
  };
  return { ...companion, url, reload };
}

const configFile = (dir: string): string => join(dir, 'prometheus.yml');

/** JSON is YAML. */
async function writeConfig(dir: string, config: object): Promise<void> {
  await writeFile(configFile(dir), JSON.stringify(config, null, 2));
}
