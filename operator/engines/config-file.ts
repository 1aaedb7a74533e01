import type { IContainer } from 'kubernetes-models/v1/Container';
import type { EngineContainer } from './types.ts';

const VOLUME = 'engine-config';

export interface ConfigFile {
  /** Of the engine: the node has to have it anyway. */
  readonly image: string;
  /** In the engine's container; nothing else lies there. */
  readonly folder: string;
  readonly name: string;
  readonly lines: readonly string[];
  /** A second file in the folder, with what only a Secret says. */
  readonly secret?: SecretFile;
}

/** A YAML file with one setting, whose value is a Secret's. */
export interface SecretFile {
  /** Ends in `.yaml`. */
  readonly name: string;
  readonly setting: string;
  /** The variable of the init container that has the value: it is in no argument, and in no object. */
  readonly variable: NonNullable<IContainer['env']>[number];
}

/**
 * Files with settings that have no flag, or none that may be used. An object of its own for a few lines would have to follow each
 * revision, so an init container writes them, with the shell of the engine's own image. One with a Secret's value is kept in memory.
 */
export function configFile({
  image,
  folder,
  name,
  lines,
  secret,
}: ConfigFile): Pick<EngineContainer, 'initContainers' | 'volumes' | 'volumeMounts'> {
  const script = [
    ...(secret === undefined ? [] : secretScript(secret, `${folder}/${secret.name}`)),
    `printf '%s\\n' "$@" > ${folder}/${name}`,
  ];
  const writer: IContainer = {
    name: VOLUME,
    image,
    command: ['/bin/sh', '-c', script.join('\n'), 'write-config'],
    args: [...lines],
    ...(secret && { env: [secret.variable] }),
    resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '64Mi' } },
    volumeMounts: [{ name: VOLUME, mountPath: folder }],
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  };
  return {
    initContainers: [writer],
    volumes: [{ name: VOLUME, emptyDir: { ...(secret && { medium: 'Memory' }), sizeLimit: '1Mi' } }],
    volumeMounts: [{ name: VOLUME, mountPath: folder, readOnly: true }],
  };
}

/**
 * The value as a YAML block of one line, in which no character means anything. A line break would begin a setting of its own, without
 * a value the engine would ask for no key, and argparse takes what begins with `-` for a flag. A bearer token has to be of such
 * characters anyway. All commands are the shell's own: the value is an argument of no process.
 */
function secretScript({ setting, variable }: SecretFile, path: string): string[] {
  return [
    'set -e',
    'umask 077',
    `case $${variable.name} in`,
    `'' | -* | ' '* | *' ' | *[!\\ -~]*)`,
    `  echo 'What the Secret says for ${setting} is empty, begins with "-", begins or ends with a space,' \\`,
    `    'or is not of printable ASCII alone: is there a line break at its end?' >&2`,
    '  exit 1 ;;',
    'esac',
    `printf '${setting}: |2-\\n  %s\\n' "$${variable.name}" > ${path}`,
  ];
}
