import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { type Cluster, findTool } from '../../hack/cluster/index.ts';
import { type OperatorBench, PATIENCE } from '../reconcile/harness.ts';
import { BRIEF, endRollout } from '../reconcile/rollouts.ts';
import { eventually } from '../support/index.ts';
import { ROOT } from './blocks.ts';

const LIMIT_S = 90;

/** Where commands of the pages are run: a folder like a checkout, with the plugin, kubectl and helm on the PATH. */
export interface Stage {
  readonly namespace: string;
  readonly work: string;
  /** What it printed; rejects when it does not end with `exit` (default: 0), or with one of these. */
  readonly run: (script: string, exit?: number | readonly number[]) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** The namespace of the bench is that of the kubeconfig. */
export async function openStage(cluster: Cluster, namespace: string): Promise<Stage> {
  const home = await mkdtemp(join(tmpdir(), 'docs-'));
  const close = () => rm(home, { recursive: true, force: true });
  try {
    const work = join(home, 'checkout');
    const bin = join(home, 'bin');
    // Where pages put what they build.
    const own = join(home, '.local/bin');
    await mkdir(work);
    await mkdir(bin);
    await mkdir(own, { recursive: true });
    await mkdir(join(ROOT, 'dist'), { recursive: true });
    for (const name of await readdir(ROOT))
      if (!name.startsWith('.')) await symlink(join(ROOT, name), join(work, name));
    await writeFile(join(work, 'config.json'), JSON.stringify(CONFIG));
    const plugin = join(bin, 'kubectl-deepseek');
    await writeFile(plugin, `#!/bin/sh\nexec "${process.execPath}" "${ROOT}/cli/main.ts" "$@"\n`);
    await chmod(plugin, 0o755);
    await symlink(await findTool('helm', { signal: AbortSignal.timeout(600_000) }), join(bin, 'helm'));
    await symlink(cluster.bin('kubectl'), join(bin, 'kubectl'));
    const KUBECONFIG = join(home, '.kube/config');
    await mkdir(join(home, '.kube'));
    await writeFile(
      KUBECONFIG,
      await withNamespace(await cluster.kubeconfig('reader', { groups: ['system:masters'] }), namespace),
    );
    const env = {
      PATH: [own, bin, dirname(process.execPath), process.env['PATH']].join(delimiter),
      HOME: home,
      KUBECONFIG,
      LANG: 'C.UTF-8',
    };
    return { namespace, work, run: (script, exit = 0) => bash(script, work, env, [exit].flat()), close };
  } catch (error) {
    await close();
    throw error;
  }
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
export async function baseline(bench: OperatorBench, { work }: Stage): Promise<string> {
  // A policy that a page has taken away is obeyed for a moment more.
  await eventually(() => bench.create('chat', MODEL), PATIENCE);
  await bench.condition('chat', 'Ready', 'True');
  await bench.edit('chat', { spec: { engine: { env: [{ name: 'SECOND', value: '1' }] } } });
  const revision = await endRollout(bench, 'chat');
  const { apiVersion, kind, spec } = await bench.get('chat');
  await writeFile(join(work, 'chat.yaml'), stringify({ apiVersion, kind, metadata: { name: 'chat' }, spec }));
  return revision;
}

/** Names that a page uses for what is called otherwise here. */
export function here(script: string, { namespace }: Stage, revision: string): string {
  return (
    script
      .replaceAll(/ -n ai\b/g, ` -n ${namespace}`)
      .replaceAll('.ai.svc', `.${namespace}.svc`)
      .replaceAll(/\b7f3c\b/g, revision.slice(0, 6))
      // Beside the operator of the test, which has the models, and on a port that is free.
      .replaceAll(
        /^dist\/deepseek-operator [^#\n]*/gm,
        'until_shown $& --watch-namespaces default --metrics-bind-address 127.0.0.1:0 ',
      )
      // What it needs is there: make would look at its age.
      .replaceAll(/^make build\b/gm, 'npm run -s build')
      // The page has had kubectl apply another image before.
      .replaceAll(/^helm upgrade .* --set crds\.install=\w+$/gm, '$& --force-conflicts')
      .replaceAll(/^(kubectl deepseek get .* -w)(?= |$)/gm, 'until_shown $1')
  );
}

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

/** Rejects with what it has printed when its last command does not end with one of `exits`. */
function bash(
  script: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
  exits: readonly number[],
): Promise<string> {
  return new Promise((resolve, reject) => {
    const flags = exits.includes(0) ? 'set -euo pipefail' : 'set -uo pipefail';
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
      if (code !== null && exits.includes(code)) resolve(output);
      else reject(new Error(`ended with ${code ?? 'a signal'}, not ${exits.join(' or ')}:\n${output.slice(-3_000)}`));
    });
  });
}
