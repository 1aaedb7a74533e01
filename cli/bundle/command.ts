import { Command } from 'commander';
import { open } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { limitSignal } from '../../operator/kube/limited-signal.ts';
import { TimeoutError } from '../../operator/kube/errors.ts';
import { parseName } from '../get/arguments.ts';
import { readDeployment, readDeployments } from '../get/read.ts';
import { connectCluster } from '../support/cluster.ts';
import type { CommandContext } from '../support/context.ts';
import { CommandError, EXIT, type ExitStatus } from '../support/exit-status.ts';
import { type ClusterFlags, type Connect, inSession, type Session, withClusterFlags } from '../support/session.ts';
import { Collector } from './collect.ts';
import { Mask } from './mask.ts';
import { tar } from './tar.ts';

interface BundleFlags extends ClusterFlags {
  readonly allNamespaces?: true;
  readonly output?: string;
}

/** What is gathered until then goes into the bundle. */
const LIMIT_MS = 120_000;
const PRIVATE = 0o600;

/** `bundle [NAME]...`: an archive for those who are asked for help, without secrets. */
export function bundleCommand(
  context: CommandContext,
  end: (status: ExitStatus) => void,
  version: string,
  connect: Connect = connectCluster,
): Command {
  const command = new Command('bundle')
    .description('gather status, objects, events, logs, plan and history in a tar.gz, without secrets')
    .argument('[names...]', 'the DeepSeekDeployments (default: all of the namespace)')
    .option('-A, --all-namespaces', 'those of all namespaces')
    .option('-o, --output <file>', 'file to write, - for standard output (default: deepseek-bundle-TIME.tar.gz)');
  return withClusterFlags(command)
    .addHelpText(
      'after',
      '\nSecrets are never read; values that are secrets by their names, and what looks like a token, are masked. Look before you send it:\n' +
        '  tar xzf deepseek-bundle-*.tar.gz && less deepseek-bundle-*/about.txt\n' +
        '\nExit status: 0 done, also with parts missing (about.txt says which); 1 there is none of that name; 2 the file cannot be written; 3 no cluster.\n',
    )
    .action(async (names: readonly string[], flags: BundleFlags) => {
      const now = context.clock.now();
      const stem = `deepseek-bundle-${new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`;
      const file = flags.output ?? `${stem}.tar.gz`;
      const mask = new Mask();
      const files = await inSession(flags, context, connect, async (session) => {
        const { client, namespace, answerInTime } = session;
        const models = await answerInTime((signal) => chosen(names, flags, session, signal));
        const limit = limitSignal(
          context.signal,
          context.clock,
          LIMIT_MS,
          () => new TimeoutError(`no answer within ${LIMIT_MS / 1000} s`),
        );
        const onProgress = (step: string) => void context.stderr.write(`gathering ${step}\n`);
        try {
          const collector = new Collector({ client, namespace, now, version, mask, onProgress }, limit.signal);
          await collector.cluster();
          for (const model of models) await collector.model(model);
          return collector.files();
        } finally {
          limit.release();
        }
      });
      const archive = gzipSync(
        tar(
          files.map(({ path, content }) => ({ path: `${stem}/${path}`, content })),
          Math.floor(now / 1000),
        ),
      );
      const size = `${(archive.length / 1024).toFixed(0)} KiB`;
      const sum = `${files.length} files, ${size}, ${mask.size} value${mask.size === 1 ? '' : 's'} masked\n`;
      if (file === '-') {
        context.stdout.write(archive);
        context.stderr.write(sum);
      } else {
        await writeForOneself(file, archive);
        context.stdout.write(`${file}: ${sum}`);
      }
      end(EXIT.done);
    });
}

/** Writes a file that nobody else may read, also where others may read what it was. */
async function writeForOneself(file: string, content: Uint8Array): Promise<void> {
  try {
    await using handle = await open(file, 'w', PRIVATE);
    if ((await handle.stat()).isFile()) await handle.chmod(PRIVATE);
    await handle.writeFile(content);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError('INVALID_INPUT', EXIT.usage, `cannot write ${file}: ${why}`, { cause: error });
  }
}

function chosen(names: readonly string[], flags: BundleFlags, { client, namespace }: Session, signal: AbortSignal) {
  if (names.length === 0) return readDeployments(client, flags.allNamespaces ? undefined : namespace, signal);
  if (flags.allNamespaces) throw new CommandError('USAGE', EXIT.usage, 'give names, or --all-namespaces');
  return Promise.all(names.map((name) => readDeployment(client, { namespace, name: parseName(name) }, signal)));
}
