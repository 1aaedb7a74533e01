/**
 * `npm run lockfile`, after every change of dependencies: adds the native packages of other platforms to
 * package-lock.json where npm left them out. npm drops an optional package from the lock when the registry that it asks
 * does not have it, and `npm ci` then refuses the lock. An entry needs its version, and the os and cpu by which npm
 * skips it elsewhere; all are in the name and in the parent's optionalDependencies. See docs/adr/0003.
 */
import { readFile, writeFile } from 'node:fs/promises';

interface LockEntry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  optionalDependencies?: Record<string, string>;
}

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(await readFile(file, 'utf8')) as { packages: Record<string, LockEntry> };

let added = 0;
for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    const platform = /-(android|darwin|freebsd|linux|openharmony|win32)-([a-z0-9]+)/.exec(name);
    if (path in lock.packages || platform === null) continue;
    const [, os = '', cpu = ''] = platform;
    lock.packages[path] = {
      version,
      cpu: [cpu],
      ...(parent.dev === true && { dev: true }),
      optional: true,
      os: [os],
    };
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
await writeFile(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added} packages of other platforms added`);
