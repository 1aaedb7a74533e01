import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { openApi } from './api.ts';
import { BINARY_SETS } from './binary-sets.ts';
import { checkGo } from './build.ts';
import type { Cluster } from './types.ts';
import { waitFor } from './wait.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** What is read of a CRD's manifest. */
const Manifest = z.looseObject({ metadata: z.looseObject({ name: z.string() }) });
type Manifest = z.infer<typeof Manifest>;

/** What is read of a CRD on the server. */
interface LiveCrd {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/**
 * The CRDs of Gateway API, standard channel, in the version that our Traefik is built with: the Go module carries them, and
 * go.sum holds its checksum.
 */
export async function gatewayApiCrds(signal: AbortSignal): Promise<readonly Manifest[]> {
  await checkGo(signal);
  const run = promisify(execFile);
  const { stdout } = await run('go', ['mod', 'download', '-json', 'sigs.k8s.io/gateway-api'], {
    cwd: BINARY_SETS.traefik.module,
    signal,
  });
  const { Dir } = z.object({ Dir: z.string() }).parse(JSON.parse(stdout));
  const folder = join(Dir, 'config', 'crd', 'standard');
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml'));
  return Promise.all(files.map(async (file) => Manifest.parse(parse(await readFile(join(folder, file), 'utf8')))));
}

/** Installs Gateway API in a cluster, unless it is there, and waits until it is served. */
export async function installGatewayApi(cluster: Pick<Cluster, 'kubeconfig'>, signal: AbortSignal): Promise<void> {
  const crds = await gatewayApiCrds(signal);
  const api = await openApi(cluster, 'gateway-api-installer');
  const isServed = async ({ metadata: { name } }: Manifest): Promise<boolean> => {
    const crd = await api.get<LiveCrd>(`${CRDS}/${name}`, signal);
    return crd?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') === true;
  };
  try {
    for (const crd of crds) {
      const exists = async (): Promise<boolean> =>
        (await api.get(`${CRDS}/${crd.metadata.name}`, signal)) !== undefined;
      if (await exists()) continue;
      try {
        await api.post(CRDS, crd, signal);
      } catch (error) {
        if (!(await exists())) throw error; // Else another suite was faster.
      }
    }
    await waitFor(async () => ((await Promise.all(crds.map(isServed))).every(Boolean) ? true : undefined), {
      what: 'the CRDs of Gateway API to be served',
      timeoutMs: 30_000,
      signal,
    });
  } finally {
    await api.close();
  }
}
