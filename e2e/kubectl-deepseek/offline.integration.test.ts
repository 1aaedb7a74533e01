import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the plugin as people do: a process of its own, without a cluster in reach. */
function run(...argv: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', COLUMNS: '100', KUBECONFIG: '/nonexistent' };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['cli/main.ts', ...argv],
      { cwd: ROOT, env, timeout: 60_000 },
      (_, stdout, stderr) => resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

/** A process on a busy machine takes seconds to start; nothing is asserted about how many. */
const LIMIT_MS = 120_000;

describe('kubectl deepseek without a cluster', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'offline-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it(
    'imports a model, plans it, and says no with status 1 where it does not fit',
    async () => {
      const config = join(folder, 'config.json');
      const shape = { hidden_size: 8192, intermediate_size: 28672, num_attention_heads: 64, num_key_value_heads: 8 };
      const rest = {
        num_hidden_layers: 80,
        vocab_size: 128256,
        max_position_embeddings: 131072,
        torch_dtype: 'bfloat16',
      };
      await writeFile(config, JSON.stringify({ architectures: ['LlamaForCausalLM'], ...shape, ...rest }));
      const statuses: number[] = [];
      for (const accelerator of ['H200', 'T4']) {
        const imported = await run('model', 'import', config, '--accelerator', accelerator);
        expect(imported).toMatchObject({ status: 0, stderr: '' });
        const file = join(folder, `${accelerator}.yaml`);
        await writeFile(file, imported.stdout);
        const planned = await run('plan', '-f', file);
        expect(planned.stderr).toBe('');
        expect(planned.stdout).toContain(accelerator === 'H200' ? 'GPUs          2 × H200' : 'What would fit');
        statuses.push(planned.status);
      }
      expect(statuses).toEqual([0, 1]);
    },
    LIMIT_MS,
  );

  it(
    'shows the catalogue and the matrix',
    async () => {
      expect(await run('catalog', 'accelerators')).toMatchObject({ status: 0, stderr: '' });
      const matrix = await run('plan', '--matrix', 'deepseek-r1', '--context', '32k');
      expect(matrix).toMatchObject({ status: 0, stderr: '' });
      expect(matrix.stdout).toMatch(/^ {2}H200 .* 8 ×[0-9]+/m);
    },
    LIMIT_MS,
  );
});
