import { Command } from 'commander';
import { matrixOf } from '../matrix/matrix.ts';
import { renderMatrix } from '../matrix/view.ts';
import { connectCluster } from '../support/cluster.ts';
import type { CommandContext } from '../support/context.ts';
import { CommandError, EXIT, type ExitStatus } from '../support/exit-status.ts';
import { type OutputFormat, outputOption, serialize } from '../support/output.ts';
import type { Connect } from '../support/session.ts';
import { describeTerminal, type Terminal } from '../support/terminal.ts';
import { type Deployments, type Input, invalid, readDeployments, readText } from './read-file.ts';
import { forecastOf } from './rollout/command.ts';
import { renderForecast } from './rollout/view.ts';
import { judge } from './verdict.ts';
import { renderVerdicts } from './view.ts';

export interface PlanContext extends CommandContext {
  readonly stdin: Input;
}

interface PlanOptions {
  readonly filename?: readonly string[];
  readonly matrix?: string;
  /** Name of a DeepSeekDeployment. */
  readonly rollout?: string;
  /** With --matrix: tokens. With --rollout: a context of the kubeconfig. */
  readonly context?: string;
  readonly namespace?: string;
  readonly kubeconfig?: string;
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
export function planCommand(
  context: PlanContext,
  end: (status: ExitStatus) => void,
  connect: Connect = connectCluster,
): Command {
  return new Command('plan')
    .description(
      'say whether a model fits and how it would be served, without a cluster; or how it would be rolled out',
    )
    .option('-f, --filename <file>', 'YAML or JSON with DeepSeekDeployments; - reads standard input; repeatable', also)
    .option('--matrix <model>', 'a model of the catalogue on every GPU in every format')
    .option(
      '--rollout <name>',
      'how a rollout of this DeepSeekDeployment would go now; with -f, to the spec in the file',
    )
    .option(
      '--context <value>',
      'with --matrix: the context that has to fit, such as 32768 or 32k; with --rollout: context of the kubeconfig',
    )
    .option('-n, --namespace <namespace>', "with --rollout: where it is (default: the file's, else the context's)")
    .option('--kubeconfig <file>', 'with --rollout: kubeconfig to use')
    .addOption(outputOption())
    .option('--no-color', 'no colours (the environment variable NO_COLOR does the same)')
    .addHelpText(
      'after',
      '\nExit status: 0 accepted, 1 refused, 2 a file is invalid, 3 no cluster.\n\n' +
        'Examples:\n  kubectl deepseek plan -f chat.yaml -o json\n  kubectl deepseek plan --matrix deepseek-r1 --context 32k\n' +
        '  kubectl deepseek plan --rollout chat -f chat.yaml\n',
    )
    .action(async (options: PlanOptions) => {
      const { value, picture, accepted, problems } = await answer(options, context, connect);
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

async function answer(options: PlanOptions, context: PlanContext, connect: Connect): Promise<Answer> {
  const { filename, matrix, rollout } = options;
  if (rollout !== undefined) return rolloutAnswer(rollout, options, context, connect);
  if (options.namespace !== undefined || options.kubeconfig !== undefined) {
    throw usage('-n and --kubeconfig are for --rollout: nothing else asks a cluster');
  }
  const tokens = options.context === undefined ? undefined : parseTokens(options.context);
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
  if (filename === undefined) throw usage('say what to plan: -f FILE, --matrix MODEL, or --rollout NAME');
  if (tokens !== undefined) throw usage('--context is for --matrix; in a file it is spec.model.maxModelLen');
  const found = await readFiles(filename, context);
  const verdicts = found.flatMap(({ deployments }) => deployments).map(judge);
  return {
    // A list stays one when an object in it cannot be planned.
    value: verdicts.length === 0 ? undefined : verdicts.length === 1 && !several(found) ? verdicts[0] : verdicts,
    picture: (terminal) => renderVerdicts(verdicts, terminal),
    accepted: verdicts.every(({ accepted }) => accepted),
    problems: found.flatMap(({ problems }) => problems),
  };
}

/** How a rollout would go, to the spec in the cluster or in a file. */
async function rolloutAnswer(
  name: string,
  options: PlanOptions,
  context: PlanContext,
  connect: Connect,
): Promise<Answer> {
  if (options.matrix !== undefined) throw usage('--rollout and --matrix exclude each other');
  const files = options.filename === undefined ? undefined : await readFiles(options.filename, context);
  const problems = files?.flatMap((file) => file.problems) ?? [];
  if (problems.length > 0) throw invalid(problems.join('\n'));
  const given = files?.flatMap(({ deployments }) => deployments);
  const value = await forecastOf(name, given, options, context, connect);
  return { value, picture: (terminal) => renderForecast(value, terminal), accepted: true, problems: [] };
}

async function readFiles(names: readonly string[], context: PlanContext): Promise<Deployments[]> {
  if (names.filter((file) => file === '-').length > 1) throw usage('-f - reads standard input, and only once');
  const found: Deployments[] = [];
  for (const file of names) found.push(await readFileOf(file, context));
  return found;
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

/** `32768` or `32k`. */
function parseTokens(text: string): number {
  const [, digits, unit] = /^([1-9][0-9]{0,8})([kK]?)$/.exec(text) ?? [];
  if (digits === undefined) throw usage('--context of --matrix has to be a number of tokens such as 32768 or 32k');
  return Number(digits) * (unit === '' ? 1 : 1024);
}
