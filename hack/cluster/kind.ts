import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ClusterError, systemCode } from './errors.ts';

/**
 * `--provider kind`: the same commands where a Docker daemon runs, with `kind` from PATH. It is what users have; the test
 * suites do not run on it. There are no simulated nodes, since its nodes are real, and CPU only.
 */
const NAME = 'deepseek-operator';
const CONFIG = join(import.meta.dirname, 'kind.yaml');

export async function kindUp(signal: AbortSignal, onProgress: (line: string) => void): Promise<void> {
  await requireDocker(signal);
  onProgress(`Creating the kind cluster ${NAME}; the first time it pulls an image of 1 GB`);
  await run('kind', ['create', 'cluster', '--name', NAME, '--config', CONFIG, '--wait', '120s'], signal);
  onProgress(`Ready; kubectl context kind-${NAME}`);
}

export async function kindDown(signal: AbortSignal): Promise<void> {
  await run('kind', ['delete', 'cluster', '--name', NAME], signal);
}

export async function kindStatus(
  signal: AbortSignal,
): Promise<{ readonly lines: string[]; readonly healthy: boolean }> {
  const clusters = (await run('kind', ['get', 'clusters'], signal)).split('\n');
  const healthy = clusters.includes(NAME);
  return { lines: [healthy ? `kind cluster ${NAME} exists` : `No kind cluster ${NAME}.`], healthy };
}

/** Path of the kubeconfig that kind has written its context to. */
export async function kindKubeconfig(signal: AbortSignal): Promise<string> {
  const { healthy } = await kindStatus(signal);
  if (!healthy) throw new ClusterError('NOT_RUNNING', `No kind cluster ${NAME}: start it with \`up --provider kind\`.`);
  const path = process.env['KUBECONFIG'] ?? join(process.env['HOME'] ?? '', '.kube', 'config');
  await run('kind', ['export', 'kubeconfig', '--name', NAME, '--kubeconfig', path], signal);
  return path;
}

async function requireDocker(signal: AbortSignal): Promise<void> {
  try {
    await run('docker', ['info', '--format', '{{.ServerVersion}}'], signal);
  } catch (cause) {
    throw new ClusterError('BINARIES_MISSING', 'No Docker daemon answers. Start it, or leave out --provider kind.', {
      cause,
    });
  }
}

async function run(command: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  try {
    return (await promisify(execFile)(command, [...args], { signal })).stdout;
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') {
      throw new ClusterError(
        'BINARIES_MISSING',
        `There is no ${command} in PATH; --provider kind needs docker and kind.`,
        { cause },
      );
    }
    throw cause;
  }
}
