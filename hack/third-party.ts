/** The licences of the packages that are in the bundles: these have no node_modules beside them. */
import type { Metafile } from 'esbuild';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Where the build writes them, from the root of the repository. */
export const THIRD_PARTY = 'dist/third-party-licenses.txt';

/** A package that a bundle has code of. */
export interface ThirdParty {
  readonly name: string;
  readonly version: string;
  /** SPDX, as its package.json says. */
  readonly license: string;
  /** Its files of licences and notices, in the order of their names. */
  readonly texts: readonly string[];
}

/** As packages call them: LICENSE, LICENCE.md, license-mit.txt, COPYING, NOTICE. */
const TEXTS = /^(licen[cs]es?|copying|notice|copyright)([-.].*)?$/i;
const Package = z.object({ name: z.string(), version: z.string(), license: z.string().min(1) });

/** Folders of the packages that are in bundles, from the root; tells nothing of what was looked at and left out. */
export function packageFolders(outputs: Metafile['outputs']): string[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const folders = inputs.flatMap(([path, { bytesInOutput }]) => {
    const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
    return folder === undefined || bytesInOutput === 0 ? [] : [folder];
  });
  return [...new Set(folders)].toSorted();
}

/**
 * Reads what the packages in these folders say of themselves; one that lies there twice in one version counts once.
 *
 * @throws Error where a package.json names no licence.
 */
export async function thirdParties(root: string, folders: readonly string[]): Promise<ThirdParty[]> {
  const all = await Promise.all(folders.map((folder) => thirdParty(join(root, folder))));
  const byName = new Map(all.map((one) => [`${one.name}@${one.version}`, one]));
  return [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

async function thirdParty(folder: string): Promise<ThirdParty> {
  const parsed = Package.safeParse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
  if (!parsed.success) throw new Error(`${folder}/package.json does not say what it is and by which licence`);
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && TEXTS.test(entry.name)).map(({ name }) => name);
  const texts = await Promise.all(names.toSorted().map((name) => readFile(join(folder, name), 'utf8')));
  const { name, version, license } = parsed.data;
  return { name, version, license, texts };
}

const RULE = '='.repeat(80);

/** All of them in one text, the same for the same packages. */
export function licencesText(packages: readonly ThirdParty[]): string {
  const sections = packages.map(({ name, version, license, texts }) => {
    const said = texts.length === 0 ? ['(The package brings no text of it.)'] : texts.map((text) => plain(text));
    return [RULE, `${name} ${version}`, `Licence: ${license}`, '', said.join('\n\n')].join('\n');
  });
  const about = 'Packages of npm whose code is in deepseek-operator and kubectl-deepseek, each with its licence.';
  return `${[about, ...sections].join('\n\n')}\n`;
}

const plain = (text: string): string => text.replaceAll('\r\n', '\n').trim();
