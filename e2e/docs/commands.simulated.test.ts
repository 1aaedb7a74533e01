import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type OperatorBench, operatorBench } from '../reconcile/harness.ts';
import { stringify } from 'yaml';
import { BRIEF, endRollout } from '../reconcile/rollouts.ts';
import { testCluster } from '../support/index.ts';
import { findTool } from '../../hack/cluster/index.ts';
import { allBlocks, type Block, ROOT } from './blocks.ts';

// One of its own: pages install and uninstall.
const cluster = testCluster('simulated', {});
const LIMIT_S = 90;

const blocks = (await allBlocks()).filter(({ way }) => way !== undefined && way !== 'not-run');

interface Stage {
  readonly namespace: string;
  readonly work: string;
  readonly run: (script: string, exit?: number) => Promise<string>;
}

const CONFIG = {
  ...{ model_type: 'qwen2', architectures: ['Qwen2ForCausalLM'], torch_dtype: 'bfloat16', hidden_size: 3584 },
  ...{ num_hidden_layers: 28, num_attention_heads: 28, num_key_value_heads: 4, vocab_size: 152_064 },
  ...{ intermediate_size: 18_944, max_position_embeddings: 131_072, tie_word_embeddings: false },
};

const MODEL = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 1,
  ...BRIEF,
  rollout: { ...BRIEF.rollout, rollbackWindow: '1h' },
};

/** The model `chat` in its second version, the first one warm, with its manifest; returns the revision that serves. */
async function baseline(bench: OperatorBench, { work }: Stage): Promise<string> {
  await bench.create('chat', MODEL);
  await bench.condition('chat', 'Ready', 'True');
  await bench.edit('chat', { spec: { engine: { env: [{ name: 'SECOND', value: '1' }] } } });
  const revision = await endRollout(bench, 'chat');
  const { apiVersion, kind, spec } = await bench.get('chat');
  await writeFile(join(work, 'chat.yaml'), stringify({ apiVersion, kind, metadata: { name: 'chat' }, spec }));
  return revision;
}

const forget = ({ run }: Stage): Promise<string> => run('kubectl delete deepseekdeployment chat --wait --timeout 60s');

const INSTALL = 'helm install deepseek-operator charts/deepseek-operator -n deepseek-system --create-namespace';

/** What a page begins with, where that is not what the page before has left. */
const BEFORE: Readonly<Record<string, (bench: OperatorBench, stage: Stage) => Promise<string | undefined>>> = {
  'docs/air-gap.md': async (bench, stage) => {
    await forget(stage);
    return baseline(bench, stage);
  },
  'docs/admission.md': async (_, stage) => {
    await stage.run('kubectl create namespace team-a');
    return undefined;
  },
  // It makes the team's namespace itself.
  'docs/multi-tenancy.md': async (_, stage) => {
    await stage.run('kubectl delete namespace team-a --wait --timeout 60s');
    return undefined;
  },
  // What Argo CD has of its own.
  'docs/gitops.md': async (_, stage) => {
    await stage.run('kubectl create namespace argocd; kubectl create configmap argocd-cm -n argocd');
    return undefined;
  },
  'docs/install.md': async (_, stage) => {
    await forget(stage);
    await stage.run('helm uninstall deepseek-operator -n deepseek-system --wait');
    return undefined;
  },
  'docs/upgrade.md': async (_, stage) => {
    await stage.run(here(INSTALL, stage, ''));
    return undefined;
  },
};

/** It takes the CRD away in the end. */
const LAST = 'docs/install.md';

/** Names that a page uses for what is called otherwise here. */
function here(script: string, { namespace }: Stage, revision: string): string {
  return (
    script
      .replaceAll(/ -n ai\b/g, ` -n ${namespace}`)
      .replaceAll('.ai.svc', `.${namespace}.svc`)
      .replaceAll(/\b7f3c\b/g, revision.slice(0, 6))
      // Other pages have installed it by other ways before.
      .replaceAll(/^helm install .*/gm, '$& --take-ownership --force-conflicts')
      .replaceAll(/^(kubectl deepseek get .* -w)(?= |$)/gm, 'until_shown $1')
  );
}

describe('the commands of the pages', () => {
  const bench = operatorBench(cluster);
  it.each([['all of them', blocks]])(
    '%s are run',
    async (_, all: readonly Block[]) => {
      const home = await mkdtemp(join(tmpdir(), 'docs-'));
      const work = join(home, 'checkout');
      const bin = join(home, '.local/bin');
      try {
        await mkdir(work);
        await mkdir(bin, { recursive: true });
        for (const name of await readdir(ROOT))
          if (!name.startsWith('.')) await symlink(join(ROOT, name), join(work, name));
        await writeFile(join(work, 'config.json'), JSON.stringify(CONFIG));
        const plugin = join(bin, 'kubectl-deepseek');
        await writeFile(plugin, `#!/bin/sh\nexec "${process.execPath}" "${ROOT}/cli/main.ts" "$@"\n`);
        await chmod(plugin, 0o755);
        await symlink(await findTool('helm', { signal: AbortSignal.timeout(600_000) }), join(bin, 'helm'));
        const { namespace } = bench();
        const KUBECONFIG = join(home, 'config');
        await writeFile(
          KUBECONFIG,
          await withNamespace(await cluster().kubeconfig('reader', { groups: ['system:masters'] }), namespace),
        );
        const kubectl = cluster().bin('kubectl');
        await symlink(kubectl, join(bin, 'kubectl'));
        const env = { PATH: [bin, process.env['PATH']].join(delimiter), HOME: home, KUBECONFIG, LANG: 'C.UTF-8' };
        const run = (script: string, exit = 0) => bash(script, work, env, exit);
        const stage: Stage = { namespace, work, run };

        let revision = await baseline(bench(), stage);
        let page: string | undefined;
        const isLast = (block: Block) => Number(block.page === LAST);
        for (const block of all.toSorted((a, b) => isLast(a) - isLast(b))) {
          if (block.page !== page) revision = (await BEFORE[block.page]?.(bench(), stage)) ?? revision;
          page = block.page;
          const script = here(block.script, stage, revision);
          try {
            await run(script, block.exit);
          } catch (error) {
            throw new Error(`${block.page}:${block.line}\n${script}\n${String(error)}`, { cause: error });
          }
        }
        expect(all.length).toBeGreaterThan(20);
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    },
    900_000,
  );
});

async function withNamespace(kubeconfig: string, namespace: string): Promise<string> {
  const text = await readFile(kubeconfig, 'utf8');
  return text.replaceAll(/^(\s*)(- )?context:\s*$/gm, (line, indent: string, dash?: string) => {
    return `${line}\n${indent}${dash === undefined ? '' : '  '}  namespace: ${namespace}`;
  });
}

/** Runs what would go on for ever until it has shown something, and then stops it as Ctrl-C would. */
const UNTIL_SHOWN = `until_shown() {
  "$@" > shown.txt & local pid=$!
  for _ in $(seq 600); do [ -s shown.txt ] && break; sleep 0.1; done
  kill -TERM $pid; wait $pid; test -s shown.txt
}`;

/** Rejects with what it has printed when its last command does not end with `exit`. */
function bash(script: string, cwd: string, env: Readonly<Record<string, string>>, exit: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const flags = exit === 0 ? 'set -euo pipefail' : 'set -uo pipefail';
    const child = spawn('timeout', [String(LIMIT_S), 'bash', '-c', `${flags}\n${UNTIL_SHOWN}\n${script}`], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === exit) resolve(output);
      else reject(new Error(`ended with ${code ?? 'a signal'}, not ${exit}:\n${output.slice(-3_000)}`));
    });
  });
}
