import { Command, Option } from 'commander';
import { createLogUpdate } from 'log-update';
import { parseName, parseTimeout } from '../get/arguments.ts';
import { followDeployment } from '../get/follow.ts';
import type { DeepSeekDeploymentObject } from '../get/objects.ts';
import { type DeploymentRef, notFound, readDeployment } from '../get/read.ts';
import { fitHeight } from '../get/screen.ts';
import { formatDuration } from '../support/ages.ts';
import { type AwaitOutcome, awaitChange } from '../support/await-change.ts';
import { connectCluster } from '../support/cluster.ts';
import type { CommandContext } from '../support/context.ts';
import { CommandError, EXIT, type ExitStatus } from '../support/exit-status.ts';
import { serialize } from '../support/output.ts';
import { printable } from '../support/text.ts';
import { type ClusterFlags, type Connect, inSession, type Session, withClusterFlags } from '../support/session.ts';
import { describeTerminal, type Terminal } from '../support/terminal.ts';
import { statusOf, type StatusView } from './status.ts';
import { progressLine, renderStatus } from './view.ts';

interface StatusFlags extends ClusterFlags {
  readonly output?: 'json' | 'yaml';
  readonly wait?: true;
  /** Milliseconds. */
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT_MS = 30 * 60_000;

/**
 * `status NAME [--wait]`: one screen. Without --wait it ends with 0 whatever it says; with it when there is an outcome: 0
 * Ready, 1 Held, Stalled, or not in time.
 */
export function statusCommand(
  context: CommandContext,
  end: (status: ExitStatus) => void,
  connect: Connect = connectCluster,
): Command {
  const command = new Command('status')
    .description('say what serves, what is next, why it waits, and whether there is a way back')
    .argument('<name>', 'the DeepSeekDeployment')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['json', 'yaml']))
    .option('--wait', 'wait until it is Ready, Held or Stalled')
    .option('--timeout <duration>', 'with --wait: how long (default: 30m)', parseTimeout);
  return withClusterFlags(command)
    .addHelpText(
      'after',
      '\nExit status: 0 done, with --wait: Ready; 1 there is none of that name, with --wait: Held, Stalled or not in time; 3 no cluster.\n\n' +
        'Example, in CI:\n  kubectl apply -f chat.yaml && kubectl deepseek status chat --wait --timeout 45m\n',
    )
    .action(async (argument: string, flags: StatusFlags) => {
      if (flags.timeout !== undefined && !flags.wait) {
        throw new CommandError('USAGE', EXIT.usage, '--timeout is how long to wait: it needs --wait');
      }
      const name = parseName(argument);
      await inSession(flags, context, connect, async (session) => {
        const ref = { namespace: session.namespace, name };
        const { client, answerInTime } = session;
        const first = await answerInTime((signal) => readDeployment(client, ref, signal));
        const { seen, outcome } = flags.wait
          ? await waitFor(ref, first, session, context, flags)
          : { seen: first, outcome: undefined };
        const status = statusOf(seen);
        context.stdout.write(printed(status, flags, describe(context, flags), context.clock.now()));
        if (outcome !== undefined) judge(status, outcome, flags.timeout ?? DEFAULT_TIMEOUT_MS);
      });
      end(EXIT.done);
    });
}

function describe({ stdout, env }: CommandContext, { color }: StatusFlags): Terminal {
  return describeTerminal(stdout, env, { colour: color });
}

function printed(status: StatusView, { output }: StatusFlags, terminal: Terminal, now: number): string {
  return output ? serialize(status, output) : `${renderStatus(status, { terminal, now, wide: false })}\n`;
}

/** Waits for an outcome; on a terminal the screen is repainted in place, else each change is a line on standard error. */
async function waitFor(
  ref: DeploymentRef,
  first: DeepSeekDeploymentObject,
  { client, answerInTime }: Session,
  context: CommandContext,
  flags: StatusFlags,
): Promise<{ readonly seen: DeepSeekDeploymentObject; readonly outcome: AwaitOutcome }> {
  const { stdout, stderr, clock } = context;
  const painted = flags.output === undefined && describe(context, flags).interactive;
  const update = painted ? createLogUpdate(stdout) : undefined;
  let seen = first;
  let line: string | undefined;
  const outcome = await awaitChange({
    followed: followDeployment({ client, clock }, ref),
    context,
    timeoutMs: flags.timeout ?? DEFAULT_TIMEOUT_MS,
    answerInTime,
    look: (deployment, trouble) => {
      if (deployment === undefined) throw notFound(ref);
      seen = deployment;
      const status = statusOf(deployment);
      if (status.outcome !== 'Waiting') return true;
      if (update) {
        const terminal = describe(context, flags);
        const text = renderStatus(status, { terminal, now: clock.now(), wide: false });
        update(fitHeight(trouble === undefined ? text : `${text}\n\n${trouble}`, stdout.rows, terminal));
      } else {
        const next = printable(trouble ?? progressLine(status));
        if (next !== line) stderr.write(`${timeOf(clock.now())}  ${next}\n`);
        line = next;
      }
      return false;
    },
  });
  // The last page is printed as that of a status without --wait.
  update?.clear();
  return { seen, outcome };
}

/** `11:42:07`, in UTC like the times of the objects. */
function timeOf(now: number): string {
  return new Date(now).toISOString().slice(11, 19);
}

/** Throws when what was waited for has not come. */
function judge({ outcome, message, namespace, name }: StatusView, how: AwaitOutcome, timeoutMs: number): void {
  if (outcome === 'Ready') return;
  const what = `${namespace}/${name}`;
  if (how === 'done') {
    throw new CommandError('NOT_READY', EXIT.no, `${what} is ${outcome}: ${message}`);
  }
  const why =
    how === 'timeout' ? `not Ready within ${formatDuration(timeoutMs / 1000)}` : 'interrupted before it was Ready';
  throw new CommandError(how === 'timeout' ? 'NOT_READY' : 'INTERRUPTED', EXIT.no, `${what}: ${why}: ${message}`);
}
