import { Argument, Command } from 'commander';
import type { CommandContext } from '../support/context.ts';
import { EXIT, type ExitStatus } from '../support/exit-status.ts';
import { SCRIPTS, type Shell, SHELLS } from './scripts.ts';

/** `completion SHELL`: what the shell has to be told. */
export function completionCommand(context: CommandContext, end: (status: ExitStatus) => void): Command {
  return new Command('completion')
    .description('print the completion script of a shell, or the program that kubectl itself asks')
    .addArgument(
      new Argument('<shell>', 'for `kubectl deepseek`: kubectl; for kubectl-deepseek: bash, zsh or fish').choices(
        SHELLS,
      ),
    )
    .addHelpText(
      'after',
      '\nFor `kubectl deepseek`, with kubectl 1.26 or later and its own completion:\n' +
        '  kubectl deepseek completion kubectl > ~/.local/bin/kubectl_complete-deepseek\n' +
        '  chmod +x ~/.local/bin/kubectl_complete-deepseek\n' +
        '\nExit status: 0 done, 2 wrong usage.\n',
    )
    .action((shell: Shell) => {
      context.stdout.write(SCRIPTS[shell]);
      end(EXIT.done);
    });
}
