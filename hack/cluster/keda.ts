import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { checkGo } from './build.ts';

/** The CRD of KEDA's ScaledObjects: the Go module that keda/go.mod pins carries it, and go.sum holds its checksum. */
export async function scaledObjectCrd(signal: AbortSignal): Promise<object> {
  await checkGo(signal);
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', 'github.com/kedacore/keda/v2'], {
    cwd: join(import.meta.dirname, 'keda'),
    signal,
  });
  const { Dir } = z.object({ Dir: z.string() }).parse(JSON.parse(stdout));
  const file = join(Dir, 'config', 'crd', 'bases', 'keda.sh_scaledobjects.yaml');
  return z.looseObject({}).parse(parse(await readFile(file, 'utf8')));
}
