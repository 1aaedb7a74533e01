/**
 * `node e2e/upgrade/record-install.ts [NAME]`: keeps this version's installation, as people get it, in golden/install/VERSION, or golden/install/VERSION-NAME where
 * it changes without a version of its own: the packaged chart, and what `kubectl apply` is given. Run once for each, before it changes; the tests then upgrade from
 * it for ever. A golden file is never written again.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { synthesizeDefinitions } from '../../cdk8s/install/install.ts';
import { findTool } from '../../hack/cluster/index.ts';
import { INSTALLS, installed } from './installs.ts';

const ROOT = new URL('../../', import.meta.url);
const LIMIT_MS = 600_000;

const { version } = JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8')) as { version: string };
const [name] = process.argv.slice(2);
const files = installed(name === undefined ? version : `${version}-${name}`);
await mkdir(INSTALLS, { recursive: true });
// Fails where it is there already.
await mkdir(files.folder);
const helm = await findTool('helm', { signal: AbortSignal.timeout(LIMIT_MS) });
const chart = fileURLToPath(new URL('charts/deepseek-operator', ROOT));
await promisify(execFile)(helm, ['package', chart, '--destination', files.folder], { timeout: LIMIT_MS });
await rename(`${files.folder}/deepseek-operator-${version}.tgz`, files.chart);
await copyFile(new URL('manifests/install.yaml', ROOT), files.manifest);
const list = { apiVersion: 'v1', kind: 'List', items: synthesizeDefinitions() };
await writeFile(files.definitions, `${JSON.stringify(list)}\n`);
console.log(`wrote ${files.folder}`);
