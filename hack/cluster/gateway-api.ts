import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { BINARY_SETS } from './binary-sets.ts';
import { checkGo } from './build.ts';
import { CrdManifest, installCrds } from './crds.ts';
import type { Cluster } from './types.ts';

/**
 * The CRDs of Gateway API, standard channel, in the version that our Traefik is built with: the Go module carries them, and
 * go.sum holds its checksum.
 */
export async function gatewayApiCrds(signal: AbortSignal): Promise<readonly CrdManifest[]> {
  await checkGo(signal);
  const run = promisify(execFile);
  const { stdout } = await run('go', ['mod', 'download', '-json', 'sigs.k8s.io/gateway-api'], {
    cwd: BINARY_SETS.traefik.module,
    signal,
  });
  const { Dir } = z.object({ Dir: z.string() }).parse(JSON.parse(stdout));
  const folder = join(Dir, 'config', 'crd', 'standard');
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml'));
  return Promise.all(files.map(async (file) => CrdManifest.parse(parse(await readFile(join(folder, file), 'utf8')))));
}

/** Installs Gateway API in a cluster, unless it is there, and waits until it is served. */
export async function installGatewayApi(cluster: Pick<Cluster, 'kubeconfig'>, signal: AbortSignal): Promise<void> {
  await installCrds(cluster, await gatewayApiCrds(signal), { what: 'Gateway API', signal });
}
