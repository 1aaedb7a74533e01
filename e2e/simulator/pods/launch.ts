import type { Launch, NodeGpu } from '../engines/types.ts';
import { expandVariables, resolveEnvironment } from './environment.ts';
import type { ReadKey } from './environment.ts';
import { writtenFiles } from './files.ts';
import { gpuCount, memoryGiB, visibleGpu } from './gpu.ts';
import type { Container, Pod } from './types.ts';

/** `exec` failed: the kubelet's exit code of a container whose command doesn't exist. */
export const START_ERROR = 128;

/** What a node offers to an engine. */
export interface NodeHardware {
  /** Absent on a CPU node. */
  readonly gpu?: NodeGpu;
  readonly memoryGiB?: number;
}

/**
 * What the kubelet gives the container's program.
 *
 * @throws ContainerConfigError when the environment cannot be made.
 */
export async function prepareLaunch(
  pod: Pod,
  container: Container,
  node: NodeHardware,
  readKey: ReadKey,
): Promise<Launch> {
  const environment = await resolveEnvironment(pod, container, readKey);
  const expand = (words: readonly string[] = []): string[] => words.map((word) => expandVariables(word, environment));
  const limits = container.resources?.limits;
  const gpu = visibleGpu(node.gpu, limits);
  const memory = memoryGiB(limits?.['memory']) ?? node.memoryGiB;
  return {
    command: expand(container.command),
    args: expand(container.args),
    environment,
    files: await writtenFiles(pod, container, readKey),
    gpuCount: gpuCount(limits),
    ...(container.image !== undefined && { image: container.image }),
    ...(gpu && { gpu }),
    ...(memory !== undefined && { memoryGiB: memory }),
  };
}

/** The kubelet's message when a registry doesn't know the image (containerd's words). */
export function imageNotFound(image: string): string {
  return `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;
}

/** runc's message for a command that the image doesn't hold. */
export function executableNotFound(program: string): string {
  return `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "${program}": executable file not found in $PATH`;
}
