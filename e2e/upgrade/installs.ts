import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where installations of earlier versions are kept. */
export const INSTALLS = join(import.meta.dirname, 'golden/install');

/** An installation of an earlier version: paths of its files. */
export interface EarlierInstall {
  readonly folder: string;
  /** The chart, as `helm package` makes it. */
  readonly chart: string;
  /** The CRD, the PriorityClass of models and the operator's namespace: a List. */
  readonly definitions: string;
  /** All else: what was manifests/install.yaml. */
  readonly manifest: string;
}

export function installed(version: string): EarlierInstall {
  const folder = join(INSTALLS, version);
  return {
    folder,
    chart: join(folder, 'chart.tgz'),
    definitions: join(folder, 'definitions.json'),
    manifest: join(folder, 'install.yaml'),
  };
}

/** The versions whose installation there is a record of. */
export const INSTALLED_VERSIONS: readonly string[] = existsSync(INSTALLS) ? readdirSync(INSTALLS).sort() : [];
