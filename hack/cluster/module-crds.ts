import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { checkGo } from './build.ts';
import { CrdManifest } from './crds.ts';

interface CrdSet {
  /** The folder here whose go.mod pins the module; go.sum holds its checksum. */
  readonly folder: string;
  readonly module: string;
  /** Where the module has its CRDs. */
  readonly path: string;
  readonly files: readonly string[];
}

const SETS = {
  keda: {
    folder: 'keda',
    module: 'github.com/kedacore/keda/v2',
    path: 'config/crd/bases',
    files: [
      ...['scaledobjects', 'scaledjobs', 'triggerauthentications', 'clustertriggerauthentications'].map(
        (kind) => `keda.sh_${kind}.yaml`,
      ),
      ...['cloudeventsources', 'clustercloudeventsources'].map((kind) => `eventing.keda.sh_${kind}.yaml`),
    ],
  },
  'prometheus-operator': {
    folder: 'prometheus-operator',
    module: 'github.com/prometheus-operator/prometheus-operator',
    path: 'example/prometheus-operator-crd',
    files: ['podmonitors', 'scrapeconfigs', 'prometheusrules'].map((kind) => `monitoring.coreos.com_${kind}.yaml`),
  },
} as const satisfies Record<string, CrdSet>;

/** CRDs of somebody else's operator, as the Go module carries them that is pinned here. */
export async function moduleCrds(name: keyof typeof SETS, signal: AbortSignal): Promise<CrdManifest[]> {
  await checkGo(signal);
  const { folder, module, path, files } = SETS[name];
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', module], {
    cwd: join(import.meta.dirname, folder),
    signal,
  });
  const { Dir } = z.object({ Dir: z.string() }).parse(JSON.parse(stdout));
  return Promise.all(
    files.map(async (file) => CrdManifest.parse(parse(await readFile(join(Dir, path, file), 'utf8')))),
  );
}
