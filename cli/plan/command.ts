import { Command, InvalidArgumentError } from 'commander';
import { matrixOf } from '../matrix/matrix.ts';
import { renderMatrix } from '../matrix/view.ts';
import type { CommandContext } from '../support/context.ts';
import { CommandError, EXIT, type ExitStatus } from '../support/exit-status.ts';
import { type OutputFormat, outputOption, serialize } from '../support/output.ts';
import { describeTerminal, type Terminal } from '../support/terminal.ts';
import { type Deployments, type Input, invalid, readDeployments, readText } from './read-file.ts';
import { judge } from './verdict.ts';
import { renderVerdicts } from './view.ts';

export interface PlanContext extends CommandContext {
  readonly stdin: Input;
}

interface PlanOptions {
  readonly filename?: readonly string[];
  readonly matrix?: string;
  /** Tokens. */
  readonly context?: number;
  readonly output: OutputFormat;
  /** False with --no-color. */
  readonly color: boolean;
}

/** What a command has found out. */
interface Answer {
  readonly value: unknown;
  readonly picture: (terminal: Terminal) => string;
  readonly accepted: boolean;
  /** What could not be planned, as an error after the rest. */
  readonly problems: readonly string[];
}

/**
 * `plan -f FILE`: says without a cluster what the operator would run, or why it would not. With one object `json` and
 * `yaml` print it, with several a list. Ends with 0 if all are accepted, 1 if one is refused, 2 if something in the files is
 * invalid; the rest is planned all the same.
 * `plan --matrix MODEL`: the model on every GPU in every format; 1 if it runs nowhere.
 */
export function planCommand(context: PlanContext, end: (status: ExitStatus) => void): Command {
  return new Command('plan')
    .description('say whether a model fits and how it would be served, without a cluster')
    .option('-f, --filename <file>', 'YAML or JSON with DeepSeekDeployments; - reads standard input; repeatable', also)
    .option('--matrix <model>', 'a model of the catalogue on every GPU in every format')
    .option('--context <tokens>', 'with --matrix: the context that has to fit, such as 32768 or 32k', parseTokens)
    .addOption(outputOption())
    .option('--no-color', 'no colours (the environment variable NO_COLOR does the same)')
    .addHelpText(
      'after',
      '\nExit status: 0 accepted, 1 refused, 2 a file is invalid.\n\n' +
        'Examples:\n  kubectl deepseek plan -f chat.yaml -o json\n  kubectl deepseek plan --matrix deepseek-r1 --context 32k\n',
    )
    .action(async (options: PlanOptions) => {
      const { value, picture, accepted, problems } = await answer(options, context);
      const { output, color } = options;
      if (value !== undefined) {
        context.stdout.write(
          output === 'table'
            ? picture(describeTerminal(context.stdout, context.env, { colour: color }))
            : serialize(value, output),
        );
      }
      if (problems.length > 0) throw invalid(problems.join('\n'));
      end(accepted ? EXIT.done : EXIT.no);
    });
}

async function answer({ filename, matrix, context: tokens }: PlanOptions, context: PlanContext): Promise<Answer> {
  if (matrix !== undefined) {
    if (filename !== undefined) throw usage('-f and --matrix exclude each other');
    const value = matrixOf(matrix, tokens);
    return {
      value,
      picture: (terminal) => renderMatrix(value, terminal),
      accepted: value.combinations.some(({ accepted }) => accepted),
      problems: [],
    };
  }
  if (filename === undefined) throw usage('say what to plan: -f FILE, or --matrix MODEL');
  if (tokens !== undefined) throw usage('--context is for --matrix; in a file it is spec.model.maxModelLen');
  if (filename.filter((file) => file === '-').length > 1) throw usage('-f - reads standard input, and only once');
  const found: Deployments[] = [];
  for (const file of filename) found.push(await readFileOf(file, context));
  const verdicts = found.flatMap(({ deployments }) => deployments).map(judge);
  return {
    // A list stays one when an object in it cannot be planned.
    value: verdicts.length === 0 ? undefined : verdicts.length === 1 && !several(found) ? verdicts[0] : verdicts,
    picture: (terminal) => renderVerdicts(verdicts, terminal),
    accepted: verdicts.every(({ accepted }) => accepted),
    problems: found.flatMap(({ problems }) => problems),
  };
}

/** What a file holds; one that cannot be read is a problem like any other, so that the others are planned. */
async function readFileOf(file: string, { stdin, signal }: PlanContext): Promise<Deployments> {
  try {
    const text = await readText(file, stdin, signal);
    return readDeployments(text, file === '-' ? 'standard input' : file);
  } catch (error) {
    if (error instanceof CommandError) return { deployments: [], problems: [error.message] };
    throw error;
  }
}

/** Whether more than one object was to be planned. */
function several(found: readonly Deployments[]): boolean {
  return found.length > 1 || found.some(({ problems }) => problems.length > 0);
}

/** Collects an option that may be given several times. For commander. */
function also(file: string, files: readonly string[] = []): readonly string[] {
  return [...files, file];
}

function usage(message: string): CommandError {
  return new CommandError('USAGE', EXIT.usage, message);
}

/** `32768` or `32k`. For commander. */
function parseTokens(text: string): number {
  const [, digits, unit] = /^([1-9][0-9]{0,8})([kK]?)$/.exec(text) ?? [];
  if (digits === undefined) throw new InvalidArgumentError('It has to be a number of tokens such as 32768 or 32k.');
  return Number(digits) * (unit === '' ? 1 : 1024);
}
