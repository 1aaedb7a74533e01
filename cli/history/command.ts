import { Command, Option } from 'commander';
import { parseName } from '../get/arguments.ts';
import { readDeployment } from '../get/read.ts';
import { connectCluster } from '../support/cluster.ts';
import type { CommandContext } from '../support/context.ts';
import { CommandError, EXIT, type ExitStatus } from '../support/exit-status.ts';
import { serialize } from '../support/output.ts';
import { dataOf, hashOf, readRevisions, resolveRevision } from '../support/revisions.ts';
import { type ClusterFlags, type Connect, inSession, withClusterFlags } from '../support/session.ts';
import { describeTerminal } from '../support/terminal.ts';
import { changesBetween } from './diff.ts';
import { historyOf } from './history.ts';
import { renderHistory, renderRevision, type RevisionPage } from './view.ts';

interface HistoryFlags extends ClusterFlags {
  readonly output?: 'json' | 'yaml';
}

/** `history NAME [REVISION]`: the attempts with their outcomes, and the stored revisions with what changed in each. */
export function historyCommand(
  context: CommandContext,
  end: (status: ExitStatus) => void,
  connect: Connect = connectCluster,
): Command {
  const command = new Command('history')
    .description('show what was rolled out when, how it ended, and what changed')
    .argument('<name>', 'the DeepSeekDeployment')
    .argument('[revision]', 'one revision: the beginning of its name, or its version')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['json', 'yaml']));
  return withClusterFlags(command)
    .addHelpText(
      'after',
      '\nExit status: 0 done, 1 there is none of that name or revision, 3 no cluster.\n\n' +
        'Examples:\n  kubectl deepseek history chat\n  kubectl deepseek history chat 7f3c\n',
    )
    .action(async (argument: string, revision: string | undefined, flags: HistoryFlags) => {
      const name = parseName(argument);
      await inSession(flags, context, connect, async ({ client, namespace, answerInTime }) => {
        const ref = { namespace, name };
        const [deployment, stored] = await answerInTime((signal) =>
          Promise.all([readDeployment(client, ref, signal), readRevisions(client, ref, signal)]),
        );
        const history = historyOf(deployment, stored);
        const terminal = describeTerminal(context.stdout, context.env, { colour: flags.color });
        const now = context.clock.now();
        if (revision === undefined) {
          const text = flags.output ? serialize(history, flags.output) : `${renderHistory(history, terminal, now)}\n`;
          context.stdout.write(text);
          return;
        }
        const page = pageOf(revision, deployment.status?.serving?.revision, history, stored);
        const text = flags.output ? serialize(page, flags.output) : `${renderRevision(page, terminal, now)}\n`;
        context.stdout.write(text);
      });
      end(EXIT.done);
    });
}

function pageOf(
  text: string,
  serving: string | undefined,
  { name, attempts, revisions }: ReturnType<typeof historyOf>,
  stored: Awaited<ReturnType<typeof readRevisions>>,
): RevisionPage {
  if (revisions === undefined || stored === undefined) {
    const message = 'you may not list controllerrevisions, in which the revisions are stored';
    throw new CommandError('FORBIDDEN', EXIT.unreachable, message);
  }
  const known = revisions.map(({ revision: hash, version }) => ({ hash, version }));
  const hash = resolveRevision(text, known, name);
  const view = revisions.find(({ revision }) => revision === hash);
  if (view === undefined) throw new RangeError(`revision ${hash} is known and not stored`);
  const specOf = (wanted: string) => dataOf(stored.find((item) => hashOf(item) === wanted))?.spec;
  return {
    revision: view,
    attempts: attempts.filter(({ revision }) => revision === hash),
    ...(serving !== undefined &&
      serving !== hash && {
        againstServing: { revision: serving, changes: changesBetween(specOf(serving), specOf(hash)) },
      }),
  };
}
