import type { Container, Pod } from './types.ts';

/** A shell that writes its arguments to a file, a line each: what an init container may do here. */
const writesArguments = /^printf '%s\\n' "\$@" > (\/\S+)$/;

/**
 * The files that init containers of this form have written, by their path in `container`: only those in a volume that
 * both have mounted. Nothing else that an init container does is played.
 */
export function writtenFiles(pod: Pod, container: Container): Map<string, string> {
  const files = new Map<string, string>();
  for (const { command = [], args = [], volumeMounts = [] } of pod.spec.initContainers ?? []) {
    const [, flag, script = ''] = command;
    const path = flag === '-c' ? writesArguments.exec(script)?.[1] : undefined;
    const source = volumeMounts.find(({ mountPath }) => path?.startsWith(`${mountPath}/`));
    if (path === undefined || source === undefined) continue;
    const target = container.volumeMounts?.find(({ name }) => name === source.name);
    if (target === undefined) continue;
    files.set(`${target.mountPath}${path.slice(source.mountPath.length)}`, args.map((line) => `${line}\n`).join(''));
  }
  return files;
}
