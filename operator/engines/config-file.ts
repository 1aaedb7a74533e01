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
}

/**
 * A file with settings that have no flag. An object of its own for a few lines would have to follow each revision, so an init container
 * writes them, with the shell of the engine's own image.
 */
export function configFile({
  image,
  folder,
  name,
  lines,
}: ConfigFile): Pick<EngineContainer, 'initContainers' | 'volumes' | 'volumeMounts'> {
  const writer: IContainer = {
    name: VOLUME,
    image,
    command: ['/bin/sh', '-c', `printf '%s\\n' "$@" > ${folder}/${name}`, 'write-config'],
    args: [...lines],
    resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '64Mi' } },
    volumeMounts: [{ name: VOLUME, mountPath: folder }],
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  };
  return {
    initContainers: [writer],
    volumes: [{ name: VOLUME, emptyDir: { sizeLimit: '1Mi' } }],
    volumeMounts: [{ name: VOLUME, mountPath: folder, readOnly: true }],
  };
}
