/** `node contents.ts DIR`: lays out what the operator's image holds beside Node.js, in DIR. Run by the Containerfile. */
import { execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { THIRD_PARTY } from '../third-party.ts';
import { reproducibleSbom } from './sbom.ts';

const target = process.argv[2];
if (target === undefined) throw new Error('usage: contents.ts DIR');
const root = join(import.meta.dirname, '..', '..');

const Package = z.object({ name: z.string(), version: z.string(), dependencies: z.record(z.string(), z.string()) });
const about = Package.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));

const npmArguments = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
const sbom = reproducibleSbom(execFileSync('npm', npmArguments, { cwd: root, encoding: 'utf8' }), {
  ...about,
  dependencies: Object.keys(about.dependencies),
  nodeVersion: process.versions.node,
});

/** What goes where. Everything is root's and nobody may write to it. */
const files: readonly (readonly [path: string, from: string | undefined, text?: string])[] = [
  ['app/operator.mjs', 'dist/operator.mjs'],
  ['app/operator.mjs.map', 'dist/operator.mjs.map'],
  // The chart's test looks with it (charts/deepseek-operator/templates/tests).
  ['app/kubectl-deepseek.mjs', 'dist/kubectl-deepseek.mjs'],
  ['app/kubectl-deepseek.mjs.map', 'dist/kubectl-deepseek.mjs.map'],
  ['usr/share/sbom/deepseek-operator.cdx.json', undefined, sbom],
  ['usr/share/doc/deepseek-operator/copyright', 'LICENSE'],
  ['usr/share/doc/deepseek-operator/third-party-licenses.txt', THIRD_PARTY],
];
for (const [path, from, text = ''] of files) {
  const to = join(target, path);
  await mkdir(join(to, '..'), { recursive: true, mode: 0o755 });
  if (from === undefined) await writeFile(to, text);
  else await copyFile(join(root, from), to);
  await chmod(to, 0o444);
}
