import { Command } from 'commander';
import { isConflict } from '../../operator/kube/errors.ts';
import type { KubeClient } from '../../operator/kube/types.ts';
import { parseName } from '../get/arguments.ts';
import { DEEPSEEK_DEPLOYMENTS, type DeepSeekDeploymentObject } from '../get/objects.ts';
import { type DeploymentRef, readDeployment } from '../get/read.ts';
import { FIELD_MANAGER } from '../orders/send.ts';
import { connectCluster } from '../support/cluster.ts';
import type { CommandContext } from '../support/context.ts';
import { CommandError, EXIT, type ExitStatus } from '../support/exit-status.ts';
import { type ClusterFlags, type Connect, inSession, withClusterFlags } from '../support/session.ts';
import { printable } from '../support/text.ts';
import { gitOpsOwner } from './gitops.ts';

/** `pause` and `resume`: set `spec.rollout.paused` as the calling user. */
export function pauseCommands(
  context: CommandContext,
  end: (status: ExitStatus) => void,
  connect: Connect = connectCluster,
): Command[] {
  return [pauseCommand(true, context, end, connect), pauseCommand(false, context, end, connect)];
}

const WORDS = {
  pause: {
    summary: 'hold the rollout where it is (spec.rollout.paused)',
    help: 'Repair, scaling and rollback go on; deadlines stand still.',
  },
  resume: { summary: 'let a paused rollout go on', help: 'Takes back what `pause` has set.' },
} as const;

function pauseCommand(
  paused: boolean,
  context: CommandContext,
  end: (status: ExitStatus) => void,
  connect: Connect,
): Command {
  const word = paused ? 'pause' : 'resume';
  const { summary, help } = WORDS[word];
  const command = new Command(word)
    .summary(summary)
    .description(`${summary}\n\n${help}`)
    .argument('<name>', 'the DeepSeekDeployment');
  return withClusterFlags(command)
    .addHelpText('after', '\nExit status: 0 done or so already, 1 there is none of that name, 3 no cluster.\n')
    .action(async (argument: string, flags: ClusterFlags) => {
      const name = parseName(argument);
      await inSession(flags, context, connect, async ({ client, namespace, answerInTime }) => {
        const ref = { namespace, name };
        const { before, changed } = await answerInTime((signal) => setPaused(client, ref, paused, signal));
        for (const line of warningsOf(before, paused, changed)) context.stderr.write(`${printable(line)}\n`);
        context.stdout.write(`${printable(outcomeOf(before, paused, changed))}\n`);
      });
      end(EXIT.done);
    });
}

interface Change {
  /** As it was read. */
  readonly before: DeepSeekDeploymentObject;
  /** False: it was so already, and nothing was written. */
  readonly changed: boolean;
}

const MAX_ATTEMPTS = 5;

async function setPaused(
  client: KubeClient,
  ref: DeploymentRef,
  paused: boolean,
  signal: AbortSignal,
): Promise<Change> {
  for (let attempt = 1; ; attempt += 1) {
    const before = await readDeployment(client, ref, signal);
    if ((before.spec.rollout?.paused ?? false) === paused) return { before, changed: false };
    const { uid } = before.metadata;
    try {
      // Of this object only; another field that somebody writes at the same time is none of ours.
      const patch = { metadata: { uid }, spec: { rollout: { paused } } };
      await client.patch(DEEPSEEK_DEPLOYMENTS, ref, patch, { type: 'merge', fieldManager: FIELD_MANAGER, signal });
      return { before, changed: true };
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (attempt === MAX_ATTEMPTS) {
        const message = `${ref.namespace}/${ref.name} changed each of the ${MAX_ATTEMPTS} times that it was to be written: try again`;
        throw new CommandError('CONFLICT', EXIT.no, message, { cause: error });
      }
    }
  }
}

function outcomeOf({ metadata, status }: DeepSeekDeploymentObject, paused: boolean, changed: boolean): string {
  const name = `${metadata.namespace ?? ''}/${metadata.name}`;
  const state = paused ? 'paused' : 'not paused';
  if (!changed) return `Nothing to do: ${name} is ${state} already.`;
  const { phase = 'Idle' } = status?.rollout ?? {};
  const candidate = status?.candidate?.revision;
  const what = candidate === undefined ? '' : ` Revision ${candidate} was ${phase}.`;
  return paused
    ? `Paused: the rollout of ${name} stays where it is.${what}`
    : `Resumed: the rollout of ${name} goes on.${what}`;
}

function warningsOf({ metadata }: DeepSeekDeploymentObject, paused: boolean, changed: boolean): string[] {
  if (!changed) return [];
  const owner = gitOpsOwner(metadata);
  if (owner === undefined) {
    return [
      `hint: spec.rollout.paused is desired state: whoever applies the manifest with ${!paused} sets it back. \`kubectl deepseek ${paused ? 'resume' : 'pause'}\` does, too.`,
    ];
  }
  const when = owner.ownsPaused
    ? 'sets spec.rollout.paused itself, and takes this back at its next sync'
    : 'applies this object from Git, and takes this back at a sync that finds a difference';
  return [`warning: ${owner.name} ${when}: set spec.rollout.paused: ${paused} in Git to keep it.`];
}
