import { Command } from 'commander';
import type { CommandContext } from '../support/context.ts';
import { EXIT, type ExitStatus } from '../support/exit-status.ts';
import { type OutputFormat, outputOption, serialize } from '../support/output.ts';
import { describeTerminal } from '../support/terminal.ts';
import { type Input, readDeployments, readText } from './read-file.ts';
import { judge } from './verdict.ts';
import { renderVerdicts } from './view.ts';

export interface PlanContext extends CommandContext {
  readonly stdin: Input;
}

interface PlanOptions {
  readonly filename: string;
  readonly output: OutputFormat;
}

/**
 * `plan -f FILE`: says without a cluster what the operator would run, or why it would not. With one object `json` and
 * `yaml` print it, with several a list. Ends with 0 if all are accepted, 1 if one is refused, 2 if the file is invalid.
 */
export function planCommand(context: PlanContext, end: (status: ExitStatus) => void): Command {
  return new Command('plan')
    .description('say whether a model fits and how it would be served, without a cluster')
    .requiredOption('-f, --filename <file>', 'YAML or JSON with DeepSeekDeployments; - reads standard input')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit status: 0 accepted, 1 refused, 2 the file is invalid.\n\nExample:\n  kubectl deepseek plan -f chat.yaml -o json\n',
    )
    .action(async ({ filename, output }: PlanOptions) => {
      const text = await readText(filename, context.stdin, context.signal);
      const verdicts = readDeployments(text, filename === '-' ? 'standard input' : filename).map(judge);
      const value = verdicts.length === 1 ? verdicts[0] : verdicts;
      context.stdout.write(
        output === 'table'
          ? renderVerdicts(verdicts, describeTerminal(context.stdout, context.env))
          : serialize(value, output),
      );
      end(verdicts.every(({ accepted }) => accepted) ? EXIT.done : EXIT.no);
    });
}
