import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { EngineCheckError } from './errors.ts';

const MINUTE_MS = 60_000;
/** Debian's own, where a source does not name one. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * An apt of our own for one suite of Debian, in the folder `work`: this machine's mirror and key, its own lists and cache.
 * Resolves with its environment.
 *
 * @throws EngineCheckError that says what this machine lacks.
 */
export async function prepareApt(work: string, suite: string, signal: AbortSignal): Promise<Record<string, string>> {
  const { uri, key } = await debianSource(signal);
  const dirs = ['lists/partial', 'archives/partial', 'parts'].map((dir) => join(work, dir));
  for (const dir of dirs) await mkdir(dir, { recursive: true });
  await writeFile(join(work, 'status'), '');
  await writeFile(
    join(work, 'parts', `${suite}.sources`),
    `Types: deb\nURIs: ${uri}\nSuites: ${suite}\nComponents: main\nArchitectures: amd64\nSigned-By: ${key}\n`,
  );
  const settings: Readonly<Record<string, string>> = {
    'Dir::State': work,
    'Dir::State::Lists': join(work, 'lists'),
    'Dir::State::status': join(work, 'status'),
    'Dir::Cache': work,
    'Dir::Cache::archives': join(work, 'archives'),
    'Dir::Etc::SourceList': '/dev/null',
    'Dir::Etc::SourceParts': join(work, 'parts'),
    'APT::Architecture': 'amd64',
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
    'Acquire::Retries': '3',
  };
  const config = join(work, 'apt.conf');
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  await writeFile(config, `${lines.join('')}#clear APT::Architectures;\nAPT::Architectures { "amd64"; };\n`);
  return { APT_CONFIG: config };
}

/** The mirror that this machine takes Debian's `main` from. */
async function debianSource(signal: AbortSignal): Promise<{ uri: string; key: string }> {
  const format = '$(REPO_URI) $(COMPONENT) $(SIGNED_BY)';
  let targets: string;
  try {
    targets = await runCommand('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
      timeoutMs: MINUTE_MS,
      signal,
    });
  } catch (cause) {
    throw new EngineCheckError(
      'UNSUPPORTED_MACHINE',
      "The packages come from Debian's archive by way of apt, and apt-get does not work here. Run this on Debian.",
      { cause },
    );
  }
  for (const line of targets.split('\n')) {
    const [uri = '', component, key] = line.split(' ');
    if (component === 'main' && /\/debian\/?$/.test(uri)) return { uri, key: key?.startsWith('/') ? key : KEYRING };
  }
  throw new EngineCheckError(
    'NO_DEBIAN_SOURCE',
    "No source of this machine's apt is Debian's archive (an address that ends in /debian, component main), so there is no mirror to fetch packages from.",
  );
}
