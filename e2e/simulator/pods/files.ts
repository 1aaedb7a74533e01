import { type ReadKey, resolveEnvironment } from './environment.ts';
import type { Container, Pod } from './types.ts';

/** A line of a shell's script that writes its arguments, or a variable, to a file: what an init container may do here. */
const writes = /^printf '([^']*)' "\$(@|[A-Za-z_]\w*)" > (\/\S+)$/gm;

/**
 * The files that init containers of this form have written, by their path in `container`: only those in a volume that
 * both have mounted. Nothing else that an init container does is played.
 *
 * @throws ContainerConfigError when the environment of one cannot be made.
 */
export async function writtenFiles(pod: Pod, container: Container, readKey: ReadKey): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const writer of pod.spec.initContainers ?? []) {
    const [, flag, script = ''] = writer.command ?? [];
    const written = flag === '-c' ? [...script.matchAll(writes)] : [];
    if (written.length === 0) continue;
    const environment = await resolveEnvironment(pod, writer, readKey);
    for (const [, format = '', name = '', path = ''] of written) {
      const source = writer.volumeMounts?.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
      const target = container.volumeMounts?.find((mount) => mount.name === source?.name);
      if (source === undefined || target === undefined) continue;
      const values = name === '@' ? (writer.args ?? []) : [environment.get(name) ?? ''];
      files.set(`${target.mountPath}${path.slice(source.mountPath.length)}`, values.map(printed(format)).join(''));
    }
  }
  return files;
}

const printed =
  (format: string) =>
  (value: string): string =>
    format.replace(/\\n|%s/g, (part) => (part === '%s' ? value : '\n'));
