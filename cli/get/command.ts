import { Command, Option } from 'commander';
import { type AnswerInTime, answerInTime } from '../support/answer-in-time.ts';
import { clusterError, type ClusterConnection, connectCluster } from '../support/cluster.ts';
import type { CommandContext } from '../support/context.ts';
import { CommandError, EXIT, type ExitStatus } from '../support/exit-status.ts';
import type { Connect } from '../support/session.ts';
import { describeTerminal } from '../support/terminal.ts';
import { parseName, parseTimeout } from './arguments.ts';
import { type Followed, followDeployments, followTree } from './follow.ts';
import { listPage, type Output, type Page, treePage } from './pages.ts';
import { notFound, readDeployment, readDeployments, readTree } from './read.ts';
import { watchPages } from './watch.ts';

interface GetOptions {
  readonly namespace?: string;
  readonly allNamespaces?: true;
  readonly output?: Output;
  readonly watch?: true;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly context?: string;
  readonly kubeconfig?: string;
  /** False with --no-color. */
  readonly color: boolean;
}

/**
 * `get [NAME] [-w]`: all DeepSeekDeployments as a table, or one as a tree of revisions, pods and nodes, with the reason for
 * whatever waits. Ends with 0; 1 if there is none of that name; 2 for wrong usage; 3 if the cluster cannot be reached.
 */
export function getCommand(
  context: CommandContext,
  end: (status: ExitStatus) => void,
  connect: Connect = connectCluster,
): Command {
  return new Command('get')
    .description('show what serves, what comes next, and what it waits for')
    .argument('[name]', 'one DeepSeekDeployment, as a tree; without it all, as a table')
    .option('-n, --namespace <namespace>', "where to look (default: the context's namespace)")
    .option('-A, --all-namespaces', 'look in all namespaces')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['wide', 'json', 'yaml', 'name']))
    .option('-w, --watch', 'follow the changes until Ctrl-C')
    .option('--timeout <duration>', 'end the watch after this time, such as 90s or 10m', parseTimeout)
    .option('--context <name>', 'context of the kubeconfig')
    .option('--kubeconfig <file>', 'kubeconfig to use')
    .option('--no-color', 'no colours (the environment variable NO_COLOR does the same)')
    .addHelpText(
      'after',
      '\nExit status: 0 done, 1 there is none of that name, 2 wrong usage, 3 the cluster cannot be reached.\n\n' +
        'Examples:\n  kubectl deepseek get -A\n  kubectl deepseek get chat -n ai --watch\n  kubectl deepseek get chat -o json\n',
    )
    .action(async (argument: string | undefined, options: GetOptions) => {
      checkUsage(argument, options);
      const name = argument === undefined ? undefined : parseName(argument);
      const connection = await connect(
        {
          ...(options.context !== undefined && { context: options.context }),
          ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
        },
        context,
      );
      const command = new GetCommand(connection, context, options);
      try {
        await (name === undefined ? command.all() : command.one(name));
        end(EXIT.done);
      } catch (error) {
        if (!context.signal.aborted) throw clusterError(error) ?? error;
        if (!options.watch) {
          throw new CommandError('UNREACHABLE', EXIT.unreachable, 'interrupted before the cluster answered');
        }
      } finally {
        await connection.close();
      }
    });
}

function checkUsage(name: string | undefined, { allNamespaces, namespace, watch, timeout, output }: GetOptions): void {
  const refuse = (message: string): never => {
    throw new CommandError('USAGE', EXIT.usage, message);
  };
  if (name !== undefined && allNamespaces) refuse('a NAME is in one namespace: use -n instead of -A');
  if (namespace !== undefined && allNamespaces) refuse('-n and -A exclude each other');
  if (timeout !== undefined && !watch) refuse('--timeout ends a watch: it needs -w');
  if (watch && output === 'name') refuse('-o name cannot be watched');
}

/** One run of `get`. */
class GetCommand {
  readonly #connection: ClusterConnection;
  readonly #context: CommandContext;
  readonly #options: GetOptions;
  readonly #answerInTime: AnswerInTime;

  constructor(connection: ClusterConnection, context: CommandContext, options: GetOptions) {
    this.#connection = connection;
    this.#context = context;
    this.#options = options;
    this.#answerInTime = answerInTime(context);
  }

  /** The table. */
  async all(): Promise<void> {
    const { client } = this.#connection;
    const { output, watch = false, allNamespaces } = this.#options;
    const namespace = allNamespaces ? undefined : this.#namespace;
    const pageOptions = { namespace, output, watch };
    const items = await this.#answerInTime((signal) => readDeployments(client, namespace, signal));
    if (!watch) {
      this.#print(listPage(items, pageOptions));
      return;
    }
    const followed = followDeployments({ client, clock: this.#context.clock }, namespace);
    await this.#watch(followed, (current) => listPage(current, pageOptions));
  }

  /** The tree of one. */
  async one(name: string): Promise<void> {
    const { client } = this.#connection;
    const { output, watch = false } = this.#options;
    const ref = { namespace: this.#namespace, name };
    if (!watch) {
      const objects = await this.#answerInTime((signal) => readTree(client, ref, signal));
      this.#print(treePage(objects, { output, watch }));
      return;
    }
    // Whether it is there, and whether we may look, is said at once.
    await this.#answerInTime((signal) => readDeployment(client, ref, signal));
    const followed = followTree({ client, clock: this.#context.clock }, ref);
    const ended = await this.#watch(followed, (current) => current && treePage(current, { output, watch }));
    if (ended === 'gone') throw notFound(ref);
  }

  get #namespace(): string {
    return this.#options.namespace ?? this.#connection.namespace;
  }

  #watch<T>(followed: Followed<T>, page: (current: T) => Page | undefined): Promise<'stopped' | 'gone'> {
    const { output, color, timeout } = this.#options;
    return watchPages({
      followed,
      page,
      output,
      context: this.#context,
      colour: color,
      timeoutMs: timeout,
      answerInTime: this.#answerInTime,
    });
  }

  #print({ text, note }: Page): void {
    const { stdout, stderr, env, clock } = this.#context;
    if (note !== undefined) stderr.write(`${note}\n`);
    const printed = text(describeTerminal(stdout, env, { colour: this.#options.color }), clock.now());
    if (printed !== '') stdout.write(`${printed}\n`);
  }
}
