/**
 * `npm run -s cluster -- COMMAND`: a local Kubernetes for people. Exit status: 0 done; 1 the answer is no (nothing runs, or
 * it could not be started); 2 wrong usage or invalid input.
 */
import { relative, resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import pc from 'picocolors';
import { connectCluster, startCluster } from './cluster.ts';
import { ClusterError } from './errors.ts';
import { removeCluster } from './folder.ts';
import { kindDown, kindKubeconfig, kindStatus, kindUp } from './kind.ts';
import { readState } from './layout.ts';
import { describeStatus } from './status.ts';
import type { Profile } from './types.ts';

const DEFAULT_DIR = resolve(import.meta.dirname, '..', '..', '.cluster');
const USER = 'developer';
/** Errors that the person who typed the command can correct in the command. */
const USAGE_ERRORS = new Set(['INVALID_NODE_POOLS', 'INVALID_ARGUMENT', 'DIR_NOT_OURS']);

interface Where {
  readonly dir: string;
  readonly provider: 'local' | 'kind';
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const progress = (line: string): void => void process.stderr.write(`${pc.dim('·')} ${line}\n`);

function addWhere(command: Command): Command {
  return command
    .addOption(
      new Option('--dir <folder>', 'the folder of the cluster')
        .argParser(userPath)
        .default(DEFAULT_DIR, '.cluster in the work tree'),
    )
    .addOption(
      new Option('--provider <name>', 'local: processes on this machine; kind: containers, needs a Docker daemon')
        .choices(['local', 'kind'])
        .default('local'),
    );
}

async function up(
  options: Where & { readonly profile: Profile; readonly nodes?: string },
  signal: AbortSignal,
): Promise<void> {
  if (options.provider === 'kind') {
    await kindUp(signal, progress);
    return;
  }
  const running = await readState(options.dir);
  if (running?.ready && running.profile === options.profile) {
    const cluster = await connectCluster(options.dir).catch(() => undefined);
    if (cluster) {
      print(`A ${cluster.profile} cluster already runs in ${relative('.', options.dir) || '.'}: ${cluster.server}`);
      return;
    }
  }
  const started = performance.now();
  const cluster = await startCluster({ ...options, lifetime: 'detached', signal, onProgress: progress });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  print(`${pc.green('✓')} ${cluster.profile} cluster ready in ${seconds} s: ${cluster.server}`);
  print(`  export KUBECONFIG=${await cluster.kubeconfig(USER)}`);
  print(`  export PATH=${resolve(cluster.bin('kubectl'), '..')}:$PATH`);
}

async function down({ dir, provider }: Where, signal: AbortSignal): Promise<void> {
  if (provider === 'kind') {
    await kindDown(signal);
    return;
  }
  if (!(await readState(dir))) {
    print(`No cluster in ${dir}.`);
    return;
  }
  await removeCluster(dir);
  print(`Removed the cluster in ${dir}.`);
}

async function status({ dir, provider }: Where, signal: AbortSignal): Promise<boolean> {
  const { lines, healthy } = provider === 'kind' ? await kindStatus(signal) : await describeStatus(dir, signal);
  lines.forEach(print);
  return healthy;
}

async function kubeconfig({ dir, provider }: Where, user: string, signal: AbortSignal): Promise<string> {
  return provider === 'kind' ? kindKubeconfig(signal) : (await connectCluster(dir)).kubeconfig(user);
}

async function env(where: Where, signal: AbortSignal): Promise<void> {
  print(`export KUBECONFIG='${await kubeconfig(where, USER, signal)}'`);
  if (where.provider === 'kind') return;
  const cluster = await connectCluster(where.dir);
  print(`export PATH='${resolve(cluster.bin('kubectl'), '..')}':"$PATH"`);
}

/** npm runs scripts in the package's folder; what people type is relative to theirs. */
function userPath(value: string): string {
  return resolve(process.env['INIT_CWD'] ?? '.', value);
}

function userName(value: string): string {
  if (!/^[\w.:@-]{1,63}$/.test(value))
    throw new InvalidArgumentError('Letters, digits and . : @ _ - only, at most 63.');
  return value;
}

function program(signal: AbortSignal): Command {
  const root = new Command('cluster')
    .description('A real Kubernetes on this machine, with simulated GPU nodes')
    .configureHelp({ sortSubcommands: false, helpWidth: 110 })
    .exitOverride();
  addWhere(root.command('up').description('start a cluster, which stays until `down`'))
    .addOption(
      new Option(
        '--profile <name>',
        'control-plane: etcd and kube-apiserver; simulated: all controllers, and GPU nodes (KWOK)',
      )
        .choices(['control-plane', 'simulated'])
        .default('simulated'),
    )
    .option('--nodes <file>', 'node pools of the simulated profile (default: hack/cluster/nodes.yaml)', userPath)
    .action(async (options: Where & { profile: Profile; nodes?: string }) => up(options, signal));
  addWhere(root.command('down').description('stop the cluster and remove its folder')).action(async (options: Where) =>
    down(options, signal),
  );
  addWhere(root.command('status').description('say what runs; exit status 1 unless all of it does')).action(
    async (options: Where) => {
      if (!(await status(options, signal))) process.exitCode = 1;
    },
  );
  addWhere(root.command('env').description('print exports for a shell: eval "$(npm run -s cluster -- env)"')).action(
    async (options: Where) => env(options, signal),
  );
  addWhere(root.command('kubeconfig').description('print the path of a kubeconfig with a certificate of its own'))
    .option('--user <name>', 'common name of the certificate; the audit log shows it', userName, USER)
    .action(async (options: Where & { user: string }) => print(await kubeconfig(options, options.user, signal)));
  root.commands.forEach((command) => command.exitOverride());
  return root;
}

const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => controller.abort(new Error(`stopped by ${name}`)));
try {
  await program(controller.signal).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2; // Commander has said it already.
  } else {
    process.stderr.write(`${pc.red('error:')} ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof ClusterError && USAGE_ERRORS.has(error.code) ? 2 : 1;
  }
}
