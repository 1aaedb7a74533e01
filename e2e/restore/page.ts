import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blocksOf, ROOT } from '../docs/blocks.ts';

const PAGE = 'docs/restore.md';

/** The commands of docs/restore.md that these suites carry out. */
export interface RestoreCommands {
  /** Saves a snapshot of etcd, */
  readonly save: string;
  /** and makes a data folder of it. */
  readonly restore: string;
  /** Puts what is in Git into an empty cluster, once the operator is installed. */
  readonly apply: string;
}

/** Throws where the page has other commands than these three. */
export async function restoreCommands(): Promise<RestoreCommands> {
  const blocks = blocksOf(PAGE, await readFile(join(ROOT, PAGE), 'utf8')).filter(({ way }) => way === 'restore');
  const [save, restore, apply, ...more] = blocks.map(({ script }) => script);
  if (
    save?.startsWith('etcdctl snapshot save ') !== true ||
    restore?.startsWith('etcdutl snapshot restore ') !== true ||
    apply?.startsWith('kubectl apply ') !== true ||
    more.length > 0
  )
    throw new Error(`${PAGE} has other commands than to save, to restore and to apply: ${JSON.stringify(blocks)}`);
  return { save, restore, apply };
}

/** The commands of docs/install.md by which kubectl alone installs. */
export async function installCommands(): Promise<readonly string[]> {
  const page = 'docs/install.md';
  const scripts = blocksOf(page, await readFile(join(ROOT, page), 'utf8')).map(({ script }) => script.trim());
  const wanted = [
    'kubectl apply --server-side -k manifests/kustomize/crds',
    'kubectl apply -k manifests/kustomize/base',
  ];
  const missing = wanted.filter((script) => !scripts.includes(script));
  if (missing.length > 0) throw new Error(`${page} has not: ${missing.join('; ')}`);
  return wanted;
}
