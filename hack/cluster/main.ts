/**
 * `npm run -s cluster -- COMMAND`: a local Kubernetes for people. Exit status: 0 done; 1 the answer is no (nothing runs, or
 * it could not be started); 2 wrong usage or invalid input.
 */
import { resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import pc from 'picocolors';
import { DEVELOPER, down, env, exec, kubeconfig, status, up, type UpOptions, type Where } from './commands.ts';
import { ClusterError } from './errors.ts';

const DEFAULT_DIR = resolve(import.meta.dirname, '..', '..', '.cluster', 'local');
/** Errors that the person who typed the command can correct in the command. */
const USAGE_ERRORS = new Set(['INVALID_NODE_POOLS', 'DIR_NOT_OURS']);

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
    .configureHelp({ helpWidth: 110 })
    .enablePositionalOptions()
    .exitOverride();
  const command = (name: string, description: string): Command =>
    root
      .command(name)
      .description(description)
      .exitOverride()
      .addOption(
        new Option('--dir <folder>', 'the folder of the cluster')
          .argParser(userPath)
          .default(DEFAULT_DIR, '.cluster/local in the work tree'),
      )
      .addOption(
        new Option('--provider <name>', 'local: processes on this machine; kind: containers, needs a Docker daemon')
          .choices(['local', 'kind'])
          .default('local'),
      );
  const finish = async (code: Promise<number>): Promise<void> => {
    process.exitCode = await code;
  };
  command('up', 'start a cluster, which stays until `down`')
    .addOption(
      new Option(
        '--profile <name>',
        'control-plane: etcd and kube-apiserver; simulated: all controllers, and GPU nodes (KWOK); real: all controllers, and a node whose pods run (root, Linux)',
      )
        .choices(['control-plane', 'simulated', 'real'])
        .default('simulated'),
    )
    .option('--nodes <file>', 'node pools of the simulated profile (default: hack/cluster/nodes.yaml)', userPath)
    .option('--netns', 'in a network namespace of its own, where pod addresses are local (Linux)')
    .action(async (options: UpOptions) => finish(up(options, signal)));
  command('down', 'stop the cluster and remove its folder').action(async (options: Where) =>
    finish(down(options, signal)),
  );
  command('status', 'say what runs; exit status 1 unless all of it does').action(async (options: Where) =>
    finish(status(options, signal)),
  );
  command('env', 'print exports for a shell: eval "$(npm run -s cluster -- env)"').action(async (options: Where) =>
    finish(env(options, signal)),
  );
  command('kubeconfig', 'print the path of a kubeconfig with a certificate of its own')
    .option('--user <name>', 'common name of the certificate; the audit log shows it', userName, DEVELOPER)
    .action(async (options: Where & { user: string }) => finish(kubeconfig(options, signal)));
  command('exec', 'run a command with KUBECONFIG and PATH set, in the network namespace of the cluster')
    .argument('<command...>')
    .passThroughOptions()
    .action(async (words: string[], options: Where) => finish(exec(options, words, signal)));
  return root;
}

const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => controller.abort(new Error(`stopped by ${name}`)));
}
try {
  await program(controller.signal).parseAsync();
} catch (failure) {
  const error: unknown = controller.signal.aborted ? controller.signal.reason : failure;
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2; // Commander has said it already.
  } else {
    process.stderr.write(`${pc.red('error:')} ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof ClusterError && USAGE_ERRORS.has(error.code) ? 2 : 1;
  }
}
