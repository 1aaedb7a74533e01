import { randomBytes } from 'node:crypto';
import { Command, Option } from 'commander';
import { ANNOTATION } from '../../operator/api/index.ts';
import { ORDER_VERBS, type OrderVerb, parseOrder } from '../../operator/rollout/orders.ts';
import { parseName, parseTimeout } from '../get/arguments.ts';
import { followDeployment } from '../get/follow.ts';
import type { DeepSeekDeploymentObject } from '../get/objects.ts';
import { type DeploymentRef, notFound, readDeployment } from '../get/read.ts';
import { awaitChange } from '../support/await-change.ts';
import { connectCluster } from '../support/cluster.ts';
import type { CommandContext } from '../support/context.ts';
import { CommandError, EXIT, type ExitStatus } from '../support/exit-status.ts';
import { type ClusterFlags, type Connect, inSession, type Session, withClusterFlags } from '../support/session.ts';
import { formatDuration } from '../support/ages.ts';
import { printable } from '../support/text.ts';
import { type OrderRequest, refused, sendOrder } from './send.ts';
import { orderAnswer } from './standing.ts';
import { VERBS } from './verbs.ts';

interface OrderFlags extends ClusterFlags {
  readonly revision?: string;
  readonly to?: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** False with --no-wait. */
  readonly wait: boolean;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** `promote`, `abort`, `retry`, `rollback`, `restart`, `release`: one command for each order. */
export function orderCommands(
  context: CommandContext,
  end: (status: ExitStatus) => void,
  connect: Connect = connectCluster,
): Command[] {
  return ORDER_VERBS.map((verb) => orderCommand(verb, context, end, connect));
}

/**
 * Orders what is not desired state, and waits until the operator has said what it does with it. Ends with 0 when it is
 * accepted or was so already, with 1 when it is refused or nobody has handled it in time.
 */
function orderCommand(
  verb: OrderVerb,
  context: CommandContext,
  end: (status: ExitStatus) => void,
  connect: Connect,
): Command {
  const { summary, help } = VERBS[verb];
  const command = new Command(verb).summary(summary).description(`${summary}\n\n${help}`);
  command.argument('<name>', 'the DeepSeekDeployment');
  if (verb === 'rollback') {
    command.option('--to <revision>', 'revision to go back to, by the beginning of its name or its version');
  } else {
    command.option(
      '--revision <revision>',
      'refuse unless it is about this revision (beginning of its name, or version)',
    );
  }
  command
    .addOption(
      new Option('--timeout <duration>', 'how long to wait for the operator’s answer')
        .argParser(parseTimeout)
        .default(DEFAULT_TIMEOUT_MS, '30s'),
    )
    .option('--no-wait', 'write the order and end');
  return withClusterFlags(command)
    .addHelpText('after', '\nExit status: 0 accepted or so already, 1 refused or not handled in time, 3 no cluster.\n')
    .action(async (argument: string, flags: OrderFlags) => {
      const name = parseName(argument);
      await inSession(flags, context, connect, async (session) => {
        const request: OrderRequest = {
          verb,
          ref: { namespace: session.namespace, name },
          revision: flags.to ?? flags.revision,
          nonce: randomBytes(6).toString('hex'),
        };
        await new OrderRun(session, context, request, flags).run();
      });
      end(EXIT.done);
    });
}

/** One order from the request to the operator's answer. */
class OrderRun {
  readonly #session: Session;
  readonly #context: CommandContext;
  readonly #request: OrderRequest;
  readonly #flags: OrderFlags;
  /** On the monotonic clock. */
  readonly #deadline: number;

  constructor(session: Session, context: CommandContext, request: OrderRequest, flags: OrderFlags) {
    this.#session = session;
    this.#context = context;
    this.#request = request;
    this.#flags = flags;
    this.#deadline = context.clock.monotonic() + flags.timeout;
  }

  async run(): Promise<void> {
    const { client, answerInTime } = this.#session;
    const sent = await answerInTime((signal) => sendOrder(client, this.#request, signal));
    if (sent.kind === 'Already') {
      this.#say(`Nothing to do: ${sent.message}`);
      return;
    }
    if (sent.kind === 'Busy') {
      if (!this.#flags.wait) {
        throw refused(`${described(sent.text)} has not been handled yet. Try again, or leave --no-wait out.`);
      }
      this.#note(`Waiting: ${described(sent.text)} comes first.`);
      await this.#handled(sent.text);
      return this.run();
    }
    this.#note(`${sent.joined ? 'Ordered already' : 'Ordered'}: ${described(sent.text)}.`);
    if (!this.#flags.wait) return;
    const { accepted, message } = orderAnswer((await this.#handled(sent.text)).status?.orderResult);
    if (!accepted) throw refused(message);
    this.#say(`Accepted: ${message}`);
  }

  /** Waits until the operator has handled the order `text`. */
  async #handled(text: string): Promise<DeepSeekDeploymentObject> {
    const { client, answerInTime } = this.#session;
    const { clock } = this.#context;
    const { ref } = this.#request;
    const last: { seen?: DeepSeekDeploymentObject; handled: boolean } = { handled: false };
    const outcome = await awaitChange({
      followed: followDeployment({ client, clock }, ref),
      context: this.#context,
      timeoutMs: Math.max(0, this.#deadline - clock.monotonic()),
      answerInTime,
      look: (deployment) => {
        if (deployment === undefined) throw notFound(ref);
        last.seen = deployment;
        last.handled = deployment.status?.handledOrder === text;
        return last.handled || deployment.metadata.annotations?.[ANNOTATION.order] !== text;
      },
    });
    const { seen, handled } = last;
    if (outcome === 'done' && seen !== undefined && handled) return seen;
    if (outcome === 'done') throw replaced(text, seen);
    if (outcome === 'interrupted') {
      const message = `interrupted: ${described(text)} stays ordered, and the operator does it as soon as it sees it`;
      throw new CommandError('INTERRUPTED', EXIT.no, message);
    }
    throw notHandled(
      text,
      ref,
      this.#flags.timeout,
      seen ?? (await answerInTime((at) => readDeployment(client, ref, at))),
    );
  }

  #say(text: string): void {
    this.#context.stdout.write(`${printable(text)}\n`);
  }

  /** What is on its way, beside the result. */
  #note(text: string): void {
    this.#context.stderr.write(`${printable(text)}\n`);
  }
}

/** `promotion of revision 9e1d0c22fa`. */
function described(text: string): string {
  const order = parseOrder(text);
  return order ? `${VERBS[order.verb].noun} revision ${order.revision}` : `order ${text}`;
}

function replaced(text: string, seen: DeepSeekDeploymentObject | undefined): CommandError {
  const other = seen?.metadata.annotations?.[ANNOTATION.order];
  const by = other === undefined ? 'was taken off the object' : `was replaced by another order (${described(other)})`;
  const message = `${described(text)} ${by} before the operator handled it: \`kubectl deepseek status\` says how things stand`;
  return new CommandError('CONFLICT', EXIT.no, message);
}

/** Nobody has handled the order: what is known of why, and what to check. */
function notHandled(
  text: string,
  { namespace, name }: DeploymentRef,
  timeoutMs: number,
  { metadata, status }: DeepSeekDeploymentObject,
): CommandError {
  const { phase } = status?.rollout ?? {};
  const checks = [
    ...(phase === 'Aborting' || phase === 'Switching'
      ? [
          `the rollout is ${phase}: the order is carried out once that is over; \`kubectl deepseek status ${name} -n ${namespace}\` shows it`,
        ]
      : []),
    ...(metadata.annotations?.[ANNOTATION.reconcile] === 'disabled'
      ? [`the annotation ${ANNOTATION.reconcile}: disabled keeps the operator from it; take it away`]
      : []),
    ...(status?.observedGeneration === undefined ? ['no operator has ever looked at this object'] : []),
    `see that the operator runs and watches namespace ${namespace} (\`kubectl get pods -A -l app.kubernetes.io/name=deepseek-operator\`, its log)`,
    `the order stays and is done later; \`kubectl annotate dsd ${name} -n ${namespace} ${ANNOTATION.order}-\` takes it back`,
  ];
  const message = `no operator has handled the ${described(text)} within ${formatDuration(timeoutMs / 1000)}\n${checks.map((check) => `- ${check}`).join('\n')}`;
  return new CommandError('NOT_HANDLED', EXIT.no, message);
}
