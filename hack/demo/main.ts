/**
 * `npm run -s demo`: a real Kubernetes with simulated GPU nodes, the operator, and the story of some rollouts. `-- samples`
 * applies every sample to it, `-- down` stops it. Exit status: 0 done; 1 something did not come up (the reason is printed); 2 wrong usage.
 */
import { relative, resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import { removeCluster } from '../cluster/folder.ts';
import { readState } from '../cluster/layout.ts';
import { runDemo, showSamples } from './demo.ts';
import type { Demo } from './demo.ts';

const DIR = resolve(import.meta.dirname, '..', '..', '.cluster', 'demo');

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function up(signal: AbortSignal): Promise<void> {
  const started = performance.now();
  const demo = await runDemo({ dir: DIR, signal });
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  print(`\n${pc.green('✓')} The story took ${demo.storySeconds.toFixed(0)} s, everything ${seconds} s.\n`);
  print(nextSteps(demo));
}

async function samples(timeoutSeconds: number, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  const demo = await showSamples({ dir: DIR, timeoutMs: timeoutSeconds * 1000, signal });
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  print(`\n${pc.green('✓')} ${demo.rows.length} models Ready after ${seconds} s.\n`);
  print(nextSteps(demo));
}

function nextSteps({ kubeconfig, binDir, enginePort }: Demo): string {
  const here = (path: string): string => `"$PWD/${relative(process.env['INIT_CWD'] ?? process.cwd(), path)}"`;
  const question = JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: '2+2=' }] });
  return [
    'What to try next:',
    `  export KUBECONFIG=${here(kubeconfig)} PATH=${here(binDir)}:$PATH`,
    '  kubectl deepseek get chat -w       # its revisions, pods and nodes, live, with reasons',
    '  kubectl deepseek plan --rollout chat   # how a rollout would go now',
    `  kubectl patch deepseekdeployment chat --type merge -p '{"spec":{"model":{"name":"deepseek-r1-distill-qwen-7b"}}}'   # a new version`,
    '  kubectl deepseek rollback chat     # and back, by one write',
    `  curl -s http://127.$(kubectl get pods -l deepseek-operator.io/name=chat -o 'jsonpath={.items[0].status.podIP}' | cut -d. -f2-):${enginePort}/v1/chat/completions -H 'content-type: application/json' -d '${question}'`,
    '  npm run -s demo -- samples         # 16 more models, on GPUs of every kind',
    '',
    'make demo-down stops everything.',
  ].join('\n');
}

async function down(): Promise<void> {
  const runs = (await readState(DIR)) !== undefined;
  await removeCluster(DIR);
  print(runs ? 'The demo is gone.' : 'No demo runs.');
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number of seconds.');
  return value;
}

const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => stopping.abort(new Error(`stopped by ${name}; make demo-down stops what runs already`)));
}

const program = new Command('demo').exitOverride();
program
  .command('up', { isDefault: true })
  .description('start what does not run yet, and show how versions are switched, caught and handed over')
  .action(async () => up(stopping.signal));
program
  .command('samples')
  .description('apply every sample, and show the models becoming Ready')
  .option('--timeout <seconds>', 'how long the models may take', seconds, 240)
  .action(async ({ timeout }: { readonly timeout: number }) => samples(timeout, stopping.signal));
program.command('down').description('stop everything').action(down);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(`${pc.red('✗')} ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
// Idle connections to the API server are not worth waiting for.
process.exit();
