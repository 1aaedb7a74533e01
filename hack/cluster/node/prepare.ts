import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { findBinaries, findTool } from '../binaries.ts';
import { ClusterError } from '../errors.ts';
import { checkLinuxRoot, installNodePackages } from './node.ts';

const NodeImages = z.array(z.object({ archive: z.string(), names: z.array(z.string()).min(1) }));

/**
 * Fetches and builds all that a real node needs, which its network namespace could not: Debian's packages, binaries and
 * images. Resolves with the path of the file that lists the images. Another process makes them: images know the engines.
 */
export async function prepareRealNode(signal: AbortSignal, onProgress: (line: string) => void): Promise<string> {
  checkLinuxRoot();
  await installNodePackages(signal);
  await findBinaries('real', { signal, onProgress });
  await findTool('kubelet', { signal, onProgress });
  onProgress('Making the images of the node');
  const script = join(import.meta.dirname, '..', '..', 'image', 'main.ts');
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script, 'node'], { signal });
    return stdout.trim().split('\n').at(-1) ?? '';
  } catch (cause) {
    const stderr = (cause as { readonly stderr?: string }).stderr ?? '';
    throw new ClusterError('NO_REAL_NODE', `The node's images could not be made. ${stderr.slice(-2_000)}`, { cause });
  }
}

/** Set inside of the network namespace of a real node: the file that `prepareRealNode` has given outside. */
export const NODE_IMAGES = 'DEEPSEEK_NODE_IMAGES';

/** The images that were made outside. */
export async function nodeImagesInside(): Promise<z.infer<typeof NodeImages>> {
  const file = process.env[NODE_IMAGES];
  if (file === undefined) throw new ClusterError('NO_REAL_NODE', `${NODE_IMAGES} does not say where the images are.`);
  return NodeImages.parse(JSON.parse(await readFile(file, 'utf8')));
}
