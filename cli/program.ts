import { Command, CommanderError } from 'commander';
import { bundleCommand } from './bundle/command.ts';
import { catalogCommand } from './catalog/command.ts';
import { completionCommand } from './completion/command.ts';
import { cobraLines, complete } from './completion/complete.ts';
import { clusterNames } from './completion/names.ts';
import { doctorCommand } from './doctor/command.ts';
import { getCommand } from './get/command.ts';
import { historyCommand } from './history/command.ts';
import { modelCommand } from './model/command.ts';
import { planCommand, type PlanContext } from './plan/command.ts';
import { orderCommands } from './orders/command.ts';
import { pauseCommands } from './pause/command.ts';
import { scrapeConfigCommand } from './scrape-config/command.ts';
import { statusCommand } from './status/command.ts';
import { connectCluster } from './support/cluster.ts';
import { CommandError, EXIT, type ExitStatus } from './support/exit-status.ts';
import { printable } from './support/text.ts';

/** Everything outside itself that the plugin may touch. */
export type ProgramContext = PlanContext;

/** Makes commands; `end` says with which status one is done. */
type MakeCommands = (context: ProgramContext, end: (status: ExitStatus) => void) => Command | readonly Command[];

/** The plugin's commands, in the order of its help. */
const commandsOf = (version: string): readonly MakeCommands[] => [
  planCommand,
  catalogCommand,
  modelCommand,
  getCommand,
  statusCommand,
  historyCommand,
  orderCommands,
  pauseCommands,
  scrapeConfigCommand,
  completionCommand,
  (context, end) => bundleCommand(context, end, version),
  (context, end) => doctorCommand(context, end, version),
];

/** What cobra calls it, and kubectl with it. */
const COMPLETE = '__complete';

/** Runs `kubectl deepseek ARGUMENTS` and returns its exit status. Errors are written to stderr; nothing throws. */
export async function run(argv: readonly string[], version: string, context: ProgramContext): Promise<ExitStatus> {
  let status: ExitStatus = EXIT.done;
  const program = new Command('kubectl deepseek')
    .description('plan, watch and steer DeepSeek models on Kubernetes')
    .version(version, '-V, --version', 'print the version');
  for (const make of commandsOf(version)) {
    for (const command of [make(context, (ended) => (status = ended))].flat()) program.addCommand(command);
  }
  // Asked by a shell at each press of its key; no command of its own, since its words are those of another.
  if (argv[0] === COMPLETE) {
    context.stdout.write(cobraLines(await complete(program, argv.slice(1), clusterNames(context, connectCluster))));
    return EXIT.done;
  }
  for (const command of withSubcommands(program)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
    command.showHelpAfterError('(--help says more)');
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return status;
  } catch (error) {
    return report(error, context);
  }
}

/** A command, and all below it. */
function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap((child) => withSubcommands(child))];
}

function report(error: unknown, { stderr, env }: ProgramContext): ExitStatus {
  // Commander has already said what it has to say; help and version end with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof CommandError) {
    stderr.write(`${printable(error.message).replaceAll(/^/gm, 'error: ')}\n`);
    return error.exitStatus;
  }
  const text =
    error instanceof Error
      ? env['DEBUG'] === undefined
        ? error.message
        : (error.stack ?? error.message)
      : String(error);
  stderr.write(`error: this is a bug: ${text}\n`);
  return EXIT.usage;
}
