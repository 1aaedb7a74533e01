import { z } from 'zod';
import { openApi } from './api.ts';
import type { Cluster } from './types.ts';
import { waitFor } from './wait.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** What is read of a CRD's manifest. */
export const CrdManifest = z.looseObject({ metadata: z.looseObject({ name: z.string() }) });
export type CrdManifest = z.infer<typeof CrdManifest>;

/** What is read of a CRD on the server. */
interface LiveCrd {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Installs these CRDs in a cluster, unless they are there, and waits until they are served. `what`: for errors. */
export async function installCrds(
  cluster: Pick<Cluster, 'kubeconfig'>,
  crds: readonly CrdManifest[],
  { what, signal }: { readonly what: string; readonly signal: AbortSignal },
): Promise<void> {
  const api = await openApi(cluster, 'crd-installer');
  const isServed = async ({ metadata: { name } }: CrdManifest): Promise<boolean> => {
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
      what: `the CRDs of ${what} to be served`,
      timeoutMs: 30_000,
      signal,
    });
  } finally {
    await api.close();
  }
}
