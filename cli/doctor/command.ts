import { Command, Option } from 'commander';
import { connectCluster } from '../support/cluster.ts';
import type { CommandContext } from '../support/context.ts';
import { EXIT, type ExitStatus } from '../support/exit-status.ts';
import { serialize } from '../support/output.ts';
import { type ClusterFlags, type Connect, inSession, withClusterFlags } from '../support/session.ts';
import { describeTerminal } from '../support/terminal.ts';
import { diagnose } from './diagnosis.ts';
import { gather } from './gather.ts';
import { renderDiagnosis } from './view.ts';

interface DoctorFlags extends ClusterFlags {
  readonly output?: 'json' | 'yaml';
}

/** For all questions together: a hundred rights of the operator are among them. */
const LIMIT_MS = 30_000;

/** `doctor`: what models need of the cluster, and what is wrong with it. Writes nothing to the cluster. */
export function doctorCommand(
  context: CommandContext,
  end: (status: ExitStatus) => void,
  version: string,
  connect: Connect = connectCluster,
): Command {
  const command = new Command('doctor')
    .description('check the cluster, the operator and their surroundings, with the command that fixes each finding')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['json', 'yaml']));
  return withClusterFlags(command)
    .addHelpText(
      'after',
      '\nChanges nothing. What you may not see is a warning; an administrator of the cluster sees all.\n' +
        '\nExit status: 0 no problem (there may be warnings), 1 problems, 3 no cluster.\n\n' +
        'Example:\n  kubectl deepseek doctor -o json | jq \'.findings[] | select(.level == "problem")\'\n',
    )
    .action(async (flags: DoctorFlags) => {
      const diagnosis = await inSession(flags, context, connect, async ({ client, namespace, answerInTime }) => {
        const now = context.clock.now();
        const facts = await answerInTime((signal) => gather({ client, namespace, now, version }, signal), LIMIT_MS);
        return diagnose(facts);
      });
      const terminal = describeTerminal(context.stdout, context.env, { colour: flags.color });
      context.stdout.write(
        flags.output ? serialize(diagnosis, flags.output) : `${renderDiagnosis(diagnosis, terminal)}\n`,
      );
      end(diagnosis.problems > 0 ? EXIT.no : EXIT.done);
    });
}
